/* The loops of training, on the same heap as those of kernels.js: WebAssembly vector instructions, or JavaScript.

     multiply, multiplyT     C = A B, C = A' B with any distances; see `productCode` in kernels.js
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
import {
  Heap,
  KINDS,
  PANEL,
  finishCode,
  inIndices,
  multiplyAdd,
  patchCode,
  plain,
  plainProduct,
  productCode,
  reciprocalSigmoid,
} from "../kernels.js";

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
 * The bytes of the module: the procedures of kernels.js, then those of training.
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
 * The module's procedures, told places and distances as indices.
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

/** @returns {never} */
function unsealed() {
  throw new Error("a heap is used before it is sealed");
}

/** A heap with the loops of training. */
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
