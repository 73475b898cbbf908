/* How several workers divide the step of the optimisers: each moves the parameters of its own share, for which it gets
   the other workers' gradients, and sends them the new weights. Adam moves numbers one by one: its stretch is cut into
   equal pieces. Muon moves whole matrices: the costliest first, each to the worker that has least to do. */

/** @import { Parameter, Parameters } from "./parameters.js" */
/**
 * What one worker moves. `adam` and `ranges` are places in each stretch of the parameters: from, and up to.
 * @typedef {{adam: [number, number], matrices: Parameter[], ranges: [number, number][], length: number}} Share
 */

/** Multiply-adds of Muon, about: a Gram matrix, its root and their product. @param {Parameter} matrix */
function cost({ rows, columns }) {
  const size = Math.min(rows, columns);
  return size * size * (1.5 * Math.max(rows, columns) + 4 * size);
}

/** @param {Parameters} parameters laid out @param {number} workers @returns {Share[]} */
export function sharesOf(parameters, workers) {
  const { adamLength, all } = parameters,
    /** @type {(worker: number) => number} a multiple of four */
    cut = (worker) => 4 * Math.floor((worker * adamLength) / workers / 4);
  const costs = new Float64Array(workers);
  /** @type {Share[]} */
  const shares = Array.from(costs, (_, i) => {
    const adam = /** @type {[number, number]} */ ([cut(i), i + 1 < workers ? cut(i + 1) : adamLength]);
    return { adam, matrices: [], ranges: [adam], length: adam[1] - adam[0] };
  });
  for (const matrix of all.filter(({ muon }) => muon).sort((a, b) => cost(b) - cost(a))) {
    const least = costs.indexOf(Math.min(...costs)),
      length = matrix.rows * matrix.columns;
    costs[least] += cost(matrix);
    shares[least].matrices.push(matrix);
    shares[least].ranges.push([matrix.at, matrix.at + length]);
    shares[least].length += length;
  }
  return shares;
}
