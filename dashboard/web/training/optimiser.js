/* The optimisers of core/training/optimisation.py:

     Adam     m <- .9 m + .1 g;  v <- .999 v + .001 g^2;  w <- w - rate m / (1 - .9^t) / (sqrt(v / (1 - .999^t)) + 1e-8)
     Muon     M <- .9 M + .1 g;  G = .9 M + .1 g;         w <- w - rate .2 sqrt(longer side) (G G')^(-1/2) G
     mean     mean <- d mean + (1 - d) w                  d = min(decay, (t + 1) / (t + 10)) after step t = 0, 1, ...

   (G G')^(-1/2), or (G' G)^(-1/2) on the right, whichever is the smaller matrix, comes from three Newton-Schulz
   iterations on A = G G' / |G|^2, as `inverse_roots` there:

     P = a + b A + c A^2;    Q <- P Q;    A <- P A P

   All of these are polynomials in one symmetric matrix: they commute, and of every product the half above the
   diagonal is known from the half below. */

import { PANEL } from "../kernels.js";

/** @import { TrainingHeap } from "./heap.js" */
/** @import { Parameter, Parameters } from "./parameters.js" */
/** @import { Share } from "./shares.js" */

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];
const MOMENTUM = 0.9;
const QUINTIC = [3.4445, -4.775, 2.0315];
const ITERATIONS = 3;

/** Room that optimisers need on the heap; to be made before it is sealed, once the parameters are known. */
export class Optimiser {
  /** @param {TrainingHeap} heap @param {Parameters} parameters @param {number} decay of the running mean; 0 for none */
  constructor(heap, parameters, decay) {
    this.heap = heap;
    this.parameters = parameters;
    this.decay = decay;
    this.steps = 0;
    this.matrices = parameters.all.filter(({ muon }) => muon);
    const sizes = this.matrices.map(({ rows, columns }) => rows * columns),
      squares = this.matrices.map(({ rows, columns }) => Math.min(rows, columns) ** 2);
    const [long, small] = [Math.max(0, ...sizes), Math.max(0, ...squares)];
    this.table = heap.take(8);
    this.ahead = heap.take(long);
    this.panels = heap.take(Math.max(long, small));
    this.gram = heap.take(small);
    this.factor = heap.take(small);
    this.root = heap.take(small);
    this.spare = heap.take(small);
  }

  /**
   * Moves weights along their gradients: all, or one worker's share.
   * @param {number} rate @param {Pick<Share, "adam" | "matrices">} [share]
   */
  move(rate, { adam, matrices } = { adam: [0, this.parameters.adamLength], matrices: this.matrices }) {
    this.adam(rate, ++this.steps, adam);
    for (const matrix of matrices) this.muon(matrix, rate);
  }

  /** Brings the running mean of all weights up to date, after a move. */
  average() {
    const { heap, parameters, decay, steps } = this;
    if (!decay) return;
    const d = Math.min(decay, steps / (steps + 9));
    heap.combine(parameters.mean, d, parameters.mean, 1 - d, parameters.weights, parameters.length);
  }

  /** @param {number} rate @param {number} t counted from 1 @param {Share["adam"]} range */
  adam(rate, t, [from, end]) {
    const { weights, gradients, first, second } = this.parameters;
    this.heap.floats.set(
      [...[BETA1, 1 - BETA1, BETA2, 1 - BETA2], ...[rate / (1 - BETA1 ** t), 1 / Math.sqrt(1 - BETA2 ** t), EPSILON]],
      this.table,
    );
    this.heap.adam(...[weights + from, gradients + from, first + from, second + from, (end - from) / 4, this.table]);
  }

  /** @param {Parameter} matrix @param {number} rate */
  muon({ at, rows, columns, shape }, rate) {
    const { heap, parameters, ahead, panels, gram, root } = this;
    const [w, g, average] = [parameters.weights, parameters.gradients, parameters.first].map((stretch) => stretch + at);
    const length = rows * columns;
    heap.combine(average, MOMENTUM, average, 1 - MOMENTUM, g, length);
    heap.combine(ahead, MOMENTUM, average, 1 - MOMENTUM, g, length);
    const size = Math.min(rows, columns),
      wide = rows < columns,
      symmetric = /** @type {const} */ ([PANEL * size + PANEL, PANEL]);
    if (wide) {
      heap.packTransposed(ahead, panels, rows, columns);
      heap.multiply(
        ...[ahead, panels, gram, size, size, columns, columns, PANEL, PANEL * columns, size, 0],
        ...[PANEL * columns, ...symmetric],
      );
    } else
      heap.multiplyT(
        ...[ahead, ahead, gram, size, size, rows, columns, columns, PANEL, size, 0],
        ...[PANEL, ...symmetric],
      );
    this.mirror(gram, size);
    this.inverseRoot(size, -rate * 0.2 * Math.sqrt(Math.max(...shape)));
    if (wide) heap.multiply(root, ahead, w, rows, columns, rows, rows, columns, PANEL, columns, 1, 0, PANEL, 0);
    else {
      heap.pack(root, panels, size, size);
      heap.timesPacked(ahead, panels, w, rows, columns, columns, columns, true);
    }
  }

  /**
   * From a Gram matrix in `gram`, which is used up, to `factor` times its root's inverse in `root`.
   * @param {number} size @param {number} factor
   */
  inverseRoot(size, factor) {
    const { heap, gram, panels, factor: P, root, spare } = this,
      { floats } = heap,
      [a, b, c] = QUINTIC,
      length = size * size;
    let trace = 0;
    for (let i = 0; i < length; i += size + 1) trace += floats[gram + i];
    const squares = Math.max(trace, 1e-14); // |G|^2
    heap.combine(gram, 1 / squares, gram, 0, gram, length);
    for (let i = 0; i < ITERATIONS; i++) {
      heap.pack(gram, panels, size, size);
      this.half(gram, spare, size); // A^2
      heap.combine(P, b, gram, c, spare, length);
      for (let k = 0; k < length; k += size + 1) floats[P + k] += a;
      const last = i + 1 === ITERATIONS;
      if (!last) this.half(P, spare, size); // P A
      heap.pack(P, panels, size, size);
      if (!last) this.half(spare, gram, size); // P A P
      if (i) {
        this.half(root, spare, size);
        floats.copyWithin(root, spare, spare + length);
      } else heap.combine(root, factor / Math.sqrt(squares), P, 0, P, length);
    }
  }

  /**
   * `to` = a symmetric matrix times the one in `panels`, where that product is symmetric.
   * @param {number} from @param {number} to @param {number} size
   */
  half(from, to, size) {
    this.heap.multiply(
      ...[from, this.panels, to, size, size, size, size, PANEL, PANEL * size, size, 0],
      ...[PANEL * size, PANEL * size + PANEL, PANEL],
    );
    this.mirror(to, size);
  }

  /** What lies below the diagonal's blocks, to above them. @param {number} at @param {number} size */
  mirror(at, size) {
    for (let n = 0; n + PANEL < size; n += PANEL)
      this.heap.transpose(at + (n + PANEL) * size + n, at + n * size + n + PANEL, size - n - PANEL, PANEL, size, size);
  }
}
