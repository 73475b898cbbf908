/* A pad that is drawn on with mouse, pen or finger. drawing.js turns the strokes into an image. */

import { contextOf, paint } from "./canvas.js";
import { fitLikeMnist, flat, groundOf, overlaid, resample } from "./drawing.js";
import { make } from "./elements.js";
import { GREY_28 } from "./image.js";

/** @import { Format } from "./image.js" */
/** @import { Sprite } from "./sprites.js" */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Area whole pixels; right, bottom excluded */

const PEN = 21 / 280; // of the pad's
const SIZE = 280; // pixels of a pad's side, about
const LOOKED_AT = 50; // images of a sprite, for their ground
const COLORS = {
  ...{ black: "#111111", white: "#ffffff", red: "#e03131", orange: "#f08c00", yellow: "#ffd43b" },
  ...{ green: "#2f9e44", blue: "#1c7ed6", brown: "#8d5b35" },
};
let pads = 0;

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

/**
 * A pad that is drawn on with mouse, pen or finger; `changed` is called after every movement. `palette` has the colours
 * of the pen, for images in colour.
 */
export class Pad {
  format = GREY_28;
  /** @type {ArrayLike<number>} colour of an empty pad, in [0, 1] */
  ground = [0];
  /** Its own pixels along an edge. */
  side = SIZE;
  /** Colour of the pen. */
  pen = "#fff";

  /** @param {HTMLCanvasElement} canvas @param {() => void} changed */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.small = document.createElement("canvas"); // the image that is drawn over, in its own pixels
    this.palette = make("fieldset", { class: "palette" }, make("legend", { class: "hidden" }, "Colour of the pen"));
    this.strokes = this.sheet();
    /** @type {Float32Array[]} how much of each pixel is covered; in colour, also with how much of each channel */
    this.ink = this.inks();
    /** @type {Area | null} where `ink` does not have the strokes yet */
    this.fresh = null;
    /** @type {Float32Array | null} an image that is drawn over */
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

  /**
   * What is drawn; an empty pad if that is something else than before.
   * @param {Format} format @param {ArrayLike<number>} [ground]
   */
  take(format, ground = [0]) {
    const { channels, side } = format,
      same = channels === this.format.channels && side === this.format.side;
    this.ground = ground;
    this.format = format;
    this.palette.hidden = channels === 1;
    if (same) return;
    this.side = side * Math.round(SIZE / side); // every pixel of an image is as many whole ones here
    this.strokes = this.sheet();
    this.ink = this.inks();
    this.start();
    if (channels > 1) this.offerColors();
  }

  /**
   * What is drawn: images like those of a sprite.
   * @param {Pick<Sprite, "format" | "images">} sprite @param {number} count of its images
   */
  takeSprite({ format, images }, count) {
    this.take(format, groundOf(images(Math.min(count, LOOKED_AT)), format));
  }

  /** A canvas for the strokes, as large as the pad. */
  sheet() {
    const { side, canvas } = this;
    canvas.width = canvas.height = side;
    const strokes = contextOf(new OffscreenCanvas(side, side), { willReadFrequently: true });
    return Object.assign(strokes, { lineCap: "round", lineJoin: "round", lineWidth: PEN * side });
  }

  inks() {
    const { channels } = this.format;
    return Array.from({ length: channels > 1 ? 4 : 1 }, () => new Float32Array(this.side * this.side));
  }

  /** The palette, with the pen that stands out most from the ground. */
  offerColors() {
    const bright = Array.from(this.ground).reduce((sum, v) => sum + v, 0) / this.format.channels > 0.5,
      name = `pen-${++pads}`;
    this.pen = bright ? COLORS.black : COLORS.white;
    const choices = Object.entries(COLORS).map(([label, color]) =>
      make("input", {
        ...{ type: "radio", name, value: color, title: label, "aria-label": label },
        ...{ style: `--pen:${color}`, checked: color === this.pen, onchange: () => (this.pen = color) },
      }),
    );
    this.palette.replaceChildren(this.palette.children[0], ...choices);
  }

  /** Whether there is nothing on it. */
  get blank() {
    return this.empty && !this.base;
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
      for (const end of [before, next]) this.fresh = grown(this.fresh, end, (PEN * this.side) / 2, this.side);
      this.strokes.strokeStyle = this.pen;
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
    for (const ink of this.ink) ink.fill(0);
    this.fresh = null;
    this.base = base && base.slice();
    this.empty = true;
  }

  /** What the networks see: an image with what was drawn over it in place; a grey drawing alone, fitted. */
  image() {
    if (this.empty && this.base) return this.base;
    const { ink, base, format } = this,
      { channels, side } = format;
    this.readStrokes();
    if (channels > 1) return overlaid(ink, this.side, format, base ?? flat(this.ground, format));
    if (!base) return fitLikeMnist(ink[0], this.side, side);
    return resample(ink[0], this.side, side).map((value, i) => Math.max(value, base[i]));
  }

  /** Brings `ink` up to date: only what has been drawn since the last time is read. */
  readStrokes() {
    if (!this.fresh) return;
    const { left, top, right, bottom } = this.fresh,
      width = right - left;
    this.fresh = null;
    if (width <= 0 || bottom <= top) return; // beside the pad
    const { data } = this.strokes.getImageData(left, top, width, bottom - top);
    const [covered, ...parts] = this.ink;
    for (let y = top, i = 0; y < bottom; y++)
      for (let x = left, to = y * this.side + left; x < right; x++, to++, i += 4) {
        covered[to] = data[i + 3] / 255;
        for (let c = 0; c < parts.length; c++) parts[c][to] = (covered[to] * data[i + c]) / 255;
      }
  }

  /**
   * Shows the image and the strokes over it.
   * @param {string} hint what an empty pad says
   */
  draw(hint) {
    const context = contextOf(this.canvas);
    const { format, ground } = this,
      [red, green, blue] = [0, 1, 2].map((c) => 255 * (ground[c] ?? ground[0]));
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(0, 0, this.side, this.side);
    if (this.base) {
      paint(this.small, this.base, format);
      context.imageSmoothingEnabled = false;
      context.drawImage(this.small, 0, 0, this.side, this.side);
    }
    context.drawImage(this.strokes.canvas, 0, 0);
    if (!this.blank) return;
    context.fillStyle = red + green + blue > 384 ? "#5c5c5c" : "#9a9a9a";
    context.font = "20px sans-serif";
    context.textAlign = "center";
    context.fillText(hint, this.side / 2, this.side / 2);
  }
}
