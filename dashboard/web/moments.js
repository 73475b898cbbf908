/* Mean and spread of a column of numbers. */

/**
 * Mean and standard deviation of column `j` of a matrix of `columns` columns, row by row in one array.
 * @param {ArrayLike<number>} values (n, columns)
 * @param {number} columns
 * @param {number} j
 * @param {number} [lost] degrees of freedom: 0 divides by n, 1 by n - 1
 */
export function moments(values, columns, j, lost = 0) {
  const n = values.length / columns;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i * columns + j];
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i * columns + j] - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / (n - lost)) };
}
