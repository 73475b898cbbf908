/* The loops of kernels.js in JavaScript, several times slower, for browsers without vector instructions. Every place
   and distance is an index here. */

import { KINDS, PANEL } from "./kernels.js";

/** @import { AnyProduct, Kernels } from "./kernels.js" */

/** @type {(heap: Float32Array, transposed: boolean) => AnyProduct} */
export const plainProduct = (heap, transposed) => (A, B, C, M, N, K, lda, ldb, panel, ldc, add, down, right, fewer) => {
  const [row, step] = transposed ? [1, lda] : [lda, 1];
  for (let n = 0; n < N; n += PANEL, A += down, B += panel, C += right, M -= fewer)
    for (let half = 0; half < PANEL; half += 4)
      for (let m = 0; m < M; m += 2) {
        const next = m + 1 < M ? 1 : 0; // the last row of an odd number meets itself
        const c = C + m * ldc + half,
          d = c + next * ldc,
          on = next * row;
        let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
        for (let a = A + m * row, b = B + half, end = a + K * step; a < end; a += step, b += ldb) {
          const x = heap[a],
            y = heap[a + on],
            p = heap[b],
            q = heap[b + 1],
            r = heap[b + 2],
            s = heap[b + 3];
          s0 += x * p;
          s1 += x * q;
          s2 += x * r;
          s3 += x * s;
          t0 += y * p;
          t1 += y * q;
          t2 += y * r;
          t3 += y * s;
        }
        if (add) {
          s0 += heap[c];
          s1 += heap[c + 1];
          s2 += heap[c + 2];
          s3 += heap[c + 3];
          t0 += heap[d];
          t1 += heap[d + 1];
          t2 += heap[d + 2];
          t3 += heap[d + 3];
        }
        heap[c] = s0;
        heap[c + 1] = s1;
        heap[c + 2] = s2;
        heap[c + 3] = s3;
        heap[d] = t0;
        heap[d + 1] = t1;
        heap[d + 2] = t2;
        heap[d + 3] = t3;
      }
};

/** @type {(heap: Float32Array) => Kernels} */
export const plain = (heap) => ({
  product: (A, B, C, M, N, K) => plainProduct(heap, false)(A, B, C, M, N, K, K, PANEL, PANEL * K, N, 0, 0, PANEL, 0),
  gather(...sizes) {
    patches(...sizes, (at, to, count) => heap.copyWithin(to, at, at + count));
  },
  scatter(...sizes) {
    patches(...sizes, (at, to, count) => {
      for (let i = 0; i < count; i++) heap[at + i] += heap[to + i];
    });
  },
  finish(kind, from, to, rows, vectors, leap, jump, bias, scale, shift) {
    for (let row = 0; row < rows; row++, from += leap, to += jump)
      for (let i = 0; i < 4 * vectors; i++) {
        let x = heap[from + i] + heap[bias + i];
        if (kind === KINDS.relu) x = Math.max(x, 0);
        else if (kind === KINDS.silu) x /= 1 + Math.exp(-x);
        else if (kind === KINDS.sigmoid) x = 1 / (1 + Math.exp(-x));
        heap[to + i] = x * heap[scale + i] + heap[shift + i];
      }
  },
});

/**
 * Each line of each patch, as a place in the image, a place in the matrix and a length.
 * @param {number} image @param {number} rows @param {number} height @param {number} width @param {number} lines
 * @param {number} vectors @param {number} right @param {number} down @param {number} pitch @param {number} row
 * @param {(at: number, to: number, count: number) => void} each
 */
function patches(image, rows, height, width, lines, vectors, right, down, pitch, row, each) {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++, rows += row)
      for (let line = 0; line < lines; line++)
        each(image + y * down + x * right + line * pitch, rows + line * 4 * vectors, 4 * vectors);
}
