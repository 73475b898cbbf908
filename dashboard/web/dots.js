/* Many points at once: discs that are computed once and blended straight into a canvas's pixels. 10,000 of them cost a
   few milliseconds, many times less than 10,000 drawing calls. What was drawn last is kept, and shown again if it is
   asked for again. */

import { rgb } from "./look.js";

/**
 * How points are drawn.
 * @typedef {object} Style
 * @property {string[]} colors a palette
 * @property {ArrayLike<number>} which for each point an index into `colors`
 * @property {ArrayLike<number>} level for each point 1 for a full one, 0 for a faint one
 * @property {string} background
 * @property {number} faint opacity of the faint ones
 */
/** @typedef {{x: number, y: number, scale: number}} Origin where (0, 0) lies and how long 1 is, in canvas pixels */

const PHASES = 4; // discs are kept for this many positions within a pixel, each way, so that slow movements stay smooth

const FULL = 0.88; // opacity

export class Dots {
  /** @type {ImageData | null} what was drawn last, and of what */
  pixels = null;
  drawn = "";
  /** @type {unknown[]} */
  drawnOf = [];
  paletteKey = "";
  /** @type {number[][]} */
  palette = [];
  discsKey = "";
  /** @type {ReturnType<typeof discs>} */
  discs = [];

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {{width: number, height: number}} size in canvas pixels
   * @param {Float32Array} points x0 y0 x1 y1 ...
   * @param {Origin} origin @param {number} radius in canvas pixels @param {Style} style
   */
  draw(context, { width, height }, points, origin, radius, { colors, which, level, background, faint }) {
    const palette = colors.join(),
      drawn = [width, height, origin.x, origin.y, origin.scale, radius, background, faint, palette].join(),
      drawnOf = [points, which, level];
    if (this.pixels && this.drawn === drawn && this.drawnOf.every((array, i) => array === drawnOf[i])) {
      context.putImageData(this.pixels, 0, 0);
      return;
    }
    Object.assign(this, { drawn, drawnOf });
    if (this.pixels?.width !== width || this.pixels.height !== height)
      this.pixels = context.createImageData(width, height);
    new Uint32Array(this.pixels.data.buffer).fill(pack(rgb(background)));
    if (this.paletteKey !== palette) {
      this.paletteKey = palette;
      this.palette = colors.map(rgb);
    }
    const r = Math.round(radius * 8) / 8;
    if (this.discsKey !== `${r},${width}`) {
      this.discsKey = `${r},${width}`;
      this.discs = discs(r, width);
    }
    for (const pass of [0, 1]) this.blend(this.pixels, points, origin, Math.ceil(r) + 1, which, level, pass, faint);
    context.putImageData(this.pixels, 0, 0);
  }

  /**
   * The points of one level.
   * @param {ImageData} pixels @param {Float32Array} points @param {Origin} origin
   * @param {number} reach pixels that a disc may extend to each side @param {ArrayLike<number>} which
   * @param {ArrayLike<number>} level @param {number} pass the level @param {number} faint
   */
  blend({ data, width, height }, points, origin, reach, which, level, pass, faint) {
    const opacity = pass ? FULL : faint;
    for (let i = 0; i < points.length / 2; i++) {
      if (level[i] !== pass) continue;
      const x = points[2 * i] * origin.scale + origin.x,
        y = -points[2 * i + 1] * origin.scale + origin.y;
      const px = Math.floor(x),
        py = Math.floor(y);
      if (!(px >= reach && py >= reach && px < width - reach && py < height - reach)) continue;
      const { offsets, covers } = this.discs[Math.floor((y - py) * PHASES) * PHASES + Math.floor((x - px) * PHASES)];
      const [red, green, blue] = this.palette[which[i]];
      const at = 4 * (py * width + px);
      for (let k = 0; k < offsets.length; k++) {
        const p = at + offsets[k],
          a = covers[k] * opacity;
        data[p] += (red - data[p]) * a;
        data[p + 1] += (green - data[p + 1]) * a;
        data[p + 2] += (blue - data[p + 2]) * a;
      }
    }
  }
}

/**
 * One colour, opaque, as the 32 bits of a pixel.
 * @type {(color: number[]) => number}
 */
const pack = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/**
 * Discs of radius r for every phase: byte offsets in an image `width` pixels wide, and how much of each pixel is
 * covered.
 * @param {number} r @param {number} width
 */
export function discs(r, width) {
  const reach = Math.ceil(r) + 1;
  return Array.from({ length: PHASES * PHASES }, (_, phase) => {
    const fx = ((phase % PHASES) + 0.5) / PHASES,
      fy = (Math.floor(phase / PHASES) + 0.5) / PHASES;
    const offsets = [],
      covers = [];
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const cover = Math.min(Math.max(r + 0.5 - Math.hypot(dx + 0.5 - fx, dy + 0.5 - fy), 0), 1);
        if (cover > 0.02) {
          offsets.push(4 * (dy * width + dx));
          covers.push(cover);
        }
      }
    return { offsets: Int32Array.from(offsets), covers: Float32Array.from(covers) };
  });
}
