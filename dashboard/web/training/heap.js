/* A heap with the loops of training, and the shapes in which layers and optimisers call its products. */

import { Heap, unsealed } from "../heap.js";
import { PANEL } from "../kernels.js";
import { trainingInIndices, trainingModule } from "./kernel_code.js";
import { plainTraining } from "./plain_kernels.js";

/** @import { AnyProduct } from "../kernels.js" */
/** @import { TrainingKernels } from "./kernel_code.js" */

export class TrainingHeap extends Heap {
  /** @type {WebAssembly.Module | null | undefined} */
  static compiled = undefined;

  /** @param {boolean} relaxed */
  static code(relaxed) {
    return trainingModule(relaxed);
  }

  constructor() {
    super();
    /** @type {AnyProduct} */
    this.multiply = unsealed;
    /** @type {AnyProduct} */
    this.multiplyT = unsealed;
    /** @type {TrainingKernels["transpose"]} */
    this.transpose = unsealed;
    /** @type {TrainingKernels["differentiate"]} */
    this.differentiate = unsealed;
    /** @type {TrainingKernels["adam"]} */
    this.adam = unsealed;
    /** @type {TrainingKernels["combine"]} */
    this.combineAt = unsealed;
    this.factors = this.take(2);
  }

  /** @param {any} exports */
  offer(exports) {
    const { combine, ...others } = exports ? trainingInIndices(exports) : plainTraining(this.floats);
    Object.assign(this, others, { combineAt: combine });
  }

  /**
   * out = p x + q y, `length` numbers each, a multiple of 4.
   * @param {number} out @param {number} p @param {number} x @param {number} q @param {number} y @param {number} length
   */
  combine(out, p, x, q, y, length) {
    this.floats[this.factors] = p;
    this.floats[this.factors + 1] = q;
    this.combineAt(out, x, y, this.factors, length / 4);
  }

  /**
   * C (M, N) = A (M, K) B, or C + A B; A row by row with `lda` from row to row, B in panels.
   * @param {number} A @param {number} B @param {number} C @param {number} M @param {number} N @param {number} K
   * @param {number} lda @param {boolean} add
   */
  timesPacked(A, B, C, M, N, K, lda, add) {
    this.multiply(A, B, C, M, N, K, lda, PANEL, PANEL * K, N, Number(add), 0, PANEL, 0);
  }

  /**
   * C (M, N) = A' B, or C + A' B; A (K, M) and B (K, N) row by row.
   * @param {number} A @param {number} B @param {number} C @param {number} M @param {number} N @param {number} K
   * @param {boolean} add
   */
  transposedTimes(A, B, C, M, N, K, add) {
    this.multiplyT(A, B, C, M, N, K, M, N, PANEL, N, Number(add), 0, PANEL, 0);
  }

  /**
   * A matrix (K, N), row by row, to panels of eight columns.
   * @param {number} from @param {number} to @param {number} K @param {number} N
   */
  pack(from, to, K, N) {
    this.gather(from, to, 1, N / PANEL, K, PANEL / 4, PANEL, 0, N, PANEL * K);
  }

  /**
   * The transpose of a matrix (K, N), K a multiple of 8, to panels of eight of its columns.
   * @param {number} from @param {number} to @param {number} K @param {number} N
   */
  packTransposed(from, to, K, N) {
    for (let k = 0; k < K; k += PANEL) this.transpose(from + k * N, to + k * N, PANEL, N, N, PANEL);
  }
}
