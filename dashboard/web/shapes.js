/* What the layers of a network are, and how the numbers between them are counted: by torch, as channel, y, x, and on a
   heap, where channels come last. */

import { PANEL, upTo } from "./kernels.js";

/** @import { Format } from "./image.js" */
/**
 * How many numbers torch counts (`length`), how many they take here (`width`), and where number i lies (`place`). An
 * image has `channels` of `side` x `side`, filled up to `depth` here; these three are 0 for a vector.
 * @typedef {object} Shape
 * @property {number} length
 * @property {number} width
 * @property {(i: number) => number} place
 * @property {number} channels
 * @property {number} side
 * @property {number} depth
 */
/**
 * Where numbers lie on the heap: from `at` on, `jump` from line to line, `image` from image to image.
 * @typedef {{at: number, jump: number, image: number}} Room
 */
/**
 * A layer as core/models/trunks.py describes it; a linear one has no kernel, stride and padding.
 * @typedef {{kind: string, inputs: number, outputs: number, kernel?: number, stride?: number, padding?: number}}
 *   Description
 */
/**
 * @typedef {{kind: string, inputs: number, outputs: number, kernel: number, stride: number,
 *   padding: number}} Convolution
 */

/** A network that this page has no code for: another kind of layer or activation. The message names it. */
export class UnsupportedNetwork extends Error {}

/** @type {(length: number, width?: number) => Shape} */
export const vectorShape = (length, width = upTo(length, PANEL)) => ({
  length,
  width,
  place: (i) => i,
  channels: 0,
  side: 0,
  depth: 0,
});

/** @type {(channels: number, side: number) => Shape} */
export function imageShape(channels, side) {
  // lines are copied four numbers at a time
  const depth = channels === 1 && side % 4 === 0 ? 1 : channels <= 4 ? 4 : upTo(channels, PANEL),
    area = side * side;
  /** @type {Shape["place"]} */
  const place = (i) => (i % area) * depth + Math.floor(i / area); // torch's order is channel, y, x
  return { length: channels * area, width: upTo(depth * area, PANEL), place, channels, side, depth };
}

/**
 * How a network reads its images: a first layer that is linear takes torch's order as it is.
 * @param {Format} format @param {Description[]} encoder
 * @returns {Shape}
 */
export const inputShape = ({ channels, side, pixels }, [first]) =>
  first?.kind === "linear" ? vectorShape(pixels) : imageShape(channels, side);

/** Whether numbers lie on a heap as torch counts them, without gaps. @param {Shape} shape */
export const isFlat = ({ length, width, depth }) => length === width && depth <= 1;
