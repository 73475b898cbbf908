/* One latent plane: the codes of the test images, a grid of decoded pictures or a measured map, and the cursor with
   what is decoded there. */

import { contextOf, paint, prepare } from "../../web/canvas.js";
import { make } from "../../web/elements.js";
import { arrow } from "../../web/keys.js";
import { ramp, rgb } from "../../web/look.js";
import { colorOf, inkOf } from "../../web/models.js";
import { moments } from "../../web/moments.js";
import { Scatter, boundsWithPrior } from "../../web/scatter.js";
import { CELLS, areaOf } from "./measured.js";
import { normalCdf, normalQuantile } from "./quantiles.js";
import { TILES } from "./words.js";

/** @import { LaneData, Side } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Network } from "../../web/networks.js" */
/** @import { Place } from "../../web/scatter.js" */
/** @import { Measured } from "./measured.js" */
/** @import { Mode } from "./words.js" */
/** @typedef {[mean: number, deviation: number]} Moments */

const EDGE = 0.25 / TILES / 2; // of the picture grid, in probability: its outermost tiles do not end at infinity

/**
 * Where a code lies on the picture grid, whose axes are Gaussian quantiles of the codes: shares from the left and from
 * below.
 * @param {ArrayLike<number>} z @param {Moments[]} axes
 */
export const onGrid = (z, axes) => axes.map(([mean, deviation], i) => normalCdf((z[i] - mean) / deviation));

/**
 * The code at a place of the picture grid.
 * @param {number[]} shares from the left and from below @param {Moments[]} axes
 * @returns {Place}
 */
export function fromGrid(shares, axes) {
  const [x, y] = shares.map((u, i) => axes[i][0] + axes[i][1] * normalQuantile(u));
  return [x, y];
}

/** The codes of the picture grid's tiles, row by row from the top. @param {Moments[]} axes */
export function gridCodes(axes) {
  const codes = new Float32Array(TILES * TILES * 2);
  for (let i = 0; i < TILES * TILES; i++) {
    const column = i % TILES,
      row = Math.floor(i / TILES);
    codes.set(fromGrid([(column + 0.5) / TILES, 1 - (row + 0.5) / TILES], axes), 2 * i);
  }
  return codes;
}

export class Plane {
  /** @type {LaneData} */
  info;
  /** @type {Network} */
  network;
  /** @type {Uint8Array} every point is drawn faintly */
  faint = new Uint8Array(0);
  /** @type {Moments[]} of the codes, for each axis */
  axes = [];
  /** @type {Place} a code */
  cursor = [0, 0];
  /** @type {Mode} */
  mode = "codes";
  /** @type {HTMLCanvasElement | null} the picture grid */
  tiles = null;

  /** @param {Side} side @param {(plane: Plane, x: number, y: number) => void} onPoint */
  constructor(side, onPoint) {
    this.title = make("h2");
    this.canvas = make("canvas", { class: "space", tabindex: 0, role: "application" });
    this.decoded = make("canvas", { class: "tile", width: 28, height: 28 });
    this.near = make("canvas", { class: "tile", width: 28, height: 28 });
    this.text = make("div", { class: "text number small" });
    this.scatter = new Scatter(this.canvas);
    const caption = (/** @type {string} */ words) => make("figcaption", { class: "muted small" }, words);
    this.section = make(
      "section",
      { class: "plane", "data-side": side },
      this.title,
      this.canvas,
      make(
        "div",
        { class: "under" },
        make("figure", {}, this.decoded, caption("decoded here")),
        make("figure", {}, this.near, caption("most similar real image")),
        this.text,
      ),
    );
    this.canvas.onpointermove = (event) => {
      if (event.pointerType === "mouse" || event.buttons) onPoint(this, event.offsetX, event.offsetY);
    };
    this.canvas.onpointerdown = (event) => onPoint(this, event.offsetX, event.offsetY);
    this.canvas.onkeydown = (event) => {
      const step = arrow(event);
      if (!step) return;
      event.preventDefault();
      const [x, y] = this.toScreen(this.cursor),
        by = this.scatter.width / (event.shiftKey ? 12 : 60);
      onPoint(this, x + step[0] * by, y + step[1] * by);
    };
  }

  /** @param {LaneData} info @param {Network} network @param {Float32Array} xy codes of the test images */
  take(info, network, xy) {
    Object.assign(this, { info, network, faint: new Uint8Array(xy.length / 2), tiles: null });
    this.title.textContent = info.title;
    this.canvas.setAttribute(
      "aria-label",
      `${info.title}: the latent plane. Arrow keys move the cursor, with Shift faster; ` +
        "the image decoded from that point is shown below.",
    );
    this.scatter.setPoints(xy, boundsWithPrior(xy));
    this.axes = [0, 1].map((axis) => {
      const { mean, deviation } = moments(xy, 2, axis);
      return [mean, deviation || 1]; // codes that are all alike have no spread to measure in
    });
  }

  /** The part of the plane that is measured. */
  get area() {
    return areaOf(this.scatter.bounds);
  }

  /** @param {Place} z @returns {Place} its position on the canvas */
  toScreen(z) {
    const { width, height } = this.scatter;
    if (this.mode !== "grid") return this.scatter.toScreen(...z);
    const [u, v] = onGrid(z, this.axes);
    return [u * width, (1 - v) * height];
  }

  /**
   * The code at a position on the canvas, or at the canvas' edge.
   * @param {number} x @param {number} y @returns {Place}
   */
  toData(x, y) {
    const { width, height } = this.scatter,
      px = Math.min(Math.max(x, 0), width),
      py = Math.min(Math.max(y, 0), height);
    if (this.mode !== "grid") return this.scatter.toData(px, py);
    const shares = [px / width, 1 - py / height].map((u) => Math.min(Math.max(u, EDGE), 1 - EDGE));
    return fromGrid(shares, this.axes);
  }

  /**
   * @param {number} width @param {number} height in CSS pixels
   * @param {Mode} mode @param {Float32Array} labels @param {string[]} palette of the classes
   * @param {Measured | undefined} measured @param {{low: number, high: number}} scale of likeness @param {Look} look
   */
  draw(width, height, mode, labels, palette, measured, scale, look) {
    const { scatter } = this,
      own = colorOf(this.info, look.dark);
    this.mode = mode;
    this.title.style.color = inkOf(this.info, look.dark);
    const context = prepare(this.canvas, width, height);
    scatter.resize(width, height);
    if (mode === "grid") {
      this.tiles ??= this.pictures();
      context.drawImage(this.tiles, 0, 0, width, height);
    } else {
      scatter.stamp(context, palette, labels, this.faint, look.background, mode === "codes" ? 0.55 : 0);
      if (mode !== "codes" && measured) this.drawCells(context, measured, scale, palette);
      scatter.circles(context, mode === "codes" ? look.muted : "#fff");
    }
    this.drawCursor(context, "#000", 5);
    this.drawCursor(context, own, 2.5);
  }

  /** @param {CanvasRenderingContext2D} context @param {string} color @param {number} line its width */
  drawCursor(context, color, line) {
    const [x, y] = this.toScreen(this.cursor);
    Object.assign(context, { strokeStyle: color, lineWidth: line });
    context.beginPath();
    context.moveTo(x - 11, y);
    context.lineTo(x + 11, y);
    context.moveTo(x, y - 11);
    context.lineTo(x, y + 11);
    context.stroke();
  }

  /** The picture grid. */
  pictures() {
    const { format } = this.network,
      { side, pixels } = format,
      images = this.network.decodeImage(gridCodes(this.axes), TILES * TILES);
    const tiles = make("canvas", { width: TILES * side, height: TILES * side }),
      context = contextOf(tiles),
      one = make("canvas");
    for (let i = 0; i < TILES * TILES; i++) {
      paint(one, images, format, i * pixels);
      context.drawImage(one, (i % TILES) * side, Math.floor(i / TILES) * side);
    }
    return tiles;
  }

  /**
   * A measured map: likeness as a ramp, or the classes in their colours.
   * @param {CanvasRenderingContext2D} context @param {Measured} measured
   * @param {{low: number, high: number}} scale @param {string[]} palette
   */
  drawCells(context, { cells, likeness, named }, { low, high }, palette) {
    const holes = this.mode === "holes",
      colors = holes ? ramps() : palette.map(rgb);
    const picture = make("canvas", { width: CELLS, height: CELLS }),
      inside = contextOf(picture),
      pixels = inside.createImageData(CELLS, CELLS);
    for (let i = 0; i < CELLS * CELLS; i++) {
      const t = Math.min(Math.max((high - likeness[i]) / (high - low || 1), 0), 1);
      pixels.data.set([...colors[holes ? Math.round(63 * t) : named[i]], 255], 4 * i);
    }
    inside.putImageData(pixels, 0, 0);
    const [left, top] = this.scatter.toScreen(cells.x0, cells.y0 + cells.height),
      [right, bottom] = this.scatter.toScreen(cells.x0 + cells.width, cells.y0);
    context.imageSmoothingEnabled = holes;
    context.drawImage(picture, left, top, right - left, bottom - top);
    context.imageSmoothingEnabled = true;
  }
}

/** @type {number[][] | undefined} */
let known;

/** The ramp in 64 steps. */
const ramps = () => (known ??= Array.from({ length: 64 }, (_, i) => rgb(ramp(i / 63))));
