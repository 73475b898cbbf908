/* The measured maps: what is decoded at each cell of a plane, and how like a real image it is.

   Likeness is the cosine between the decoded image and the most similar real one. A hole is a cell whose likeness is
   below what 95 % of real images reach among the other real ones. Measuring takes a few seconds; the generators yield
   the share that is done, so that a page can go on between two steps. */

import { CHUNK } from "../../web/layers.js";

/** @import { Nearest } from "../../web/nearest.js" */
/** @import { Network } from "../../web/networks.js" */
/** @typedef {{x0: number, y0: number, width: number, height: number}} Area of a plane, in its own units */
/**
 * What was measured on a plane, for each cell row by row from the top.
 * @typedef {object} Measured
 * @property {Area} cells
 * @property {Float32Array} likeness
 * @property {Uint32Array} named the class of what is decoded
 */
/** @typedef {{typical: number, least: number}} Baseline how alike real images are: the median, and what 95 % exceed */
/** @typedef {(images: Float32Array, offset: number, similar: number) => number} Name the class of a decoded image */

export const CELLS = 40; // of a side
const COMPARED = 400; // real images, at most
const MARGIN = 0.05; // of the plane on each side

/**
 * The plane inside these bounds, with a margin.
 * @param {number[]} bounds x0, y0, x1, y1
 * @returns {Area}
 */
export function areaOf([x0, y0, x1, y1]) {
  const dx = (x1 - x0) * MARGIN,
    dy = (y1 - y0) * MARGIN;
  return { x0: x0 - dx, y0: y0 - dy, width: x1 - x0 + 2 * dx, height: y1 - y0 + 2 * dy };
}

/**
 * The centre of cell i.
 * @param {Area} area @param {number} i
 * @returns {[number, number]}
 */
export function centreOf({ x0, y0, width, height }, i) {
  const column = i % CELLS,
    row = Math.floor(i / CELLS);
  return [x0 + ((column + 0.5) / CELLS) * width, y0 + (1 - (row + 0.5) / CELLS) * height];
}

/**
 * How alike real images are to the most similar other one: what a likeness has to be compared with.
 * @param {Pick<Nearest, "find">} nearest @param {Float32Array} images @param {number} n of them
 * @returns {Generator<number, Baseline>}
 */
export function* measureReal(nearest, images, n) {
  const count = Math.min(COMPARED, n),
    pixels = images.length / n,
    found = [];
  for (let i = 0; i < count; i += CHUNK) {
    const m = Math.min(CHUNK, count - i),
      own = Array.from({ length: m }, (_, k) => i + k);
    for (const { likeness } of nearest.find(images.subarray(i * pixels, (i + m) * pixels), m, own))
      found.push(likeness);
    yield i / count;
  }
  found.sort((a, b) => a - b);
  return { typical: found[count >> 1], least: found[Math.floor(0.05 * count)] };
}

/**
 * @param {Pick<Network, "decodeImage">} network @param {Pick<Nearest, "find">} nearest
 * @param {Area} cells @param {Name} name
 * @returns {Generator<number, Measured>}
 */
export function* measurePlane(network, nearest, cells, name) {
  const likeness = new Float32Array(CELLS * CELLS),
    named = new Uint32Array(CELLS * CELLS),
    codes = new Float32Array(2 * CHUNK);
  for (let i = 0; i < CELLS * CELLS; i += CHUNK) {
    for (let k = 0; k < CHUNK; k++) codes.set(centreOf(cells, i + k), 2 * k);
    const decoded = network.decodeImage(codes, CHUNK),
      pixels = decoded.length / CHUNK;
    nearest.find(decoded, CHUNK).forEach((found, k) => {
      likeness[i + k] = found.likeness;
      named[i + k] = name(decoded, k * pixels, found.index);
    });
    yield i / (CELLS * CELLS);
  }
  return { cells, likeness, named };
}

/**
 * The share of N(0, I), as far as the cells cover it, that decodes to a hole; in per cent.
 * @param {Measured} measured @param {number} least the likeness below which a cell is a hole
 */
export function holes({ cells, likeness }, least) {
  let inside = 0,
    lost = 0;
  for (let i = 0; i < CELLS * CELLS; i++) {
    const [x, y] = centreOf(cells, i),
      weight = Math.exp(-0.5 * (x * x + y * y));
    inside += weight;
    if (likeness[i] < least) lost += weight;
  }
  return (100 * lost) / inside;
}

/**
 * One colour scale for several maps, so that they can be compared: from the 2nd to the 98th percentile.
 * @param {ArrayLike<number>[]} maps
 */
export function scaleOf(maps) {
  const all = maps.flatMap((likeness) => Array.from(likeness)).sort((a, b) => a - b);
  return { low: all[Math.floor(0.02 * all.length)] ?? 0, high: all[Math.floor(0.98 * (all.length - 1))] ?? 1 };
}
