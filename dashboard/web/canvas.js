/* What every canvas needs: its context, sharp sizes, images, one redraw a frame. */

/** @import { Format } from "./image.js" */
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
 * An image (numbers in [0, 1], from `offset`) into a canvas of its own size, as the models see it: a grey one white on
 * black.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} image @param {Format} format
 */
export function paint(canvas, image, { channels, side, area }, offset = 0) {
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = canvas.height = side;
    painted.delete(canvas);
  }
  const context = contextOf(canvas);
  const pixels = painted.get(canvas) ?? context.createImageData(side, side);
  painted.set(canvas, pixels);
  const { data } = pixels,
    green = channels > 1 ? area : 0; // a grey image's channels are one
  for (let i = 0, from = offset, to = 0; i < area; i++, from++, to += 4) {
    data[to] = image[from] * 255;
    data[to + 1] = image[from + green] * 255;
    data[to + 2] = image[from + 2 * green] * 255;
    data[to + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

/**
 * A signed image: `negative` where below 0, `positive` where above, black at 0, full at +-scale; of one in colour, the
 * channels' mean.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} image @param {Format} format @param {number} scale
 */
export function paintSigned(canvas, image, format, scale, negative = [86, 180, 233], positive = [255, 138, 61]) {
  const { channels, side, area } = format;
  canvas.width = canvas.height = side;
  const context = contextOf(canvas);
  const pixels = context.createImageData(side, side);
  for (let i = 0; i < area; i++) {
    let value = 0;
    for (let c = 0; c < channels; c++) value += image[c * area + i] / channels;
    const strength = Math.min(Math.abs(value) / scale, 1);
    (value < 0 ? negative : positive).forEach((channel, c) => (pixels.data[4 * i + c] = channel * strength));
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}
