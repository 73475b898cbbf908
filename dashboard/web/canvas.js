/* What every canvas needs: its context, sharp sizes, grey images, one redraw a frame, the prior's circles. */

import { PIXELS, SIDE } from "./image.js";

/** @typedef {(() => unknown) & {cancel: () => void}} Request */

/** @type {WeakMap<HTMLCanvasElement, ImageData>} pixels of the canvases that `paint` fills */
const painted = new WeakMap();
/**
 * A canvas's 2d context, which every browser has.
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

/**
 * Wraps a function so that however often it is asked for, it runs once in the next frame.
 * @param {() => void} draw
 * @returns {Request}
 */
export function everyFrame(draw) {
  let asked = 0;
  const request = () =>
    (asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw();
    }));
  request.cancel = () => cancelAnimationFrame(asked);
  return request;
}

/**
 * How tall a picture may be: `px`, or on a projector, where nothing should scroll, a share of the screen.
 * @param {number} px @param {number} share
 */
export function roomFor(px, share) {
  return document.documentElement.dataset.present ? Math.round(share * innerHeight) : px;
}

/**
 * A context with one unit a CSS pixel, its canvas sized to the screen's pixels and cleared.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function prepare(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const context = contextOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * A grey image (784 values in [0, 1], from `offset`) into a 28x28 canvas, white on black as the models see it.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} image
 */
export function paint(canvas, image, offset = 0) {
  if (canvas.width !== SIDE || canvas.height !== SIDE) canvas.width = canvas.height = SIDE;
  const context = contextOf(canvas);
  const pixels = painted.get(canvas) ?? context.createImageData(SIDE, SIDE);
  painted.set(canvas, pixels);
  for (let i = 0; i < PIXELS; i++) {
    const grey = image[offset + i] * 255;
    pixels.data[4 * i] = pixels.data[4 * i + 1] = pixels.data[4 * i + 2] = grey;
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

/**
 * A signed image (784 values): `negative` where below 0, `positive` where above, black at 0, full at +-scale.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} image @param {number} scale
 */
export function paintSigned(canvas, image, scale, negative = [86, 180, 233], positive = [255, 138, 61]) {
  canvas.width = canvas.height = SIDE;
  const context = contextOf(canvas);
  const pixels = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < PIXELS; i++) {
    const strength = Math.min(Math.abs(image[i]) / scale, 1);
    (image[i] < 0 ? negative : positive).forEach((channel, c) => (pixels.data[4 * i + c] = channel * strength));
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

/**
 * The prior's circles r = 1, 2, 3 around a place on the screen, one standard deviation being `unit` pixels.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} unit
 * @param {string} color
 * @param {(r: number, radius: number) => void} [each] called after each circle, to name it for instance
 */
export function priorCircles(context, x, y, unit, color, each = () => {}) {
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: 1 });
  for (const r of [1, 2, 3]) {
    if (r * unit < 6) continue; // too small to be seen as a circle
    context.beginPath();
    context.arc(x, y, r * unit, 0, 2 * Math.PI);
    context.stroke();
    each(r, r * unit);
  }
}
