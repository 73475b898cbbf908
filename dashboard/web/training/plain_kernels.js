/* The loops of training in JavaScript, for browsers without vector instructions: see kernel_code.js. */

import { KINDS } from "../kernels.js";
import { plain, plainProduct } from "../plain_kernels.js";

/** @import { Kernels } from "../kernels.js" */
/** @import { TrainingKernels } from "./kernel_code.js" */

/** @type {(heap: Float32Array) => Kernels & TrainingKernels} */
export const plainTraining = (heap) => ({
  ...plain(heap),
  multiply: plainProduct(heap, false),
  multiplyT: plainProduct(heap, true),
  transpose(from, to, rows, columns, pitch, toPitch) {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) heap[to + c * toPitch + r] = heap[from + r * pitch + c];
  },
  differentiate(kind, raw, gradient, to, rows, vectors, leap, jump, pitch, ...tables) {
    const [bias, scale, biasGradient, scaleGradient, shiftGradient] = tables;
    for (let row = 0; row < rows; row++, raw += leap, gradient += jump, to += pitch)
      for (let i = 0; i < 4 * vectors; i++) {
        const x = heap[raw + i] + heap[bias + i];
        let g = heap[gradient + i],
          y = x,
          slope = 1;
        if (kind === KINDS.relu) {
          slope = x > 0 ? 1 : 0;
          y = x * slope;
        } else if (kind === KINDS.silu) {
          const s = 1 / (1 + Math.exp(-x));
          y = x * s;
          slope = s * (1 + x * (1 - s));
        }
        heap[shiftGradient + i] += g;
        heap[scaleGradient + i] += g * y;
        g *= heap[scale + i] * slope;
        heap[biasGradient + i] += g;
        heap[to + i] = g;
      }
  },
  combine(out, x, y, factors, vectors) {
    const [p, q] = [heap[factors], heap[factors + 1]];
    for (let i = 0; i < 4 * vectors; i++) heap[out + i] = p * heap[x + i] + q * heap[y + i];
  },
  adam(w, g, m, v, vectors, table) {
    const [beta1, rest1, beta2, rest2, rate, correction, epsilon] = heap.subarray(table, table + 7);
    for (let i = 0; i < 4 * vectors; i++) {
      const slope = heap[g + i];
      heap[m + i] = beta1 * heap[m + i] + rest1 * slope;
      heap[v + i] = beta2 * heap[v + i] + rest2 * slope * slope;
      heap[w + i] -= (rate * heap[m + i]) / (Math.sqrt(heap[v + i]) * correction + epsilon);
    }
  },
});
