/* A path in pictures: what each method makes of the position on the path, and all its frames as a strip that can be
   dragged along. */

import { paint } from "../../web/canvas.js";
import { make, putText } from "../../web/elements.js";
import { paintGrid } from "../../web/tiles.js";
import { METHODS } from "./path.js";

/** @import { Format } from "../../web/image.js" */
/** @import { Nearest } from "../../web/nearest.js" */
/** @import { Style } from "./method_styles.js" */
/** @import { Method, Path } from "./path.js" */
/** @typedef {{canvas: HTMLCanvasElement, name: HTMLElement, value: HTMLElement}} Now a picture at the position */
/** @typedef {{canvas: HTMLCanvasElement, name: HTMLElement, mark: HTMLElement, track: HTMLElement}} Strip */

/**
 * The position on a path of `steps` frames under a place on its strip, in hundredths; from the first frame's middle to
 * the last one's.
 * @param {number} share of the strip's width, from the left @param {number} steps
 */
export function positionAt(share, steps) {
  const at = (share * steps - 0.5) / (steps - 1);
  return Math.round(100 * Math.min(1, Math.max(0, at))) / 100;
}

/**
 * Where a position lies on the strip, as a share of its width: the inverse of `positionAt`.
 * @param {number} at @param {number} steps
 */
export const placeOn = (at, steps) => (0.5 + at * (steps - 1)) / steps;

export class PathPictures {
  /**
   * @param {HTMLElement} now what the pictures at the position are put into @param {HTMLElement} strips the same for
   *   the frames
   * @param {(share: number) => void} onDrag called with the share of a strip's width at which the pointer is
   */
  constructor(now, strips, onDrag) {
    /** @type {Record<Method, Now>} */
    this.now = { left: makeNow(now, "left"), right: makeNow(now, "right"), pixels: makeNow(now, "pixels") };
    /** @type {Record<Method, Strip>} */
    this.strips = {
      left: makeStrip(strips, "left", onDrag),
      right: makeStrip(strips, "right", onDrag),
      pixels: makeStrip(strips, "pixels", onDrag),
    };
  }

  /**
   * @param {Path} path @param {number} at the position @param {number} steps frames @param {Format} format
   * @param {Record<Method, Style>} styles @param {Pick<Nearest, "distances"> | undefined} nearest real images, once
   *   they are there
   */
  draw(path, at, steps, format, styles, nearest) {
    const made = path.at([at]);
    for (const method of METHODS) {
      this.drawStrip(method, path.frames[method], at, steps, format, styles[method]);
      this.drawNow(method, made[method], at, format, styles[method], nearest);
    }
  }

  /**
   * @param {Method} method @param {Float32Array | undefined} frames @param {number} at @param {number} steps
   * @param {Format} format @param {Style} style
   */
  drawStrip(method, frames, at, steps, format, { title, heading, color, ink }) {
    const { canvas, name, mark, track } = this.strips[method];
    paintGrid(canvas, steps, 1, format, (i) => (frames ? [frames, i, 1] : null));
    canvas.setAttribute("aria-label", `${title}: ${steps} frames of the path`);
    mark.style.left = `${100 * placeOn(at, steps)}%`;
    track.style.setProperty("--own", color);
    putText(name, heading);
    name.style.color = ink;
  }

  /**
   * A picture at the position, and how far it is from a real one.
   * @param {Method} method @param {Float32Array | undefined} image @param {number} at @param {Format} format
   * @param {Style} style @param {Pick<Nearest, "distances"> | undefined} nearest
   */
  drawNow(method, image, at, format, { title, ink }, nearest) {
    const { canvas, name, value } = this.now[method];
    canvas.dataset.filled = image ? "1" : "";
    if (image) paint(canvas, image, format);
    putText(name, title);
    name.style.color = ink;
    const [distance] = image && nearest ? nearest.distances(image.subarray(0, format.pixels), 1) : [];
    putText(value, distance === undefined ? "\u00a0" : `${distance.toFixed(1)} from the nearest real image`);
    canvas.setAttribute("aria-label", `${title} at ${Math.round(100 * at)} % of the path`);
  }
}

/** @param {HTMLElement} box @param {Method} method @returns {Now} */
function makeNow(box, method) {
  const canvas = make("canvas", { class: "tile", role: "img" }),
    name = make("b"),
    value = make("span", { class: "muted small number" });
  box.append(make("figure", { "data-method": method }, canvas, make("figcaption", {}, name, value)));
  return { canvas, name, value };
}

/** @param {HTMLElement} box @param {Method} method @param {(share: number) => void} onDrag @returns {Strip} */
function makeStrip(box, method, onDrag) {
  const canvas = make("canvas", { class: "frames", role: "img" }),
    name = make("b"),
    mark = make("i"),
    track = make("div", { class: "track" }, canvas, mark);
  /** @param {PointerEvent} event */
  const drag = ({ clientX }) => {
    const { left, width } = track.getBoundingClientRect();
    onDrag((clientX - left) / width);
  };
  track.onpointerdown = (event) => {
    track.setPointerCapture(event.pointerId);
    drag(event);
  };
  track.onpointermove = (event) => track.hasPointerCapture(event.pointerId) && drag(event);
  box.append(make("div", { class: "strip", "data-method": method }, name, track));
  return { canvas, name, mark, track };
}
