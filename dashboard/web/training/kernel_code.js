/* The loops of training as WebAssembly vector instructions; those of ../kernel_code.js are in the same module. Every
   place and distance is in bytes here.

     multiply, multiplyT     C = A B, C = A' B with any distances; see `productCode` in ../kernel_code.js
     transpose(from, to, rows, columns, pitch, toPitch)     both numbers multiples of 4
     differentiate(kind, ...)     through y = activation(x + bias) * scale + shift, row by row:
         shift's gradient += g;  scale's += g activation;  x's = g scale activation';  bias's += x's
     combine(out, x, y, p, q, vectors)     out = p x + q y; out may be x or y
     adam(w, g, m, v, vectors, table)      one step of Adam; `table` holds its numbers

   relu' = [x > 0];  silu' = s (1 + x (1 - s)) with s = sigmoid(x). */

import {
  Procedure,
  advance,
  assemble,
  equal,
  get,
  halved,
  integer,
  load,
  loadSplat,
  pick,
  plus,
  repeat,
  set,
  splat,
  store,
  vadd,
  vand,
  vdiv,
  vgreater,
  vmul,
  vsqrt,
  vsub,
  when,
} from "../assembler.js";
import { finishCode, inIndices, multiplyAdd, patchCode, productCode, reciprocalSigmoid } from "../kernel_code.js";
import { KINDS } from "../kernels.js";

/** @import { Code } from "../assembler.js" */
/** @import { AnyProduct, Kernels } from "../kernels.js" */
/**
 * @typedef {object} TrainingKernels
 * @property {AnyProduct} multiply
 * @property {AnyProduct} multiplyT
 * @property {(from: number, to: number, rows: number, columns: number, pitch: number, toPitch: number) =>
 *   void} transpose
 * @property {(kind: number, raw: number, gradient: number, to: number, rows: number, vectors: number, leap: number,
 *   jump: number, pitch: number, bias: number, scale: number, biasGradient: number, scaleGradient: number,
 *   shiftGradient: number) => void} differentiate
 * @property {(out: number, x: number, y: number, factors: number, vectors: number) => void} combine
 * @property {(w: number, g: number, m: number, v: number, vectors: number, table: number) => void} adam
 */

/** Order of the numbers that `adam` reads. */
const ADAM = { beta1: 0, rest1: 1, beta2: 2, rest2: 3, rate: 4, correction: 5, epsilon: 6 };

/**
 * The bytes of the module: those of ../kernel_code.js, then those of training.
 * @param {boolean} relaxed multiply and add with one instruction
 */
export function trainingModule(relaxed) {
  const madd = multiplyAdd(relaxed);
  return assemble([
    productCode("product", madd),
    patchCode("gather"),
    patchCode("scatter"),
    finishCode(madd),
    productCode("productT", madd, true),
    transposeCode(),
    differentiateCode(madd),
    combineCode(madd),
    adamCode(madd),
  ]);
}

function transposeCode() {
  const f = new Procedure("transpose", ["from", "to", "rows", "columns", "pitch", "toPitch"]);
  const { from, to, rows, columns, pitch, toPitch } = f.parameter;
  const [i, j, at, out] = Array.from({ length: 4 }, () => f.integer());
  const source = Array.from({ length: 4 }, () => f.integer()),
    target = Array.from({ length: 4 }, () => f.integer());
  const x = Array.from({ length: 4 }, () => f.vector()),
    y = Array.from({ length: 4 }, () => f.vector());
  /** @type {(places: number[], first: number, by: number) => Code} */
  const lines = (places, first, by) =>
    places.map((place, r) => set(place, r ? plus(get(places[r - 1]), get(by)) : get(first)));
  f.body = repeat(i, halved(get(rows), 2), [
    set(at, get(from)),
    set(out, get(to)),
    repeat(j, halved(get(columns), 2), [
      lines(source, at, pitch),
      lines(target, out, toPitch),
      x.map((v, r) => set(v, load(get(source[r])))),
      [0, 2].map((r) => [
        set(y[r], pick(get(x[r]), get(x[r + 1]), 0, 4, 1, 5)),
        set(y[r + 1], pick(get(x[r]), get(x[r + 1]), 2, 6, 3, 7)),
      ]),
      target.map((place, r) =>
        store(get(place), pick(get(y[r >> 1]), get(y[(r >> 1) + 2]), ...(r % 2 ? [2, 3, 6, 7] : [0, 1, 4, 5]))),
      ),
      advance(at, integer(16)),
      advance(out, [get(toPitch), integer(2), 0x74]), // shifted left: four rows on
    ]),
    advance(from, [get(pitch), integer(2), 0x74]),
    advance(to, integer(16)),
  ]);
  return f;
}

/** @param {(a: Code, b: Code, c: Code) => Code} madd */
function differentiateCode(madd) {
  const f = new Procedure("differentiate", [
    ...["kind", "raw", "gradient", "to", "rows", "vectors", "leap", "jump", "pitch", "bias", "scale"],
    ...["biasGradient", "scaleGradient", "shiftGradient"],
  ]);
  const { kind, raw, gradient, to, rows, vectors, leap, jump, pitch, bias, scale } = f.parameter;
  const { biasGradient, scaleGradient, shiftGradient } = f.parameter;
  const [i, v, at] = [f.integer(), f.integer(), f.integer()],
    [x, g, y, slope, t, whole, p] = Array.from({ length: 7 }, () => f.vector());
  const one = splat(1);
  /** @type {Record<string, Code>} y = activation(x), slope = activation'(x) */
  const activations = {
    none: [set(y, get(x)), set(slope, one)],
    relu: [set(slope, vand(vgreater(get(x), splat(0)), one)), set(y, vmul(get(x), get(slope)))],
    silu: [
      reciprocalSigmoid(madd, x, t, whole, p),
      set(t, vdiv(one, get(p))),
      set(y, vmul(get(x), get(t))),
      set(slope, vmul(get(t), madd(get(x), vsub(one, get(t)), one))),
    ],
  };
  /** @type {(table: number) => Code} */
  const along = (table) => load(plus(get(table), get(at)));
  /** @type {(table: number, value: Code) => Code} */
  const collect = (table, value) => store(plus(get(table), get(at)), vadd(along(table), value));
  f.body = Object.entries(activations).map(([name, code]) =>
    when(
      equal(get(kind), integer(KINDS[/** @type {keyof typeof KINDS} */ (name)])),
      repeat(i, get(rows), [
        set(at, integer(0)),
        repeat(v, get(vectors), [
          set(x, vadd(along(raw), along(bias))),
          set(g, along(gradient)),
          code,
          collect(shiftGradient, get(g)),
          collect(scaleGradient, vmul(get(g), get(y))),
          set(g, vmul(vmul(get(g), along(scale)), get(slope))),
          collect(biasGradient, get(g)),
          store(plus(get(to), get(at)), get(g)),
          advance(at, integer(16)),
        ]),
        advance(raw, get(leap)),
        advance(gradient, get(jump)),
        advance(to, get(pitch)),
      ]),
    ),
  );
  return f;
}

/** @param {(a: Code, b: Code, c: Code) => Code} madd */
function combineCode(madd) {
  const f = new Procedure("combine", ["out", "x", "y", "factors", "vectors"]);
  const { out, x, y, factors, vectors } = f.parameter;
  const i = f.integer(),
    [p, q] = [f.vector(), f.vector()];
  f.body = [
    set(p, loadSplat(get(factors))),
    set(q, loadSplat(get(factors), 4)),
    repeat(i, get(vectors), [
      store(get(out), madd(get(p), load(get(x)), vmul(get(q), load(get(y))))),
      [out, x, y].map((place) => advance(place, integer(16))),
    ]),
  ];
  return f;
}

/** @param {(a: Code, b: Code, c: Code) => Code} madd */
function adamCode(madd) {
  const f = new Procedure("adam", ["w", "g", "m", "v", "vectors", "table"]);
  const { w, g, m, v, vectors, table } = f.parameter;
  const i = f.integer(),
    [first, second, slope] = [f.vector(), f.vector(), f.vector()];
  const number = Object.fromEntries(Object.keys(ADAM).map((name) => [name, f.vector()]));
  f.body = [
    Object.entries(ADAM).map(([name, place]) => set(number[name], loadSplat(get(table), 4 * place))),
    repeat(i, get(vectors), [
      set(slope, load(get(g))),
      set(first, madd(get(number.rest1), get(slope), vmul(get(number.beta1), load(get(m))))),
      set(second, madd(get(number.rest2), vmul(get(slope), get(slope)), vmul(get(number.beta2), load(get(v))))),
      store(get(m), get(first)),
      store(get(v), get(second)),
      store(
        get(w),
        vsub(
          load(get(w)),
          vdiv(
            vmul(get(number.rate), get(first)),
            madd(vsqrt(get(second)), get(number.correction), get(number.epsilon)),
          ),
        ),
      ),
      [w, g, m, v].map((place) => advance(place, integer(16))),
    ]),
  ];
  return f;
}

/**
 * The module's procedures, which take places and distances as indices.
 * @param {any} exports
 * @returns {Kernels & TrainingKernels}
 */
export function trainingInIndices(exports) {
  /** @type {(f: AnyProduct) => AnyProduct} */
  const product = (f) => (A, B, C, M, N, K, lda, ldb, panel, ldc, add, down, right, fewer) =>
    f(4 * A, 4 * B, 4 * C, M, N, K, 4 * lda, 4 * ldb, 4 * panel, 4 * ldc, add, 4 * down, 4 * right, fewer);
  return {
    ...inIndices(exports),
    multiply: product(exports.product),
    multiplyT: product(exports.productT),
    transpose: (from, to, rows, columns, pitch, toPitch) =>
      exports.transpose(4 * from, 4 * to, rows, columns, 4 * pitch, 4 * toPitch),
    differentiate: (kind, raw, gradient, to, rows, vectors, leap, jump, pitch, ...tables) =>
      exports.differentiate(
        ...[kind, 4 * raw, 4 * gradient, 4 * to, rows, vectors, 4 * leap, 4 * jump, 4 * pitch],
        ...tables.map((table) => 4 * table),
      ),
    combine: (out, x, y, factors, vectors) => exports.combine(4 * out, 4 * x, 4 * y, 4 * factors, vectors),
    adam: (w, g, m, v, vectors, table) => exports.adam(4 * w, 4 * g, 4 * m, 4 * v, vectors, 4 * table),
  };
}
