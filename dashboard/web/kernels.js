/* The loops that take time: kernel_code.js has them as WebAssembly, four numbers at a time, and plain_kernels.js in
   JavaScript. A `Heap` (heap.js) is one stretch of float32 numbers; procedures take places in it, as indices.

     product(A, B, C, M, N, K)      C (M, N) = A (M, K) B; B as `packed` lays it out, N a multiple of PANEL
                                    `productCode` has it with any distances, and with A transposed, for training
     gather(image, rows, ...)       patches of an image into the rows of a matrix (im2col); `scatter` adds rows to
                                    patches (col2im)
     finish(kind, from, to, ...)    to = activation(from + bias) * scale + shift, row by row

   Eight columns of B, a panel, lie together, so that B is read from beginning to end. */

export const PANEL = 8;
export const KINDS = { none: 0, relu: 1, silu: 2, sigmoid: 3 };

/**
 * The loops, which take places on one heap: see above.
 * @typedef {object} Kernels
 * @property {(A: number, B: number, C: number, M: number, N: number, K: number) => void} product
 * @property {Patches} gather
 * @property {Patches} scatter
 * @property {(kind: number, from: number, to: number, rows: number, vectors: number, leap: number, jump: number,
 *   bias: number, scale: number, shift: number) => void} finish
 */
/**
 * A product with any distances: `productCode`.
 * @typedef {(A: number, B: number, C: number, M: number, N: number, K: number, lda: number, ldb: number, panel: number,
 *   ldc: number, add: number, down: number, right: number, fewer: number) => void} AnyProduct
 */
/**
 * @typedef {(image: number, rows: number, height: number, width: number, lines: number, vectors: number, right: number,
 *   down: number, pitch: number, row: number) => void} Patches
 */

/**
 * Round up to a multiple.
 * @param {number} value
 * @param {number} multiple
 */
export const upTo = (value, multiple) => multiple * Math.ceil(value / multiple);

/**
 * B (K, N), given as a function of row and column, as panels: all K rows of the first eight columns, then of the next
 * eight.
 * @param {number} K
 * @param {number} N
 * @param {(k: number, n: number) => number} value
 */
export function packed(K, N, value) {
  const out = new Float32Array(K * upTo(N, PANEL));
  for (let k = 0; k < K; k++) for (let n = 0; n < N; n++) out[packedPlace(K, k, n)] = value(k, n);
  return out;
}

/** @type {(K: number, k: number, n: number) => number} */
export const packedPlace = (K, k, n) => (n - (n % PANEL)) * K + k * PANEL + (n % PANEL);
