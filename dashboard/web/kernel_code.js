/* The loops of kernels.js as WebAssembly vector instructions. Every place and distance is in bytes here.

   The product computes four rows of A with eight columns of B at once, which needs as many registers as every processor
   has: six loads for eight multiply-adds. */

import {
  get,
  set,
  integer,
  plus,
  minus,
  times,
  halved,
  masked,
  equal,
  advance,
  when,
  repeat,
  load,
  loadSplat,
  store,
  splat,
  vadd,
  vsub,
  vmul,
  vdiv,
  vmin,
  vmax,
  vnearest,
  toIntegers,
  shiftLeft,
  addIntegers,
  fused,
  Procedure,
  assemble,
} from "./assembler.js";
import { KINDS, PANEL } from "./kernels.js";

/** @import { Code } from "./assembler.js" */
/** @import { AnyProduct, Kernels } from "./kernels.js" */

const ROWS = 4;
const FLOAT = 4; // bytes
// 2^f = 1 + f * (...) for f in [-.5, .5], relative error below 2e-7 (Cephes, exp2f).
const EXP2 = [1.5353362e-4, 1.3398874e-3, 9.6184374e-3, 5.5503325e-2, 2.4022648e-1, 6.931472e-1];

/** @type {(relaxed: boolean) => (a: Code, b: Code, c: Code) => Code} a * b + c */
export const multiplyAdd = (relaxed) => (a, b, c) => (relaxed ? fused(a, b, c) : vadd(vmul(a, b), c));

/**
 * C (M, N) = A (M, K) B, or C + A B where `add` is 1, for eight columns of B at a time:
 *
 *     A[m, k] = A + m lda + k           or, `transposed`, A + m + k lda
 *     B[k, n] = B + (n / 8) panel + k ldb + n % 8         `packed`: ldb = 8, panel = 8 K
 *                                                         row by row: ldb = N, panel = 8
 *     C[m, n] = C + (n / 8) right + m ldc + n % 8         right = 8, except below
 *
 * With every eight columns A moves on by `down` and M becomes less by `fewer`. They are 0, except for a product that is
 * known to be symmetric: there down = 8 lda, right = 8 ldc + 8 and fewer = 8 leave out what lies above the diagonal.
 * @param {string} name @param {(a: Code, b: Code, c: Code) => Code} madd @param {boolean} [transposed]
 */
export function productCode(name, madd, transposed = false) {
  const f = new Procedure(name, [
    ...["A", "B", "C", "M", "N", "K", "lda", "ldb", "panel", "ldc", "add", "down", "right", "fewer"],
  ]);
  const { A, B, C, M, N, K, lda, ldb, panel, ldc, add, down, right, fewer } = f.parameter;
  const [a, b, c, m, n, k] = Array.from({ length: 6 }, () => f.integer());
  const rows = Array.from({ length: ROWS }, () => f.integer()),
    lines = Array.from({ length: ROWS }, () => f.integer());
  const sums = Array.from({ length: ROWS }, () => [f.vector(), f.vector()]);
  const [x, y0, y1] = [f.vector(), f.vector(), f.vector()];

  /** @type {(count: number, u: number) => Code} */
  const step = (count, u) => [
    // a row of the panel from b, with one number of each row of A
    set(y0, load(get(b))),
    set(y1, load(get(b), 16)),
    advance(b, get(ldb)),
    Array.from({ length: count }, (_, r) => [
      set(x, transposed ? loadSplat(get(rows[0]), FLOAT * r) : loadSplat(get(rows[r]), FLOAT * u)),
      set(sums[r][0], madd(get(x), get(y0), get(sums[r][0]))),
      set(sums[r][1], madd(get(x), get(y1), get(sums[r][1]))),
    ]),
    transposed ? advance(rows[0], get(lda)) : [],
  ];
  /** @type {(count: number, several: number, times: Code) => Code} */
  const steps = (count, several, times) =>
    repeat(k, times, [
      Array.from({ length: several }, (_, u) => step(count, u)),
      transposed ? [] : rows.slice(0, count).map((at) => advance(at, integer(FLOAT * several))),
    ]);
  /** @type {(count: number) => Code} */
  const block = (count) => [
    // `count` rows of A with the panel at B
    set(b, get(B)),
    Array.from({ length: count }, (_, r) => [
      set(rows[r], r ? plus(get(rows[r - 1]), get(lda)) : get(a)),
      set(lines[r], r ? plus(get(lines[r - 1]), get(ldc)) : get(c)),
      sums[r].map((sum) => set(sum, splat(0))),
    ]),
    when(
      get(add),
      sums.slice(0, count).map((pair, r) => pair.map((sum, half) => set(sum, load(get(lines[r]), 16 * half)))),
    ),
    steps(count, 4, halved(get(K), 2)),
    steps(count, 1, masked(get(K), 3)),
    sums.slice(0, count).map((pair, r) => pair.map((sum, half) => store(get(lines[r]), get(sum), 16 * half))),
    advance(a, times(transposed ? integer(FLOAT) : get(lda), integer(count))),
    advance(c, times(get(ldc), integer(count))),
  ];
  f.body = repeat(n, halved(get(N), 3), [
    set(a, get(A)),
    set(c, get(C)),
    repeat(m, halved(get(M), 2), block(ROWS)),
    repeat(m, masked(get(M), 3), block(1)),
    advance(B, get(panel)),
    advance(A, get(down)),
    advance(C, get(right)),
    set(M, minus(get(M), get(fewer))),
  ]);
  return f;
}

/**
 * The bytes of the module.
 * @param {boolean} relaxed multiply and add with one instruction
 */
export function kernelModule(relaxed) {
  const madd = multiplyAdd(relaxed);
  return assemble([productCode("product", madd), patchCode("gather"), patchCode("scatter"), finishCode(madd)]);
}

/**
 * For each of `height` x `width` places: `lines` lines of 4 `vectors` numbers each, between an image and a row of a
 * matrix.
 * @param {"gather" | "scatter"} name
 */
export function patchCode(name) {
  const f = new Procedure(name, [
    "image",
    "rows",
    "height",
    "width",
    "lines",
    "vectors",
    "right",
    "down",
    "pitch",
    "row",
  ]);
  const { image, rows, height, width, lines, vectors, right, down, pitch, row } = f.parameter;
  const [y, x, line, v, place, patch, at, to] = Array.from({ length: 8 }, () => f.integer());
  f.body = repeat(y, get(height), [
    set(place, get(image)),
    repeat(x, get(width), [
      set(patch, get(place)),
      set(to, get(rows)),
      repeat(line, get(lines), [
        set(at, get(patch)),
        repeat(v, get(vectors), [
          name === "gather" ? store(get(to), load(get(at))) : store(get(at), vadd(load(get(at)), load(get(to)))),
          advance(at, integer(16)),
          advance(to, integer(16)),
        ]),
        advance(patch, get(pitch)),
      ]),
      advance(place, get(right)),
      advance(rows, get(row)),
    ]),
    advance(image, get(down)),
  ]);
  return f;
}

/**
 * p = 1 + exp(-x) of a vector x; t, whole: two more vectors to work with.
 * @param {(a: Code, b: Code, c: Code) => Code} madd @param {number} x @param {number} t @param {number} whole
 * @param {number} p
 * @returns {Code}
 */
export const reciprocalSigmoid = (madd, x, t, whole, p) => [
  // p = 1 + exp(-x): 2^whole * 2^t, the power of two added to the exponent's bits
  set(t, vmax(vmin(vmul(get(x), splat(-Math.LOG2E)), splat(125)), splat(-125))),
  set(whole, vnearest(get(t))),
  set(t, vsub(get(t), get(whole))),
  set(
    p,
    EXP2.slice(1).reduce((sum, c) => madd(sum, get(t), splat(c)), splat(EXP2[0])),
  ),
  set(p, vadd(addIntegers(madd(get(p), get(t), splat(1)), shiftLeft(toIntegers(get(whole)), integer(23))), splat(1))),
];

/** @param {(a: Code, b: Code, c: Code) => Code} madd */
export function finishCode(madd) {
  const f = new Procedure("finish", [
    "kind",
    "from",
    "to",
    "rows",
    "vectors",
    "leap",
    "jump",
    "bias",
    "scale",
    "shift",
  ]);
  const { kind, from, to, rows, vectors, leap, jump, bias, scale, shift } = f.parameter;
  const [i, v, at] = [f.integer(), f.integer(), f.integer()],
    [x, t, whole, p] = Array.from({ length: 4 }, () => f.vector());
  const exponential = reciprocalSigmoid(madd, x, t, whole, p);
  /** @type {Record<keyof typeof KINDS, Code>} */
  const activations = {
    none: [],
    relu: set(x, vmax(get(x), splat(0))),
    silu: [exponential, set(x, vdiv(get(x), get(p)))],
    sigmoid: [exponential, set(x, vdiv(splat(1), get(p)))],
  };
  /** @type {(table: number) => Code} */
  const along = (table) => load(plus(get(table), get(at)));
  f.body = Object.entries(KINDS).map(([name, number]) =>
    when(
      equal(get(kind), integer(number)),
      repeat(i, get(rows), [
        set(at, integer(0)),
        repeat(v, get(vectors), [
          set(x, vadd(along(from), along(bias))),
          activations[/** @type {keyof typeof KINDS} */ (name)],
          store(plus(get(to), get(at)), madd(get(x), along(scale), along(shift))),
          advance(at, integer(16)),
        ]),
        advance(from, get(leap)),
        advance(to, get(jump)),
      ]),
    ),
  );
  return f;
}

/**
 * The module's procedures, which take places and distances as indices.
 * @type {(exports: Omit<Kernels, "product"> & {product: AnyProduct}) => Kernels}
 */
export const inIndices = ({ product, gather, scatter, finish }) => ({
  product: (A, B, C, M, N, K) =>
    product(4 * A, 4 * B, 4 * C, M, N, K, 4 * K, 4 * PANEL, 4 * PANEL * K, 4 * N, 0, 0, 4 * PANEL, 0),
  gather: (image, rows, height, width, lines, vectors, right, down, pitch, row) =>
    gather(4 * image, 4 * rows, height, width, lines, vectors, 4 * right, 4 * down, 4 * pitch, 4 * row),
  scatter: (image, rows, height, width, lines, vectors, right, down, pitch, row) =>
    scatter(4 * image, 4 * rows, height, width, lines, vectors, 4 * right, 4 * down, 4 * pitch, 4 * row),
  finish: (kind, from, to, rows, vectors, leap, jump, bias, scale, shift) =>
    finish(kind, 4 * from, 4 * to, rows, vectors, 4 * leap, 4 * jump, 4 * bias, 4 * scale, 4 * shift),
});
