/* The numbers that training moves, as one stretch of the heap, and as many such stretches as an optimiser needs:

     weights | gradients | Adam's two moments | mean      each: [ Adam's parameters | Muon's matrices ]

   so that one loop over a stretch moves or averages all of them. A parameter is a matrix (rows, columns) in the order
   that the products want, filled up with zeros; `place` says where torch's number i lies in it. Whatever is filled up
   has to stay 0: `unused` lists places that a product would give a gradient. */

import { upTo } from "../kernels.js";

/** @import { TrainingHeap } from "./heap.js" */
/**
 * @typedef {object} Parameter
 * @property {string} name as in the safetensors file
 * @property {number[]} shape as torch has it
 * @property {number} size torch's numbers
 * @property {number} rows
 * @property {number} columns
 * @property {(i: number) => number} place
 * @property {number[]} unused
 * @property {number} bound initial values are uniform in [-bound, bound]
 * @property {boolean} muon
 * @property {number} at where it begins in each stretch
 */
/**
 * @typedef {Omit<Parameter, "size" | "muon" | "at" | "unused" | "place"> &
 *   Partial<Pick<Parameter, "unused" | "place">>} Sizes
 */

const MUON_SIDE = 8; // core/training/optimisation.py

export class Parameters {
  /** @param {boolean} muon whether matrices between layers are moved by Muon */
  constructor(muon) {
    this.muon = muon;
    /** @type {Parameter[]} */
    this.all = [];
    this.length = 0; // of a stretch
    this.adamLength = 0; // of its part that Adam moves
    this.weights = 0;
    this.gradients = 0;
    this.first = 0;
    this.second = 0;
    this.mean = 0;
  }

  /** @param {Sizes} sizes @returns {Parameter} its place is known after `layOut` */
  add(sizes) {
    const { shape } = sizes,
      muon = this.muon && shape.length === 2 && Math.min(...shape) >= MUON_SIDE;
    const size = shape.reduce((a, b) => a * b, 1);
    const parameter = { place: (/** @type {number} */ i) => i, unused: [], ...sizes, size, muon, at: 0 };
    this.all.push(parameter);
    return parameter;
  }

  /** @param {TrainingHeap} heap */
  layOut(heap) {
    for (const muon of [false, true]) {
      for (const parameter of this.all)
        if (parameter.muon === muon) {
          parameter.at = this.length;
          this.length += upTo(parameter.rows * parameter.columns, 4);
        }
      if (!muon) this.adamLength = this.length;
    }
    this.weights = heap.take(this.length);
    this.gradients = heap.take(this.length);
    this.first = heap.take(this.length);
    this.second = heap.take(this.adamLength);
    this.mean = heap.take(this.length);
  }

  /**
   * One parameter in torch's order.
   * @param {TrainingHeap} heap @param {number} stretch `weights`, `gradients` or another @param {Parameter} parameter
   */
  read({ floats }, stretch, { at, size, place }) {
    return Float32Array.from({ length: size }, (_, i) => floats[stretch + at + place(i)]);
  }

  /**
   * @param {TrainingHeap} heap @param {number} stretch @param {Parameter} parameter
   * @param {ArrayLike<number>} values in torch's order
   */
  write({ floats }, stretch, { at, size, place, name }, values) {
    if (values.length !== size) throw new Error(`${values.length} numbers for ${name}, which has ${size}`);
    for (let i = 0; i < size; i++) floats[stretch + at + place(i)] = values[i];
  }

  /**
   * What a product has left at unused places is no gradient.
   * @param {TrainingHeap} heap
   */
  clearUnused({ floats }) {
    for (const { at, unused } of this.all) for (const place of unused) floats[this.gradients + at + place] = 0;
  }
}
