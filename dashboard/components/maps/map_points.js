/* Which points of the maps are shown and how: pure functions of the images' codes, classes and figures. */

/** @import { Place } from "../../web/scatter.js" */
/** @typedef {{zoom: number, x: number, y: number}} View */

const STEPS = 64; // of a colour ramp
const SMALL = 4; // pixels: a smaller polygon is a click

/**
 * Whether a polygon is large enough to select by.
 * @param {Place[]} polygon
 */
export function encloses(polygon) {
  return [0, 1].every((axis) => {
    const values = polygon.map((place) => place[axis]);
    return Math.max(...values) - Math.min(...values) > SMALL;
  });
}

/**
 * For each point 1 if its class is shown, else 0.
 * @param {ArrayLike<number>} labels @param {number[]} isolated classes; none: all are shown
 */
export function shownOf(labels, isolated) {
  const wanted = new Set(isolated);
  return Uint8Array.from(labels, (label) => Number(!wanted.size || wanted.has(label)));
}

/**
 * For each point 1 if it is drawn in full: the selected ones of those shown, or all if none is selected.
 * @param {Uint8Array} shown @param {number[]} selected
 */
export function levelOf(shown, selected) {
  if (!selected.length) return shown;
  const picked = new Set(selected);
  return shown.map((value, i) => (picked.has(i) ? value : 0));
}

/**
 * Points whose pictures, squares around them, do not overlap: the first of those that would. Which they are does not
 * depend on the part of the map that is seen, so that none comes or goes while it is moved; a larger scale has more.
 * @param {ArrayLike<number>} points x0 y0 x1 y1 ... @param {number} scale pixels per unit
 * @param {number} size of a picture in pixels @param {ArrayLike<number>} level 1 for a point that may have a picture
 */
export function apart(points, scale, size, level) {
  /** @type {Map<string, [number, number]>} at most one square begins in a cell of its own size */
  const cells = new Map();
  /** @type {number[]} */
  const found = [];
  for (let i = 0; i < level.length; i++) {
    if (!level[i]) continue;
    const x = points[2 * i] * scale,
      y = points[2 * i + 1] * scale,
      column = Math.floor(x / size),
      row = Math.floor(y / size);
    let free = true;
    for (let c = column - 1; free && c <= column + 1; c++)
      for (let r = row - 1; free && r <= row + 1; r++) {
        const other = cells.get(`${c} ${r}`);
        free = !other || Math.abs(other[0] - x) >= size || Math.abs(other[1] - y) >= size;
      }
    if (!free) continue;
    cells.set(`${column} ${row}`, [x, y]);
    found.push(i);
  }
  return found;
}

/**
 * For each value its place on a ramp of STEPS colours from `low` to `high`.
 * @param {ArrayLike<number>} values @param {number} low @param {number} high
 */
export const onRamp = (values, low, high) =>
  Uint8Array.from(values, (v) => Math.round((STEPS - 1) * Math.min(Math.max((v - low) / (high - low || 1), 0), 1)));

/**
 * The colours of a factor's levels.
 * @param {{levels: string[], colors: string[]}} factor @param {(share: number) => string} ramp
 */
export const levelColors = ({ levels, colors }, ramp) =>
  levels.map((_, k) => colors[k] ?? ramp(levels.length > 1 ? k / (levels.length - 1) : 0));

/** Shares of a ramp, for its STEPS colours. */
export const RAMP_STEPS = Array.from({ length: STEPS }, (_, i) => i / (STEPS - 1));

/**
 * Points on their way: `share` of the way from one array to another, smoothly at both ends.
 * @param {Float32Array} from @param {Float32Array} to @param {number} share in [0, 1]
 */
export function between(from, to, share) {
  if (share === 1 || from.length !== to.length) return to;
  const ease = share * share * (3 - 2 * share);
  return to.map((value, i) => from[i] + (value - from[i]) * ease);
}

/**
 * Indices of the k codes nearest to code i, in the latent space itself.
 * @param {ArrayLike<number>} codes (n, d) @param {number} d @param {number} i @param {number} k
 */
export function nearest(codes, d, i, k) {
  const distances = new Float32Array(codes.length / d);
  for (let j = 0; j < distances.length; j++)
    for (let a = 0; a < d; a++) distances[j] += (codes[j * d + a] - codes[i * d + a]) ** 2;
  distances[i] = Infinity;
  return Array.from(distances.keys())
    .sort((a, b) => distances[a] - distances[b])
    .slice(0, k);
}

/**
 * The classes that are shown alone after one of them has been pressed: that one, or all again; with `add`, one more or
 * one less.
 * @param {number[]} isolated @param {number} c @param {boolean} add
 */
export function isolate(isolated, c, add) {
  if (add) return isolated.includes(c) ? isolated.filter((other) => other !== c) : [...isolated, c];
  return isolated.length === 1 && isolated[0] === c ? [] : [c];
}

/**
 * The mean of some of the values; NaN of none.
 * @param {ArrayLike<number>} values @param {number[]} indices
 */
export const meanOf = (values, indices) => indices.reduce((sum, i) => sum + values[i], 0) / indices.length;

/**
 * A figure with about three digits.
 * @param {number | undefined} value
 */
export function format(value) {
  if (value === undefined || !Number.isFinite(value)) return "n/a";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return value.toFixed(size >= 0.1 ? 3 : 4);
}
