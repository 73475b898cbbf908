/* From strokes on a pad to what the networks take: the way MNIST's digits were made.

   "The original black and white images were size normalized to fit in a 20x20 pixel box while preserving their aspect
   ratio. The resulting images contain grey levels as a result of the anti-aliasing technique [...] the images were
   centered in a 28x28 image by computing the center of mass of the pixels" (LeCun, Cortes & Burges, the MNIST page). */

import { contextOf, paint } from "./canvas.js";
import { PIXELS, SIDE } from "./image.js";

/** @typedef {{left: number, top: number, right: number, bottom: number}} Area whole pixels; right, bottom excluded */

const BOX = 20;
const PEN = 21; // pixels of the pad

/**
 * Grey levels (784,) in [0, 1] from ink (side * side values in [0, 1]); all zeros for an empty pad.
 *
 * Every pixel is the exact mean of the ink under it, wherever the pixel's edges fall, so nothing jumps while drawing.
 * @param {ArrayLike<number>} ink @param {number} side
 */
export function fitLikeMnist(ink, side) {
  let left = side,
    right = -1,
    top = side,
    bottom = -1,
    mass = 0,
    cx = 0,
    cy = 0;
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      const v = ink[i];
      if (v < 0.05) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      mass += v;
      cx += v * (x + 0.5);
      cy += v * (y + 0.5);
    }
  if (!mass) return new Float32Array(PIXELS);
  const step = Math.max(right - left + 1, bottom - top + 1) / BOX; // ink pixels a grey pixel
  return resample(ink, side, step, cx / mass - (SIDE / 2) * step, cy / mass - (SIDE / 2) * step);
}

/**
 * Ink averaged over 28x28 squares of side `step`, the first one's corner at (x0, y0).
 * @param {ArrayLike<number>} ink @param {number} side
 */
export function resample(ink, side, step = side / SIDE, x0 = 0, y0 = 0) {
  const image = new Float32Array(PIXELS),
    across = new Float32Array(SIDE * side);
  average(ink, side, 1, side, across, step, x0, SIDE, 1); // along x: (side, side) -> (side, 28)
  average(across, side, SIDE, 1, image, step, y0, 1, SIDE); // along y: (side, 28) -> (28, 28)
  return image;

  /**
   * Means along one axis of `from`, whose steps are `stride`, for each of the lines `line` apart.
   * @param {ArrayLike<number>} from @param {number} length @param {number} stride @param {number} line
   * @param {Float32Array} to @param {number} step @param {number} start @param {number} toLine @param {number} toStride
   */
  function average(from, length, stride, line, to, step, start, toLine, toStride) {
    const lines = stride === 1 ? length : SIDE;
    for (let l = 0; l < lines; l++)
      for (let p = 0; p < SIDE; p++) {
        const a = start + p * step,
          b = a + step;
        let sum = 0;
        for (let i = Math.max(Math.floor(a), 0); i < Math.min(Math.ceil(b), length); i++)
          sum += from[l * line + i * stride] * (Math.min(b, i + 1) - Math.max(a, i));
        to[l * toLine + p * toStride] = sum / step;
      }
  }
}

/**
 * An area with what a pen leaves at a place added, inside a square of `side` pixels.
 * @param {Area | null} area @param {[number, number]} place @param {number} radius of the pen @param {number} side
 * @returns {Area}
 */
export function grown(area, [x, y], radius, side) {
  const reach = radius + 1; // smooth edges
  return {
    left: Math.max(Math.min(area?.left ?? side, Math.floor(x - reach)), 0),
    top: Math.max(Math.min(area?.top ?? side, Math.floor(y - reach)), 0),
    right: Math.min(Math.max(area?.right ?? 0, Math.ceil(x + reach)), side),
    bottom: Math.min(Math.max(area?.bottom ?? 0, Math.ceil(y + reach)), side),
  };
}

/** A pad that is drawn on with mouse, pen or finger; `changed` is called after every movement. */
export class Pad {
  /** @param {HTMLCanvasElement} canvas @param {() => void} changed */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.small = document.createElement("canvas"); // the image that is drawn over, in its own pixels
    this.side = canvas.width = canvas.height = 10 * SIDE;
    this.strokes = contextOf(new OffscreenCanvas(this.side, this.side), { willReadFrequently: true });
    Object.assign(this.strokes, { lineCap: "round", lineJoin: "round", lineWidth: PEN, strokeStyle: "#fff" });
    this.ink = new Float32Array(this.side * this.side); // how much of each pixel is covered
    /** @type {Area | null} where `ink` does not have the strokes yet */
    this.fresh = null;
    /** @type {Float32Array | null} an image that is drawn over, (784,) */
    this.base = null;
    this.empty = true;
    this.changed = changed;
    /** @type {[number, number] | null} where the pointer was last, while it is down */
    this.last = null;
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.line(event);
    };
    canvas.onpointermove = (event) => this.last && this.line(event);
    canvas.onpointerup = canvas.onpointercancel = () => (this.last = null);
  }

  /** @param {PointerEvent} event @returns {[number, number]} its place on the pad */
  place({ offsetX, offsetY }) {
    const scale = this.side / this.canvas.clientWidth;
    return [offsetX * scale, offsetY * scale];
  }

  /** @param {PointerEvent} event */
  line(event) {
    for (const part of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const next = this.place(part),
        before = this.last ?? next;
      for (const end of [before, next]) this.fresh = grown(this.fresh, end, PEN / 2, this.side);
      this.strokes.beginPath();
      this.strokes.moveTo(...before);
      this.strokes.lineTo(next[0], next[1] + 0.01); // a dot is a very short line
      this.strokes.stroke();
      this.last = next;
    }
    this.empty = false;
    this.changed();
  }

  /**
   * An empty pad, or one with an image on it.
   * @param {Float32Array | null} base
   */
  start(base = null) {
    this.strokes.clearRect(0, 0, this.side, this.side);
    this.ink.fill(0);
    this.fresh = null;
    this.base = base && base.slice();
    this.empty = true;
  }

  /** What the networks see, (784,): an image with what was drawn over it in place; a drawing alone, fitted. */
  image() {
    if (this.empty && this.base) return this.base;
    const { ink } = this;
    this.readStrokes();
    if (!this.base) return fitLikeMnist(ink, this.side);
    const { base } = this;
    return resample(ink, this.side).map((value, i) => Math.max(value, base[i]));
  }

  /** Brings `ink` up to date: only what has been drawn since the last time is read. */
  readStrokes() {
    if (!this.fresh) return;
    const { left, top, right, bottom } = this.fresh,
      width = right - left;
    this.fresh = null;
    if (width <= 0 || bottom <= top) return; // beside the pad
    const { data } = this.strokes.getImageData(left, top, width, bottom - top);
    for (let y = top, i = 3; y < bottom; y++)
      for (let x = left; x < right; x++, i += 4) this.ink[y * this.side + x] = data[i] / 255;
  }

  /**
   * Shows the image and the strokes over it.
   * @param {string} hint what an empty pad says
   */
  draw(hint) {
    const context = contextOf(this.canvas);
    context.fillStyle = "#000";
    context.fillRect(0, 0, this.side, this.side);
    if (this.base) {
      paint(this.small, this.base);
      context.imageSmoothingEnabled = false;
      context.drawImage(this.small, 0, 0, this.side, this.side);
    }
    context.drawImage(this.strokes.canvas, 0, 0);
    if (this.base || !this.empty) return;
    context.fillStyle = "#9a9a9a";
    context.font = "20px sans-serif";
    context.textAlign = "center";
    context.fillText(hint, this.side / 2, this.side / 2);
  }
}
