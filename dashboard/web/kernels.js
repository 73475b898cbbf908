/* The loops that take time, four numbers at a time: WebAssembly that is assembled here, and the same loops in
   JavaScript for browsers without its vector instructions, several times slower.

   A `Heap` is one stretch of float32 numbers; procedures are told places in it, as indices.

     product(A, B, C, M, N, K)      C (M, N) = A (M, K) B; B as `packed` lays it out, N a multiple of PANEL
                                    `productCode` has it with any distances, and with A transposed, for training
     gather(image, rows, ...)       patches of an image into the rows of a matrix (im2col); `scatter` adds rows to
                                    patches (col2im)
     finish(kind, from, to, ...)    to = activation(from + bias) * scale + shift, row by row

   The product computes four rows of A with eight columns of B at once, which needs as many registers as every processor
   has: six loads for eight multiply-adds. Eight columns of B, a panel, lie together, so that B is read from beginning
   to end. */

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

export const PANEL = 8;
const ROWS = 4;
const FLOAT = 4; // bytes
export const KINDS = { none: 0, relu: 1, silu: 2, sigmoid: 3 };
// 2^f = 1 + f * (...) for f in [-.5, .5], relative error below 2e-7 (Cephes, exp2f).
const EXP2 = [1.5353362e-4, 1.3398874e-3, 9.6184374e-3, 5.5503325e-2, 2.4022648e-1, 6.931472e-1];

/** @import { Code } from "./assembler.js" */
/**
 * The loops, told places on one heap: see above.
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

/* ---- as WebAssembly; every place and distance is in bytes here ---- */

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
 * The module's procedures, told places and distances as indices.
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

/* ---- the same in JavaScript; every place and distance is an index here ---- */

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

/* ---- memory ---- */

/** @returns {never} */
function unsealed() {
  throw new Error("a heap is used before it is sealed");
}

export class Heap {
  /** @type {WebAssembly.Module | null | undefined} */
  static compiled = undefined;

  /**
   * The bytes of the module.
   * @param {boolean} relaxed
   */
  static code(relaxed) {
    return kernelModule(relaxed);
  }

  /**
   * The fastest module that this browser takes; null where it has no vector instructions, or the page forbids
   * WebAssembly.
   */
  static get module() {
    if (!Object.hasOwn(this, "compiled") || this.compiled === undefined) {
      this.compiled = null;
      for (const relaxed of [true, false])
        try {
          this.compiled ??= new WebAssembly.Module(/** @type {BufferSource} */ (this.code(relaxed)));
        } catch {
          // tried again with less, or left to JavaScript
        }
    }
    return this.compiled;
  }

  constructor() {
    this.size = 0;
    /** @type {[number, ArrayLike<number>][]} */
    this.contents = [];
    this.floats = new Float32Array(0);
    /** @type {Kernels["product"]} */
    this.product = unsealed;
    /** @type {Patches} */
    this.gather = unsealed;
    /** @type {Patches} */
    this.scatter = unsealed;
    /** @type {Kernels["finish"]} */
    this.finish = unsealed;
  }

  /**
   * Room for numbers, all 0, or for these ones; returns their place. There is always a little room behind them, since
   * loops read and write four at a time. Places are given out before `seal` and used after it.
   * @param {number | ArrayLike<number>} what how many, or which
   */
  take(what) {
    const at = this.size;
    if (typeof what !== "number") this.contents.push([at, what]);
    this.size = upTo(at + (typeof what === "number" ? what : what.length) + 4, 4);
    return at;
  }

  seal() {
    const { module } = /** @type {typeof Heap} */ (this.constructor);
    if (module) {
      const memory = new WebAssembly.Memory({ initial: Math.ceil((FLOAT * this.size) / 65536) });
      const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
      this.floats = new Float32Array(memory.buffer);
      this.offer(exports);
    } else {
      this.floats = new Float32Array(this.size);
      this.offer(null);
    }
    for (const [at, values] of this.contents) this.floats.set(values, at);
    this.contents = [];
  }

  /**
   * Makes the module's procedures methods of this heap; without a module, the same in JavaScript.
   * @param {any} exports
   */
  offer(exports) {
    Object.assign(this, exports ? inIndices(exports) : plain(this.floats));
  }
}
