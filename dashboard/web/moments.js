/* Mean and spread of numbers. */

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

/**
 * The root mean square of the differences between two arrays of one length.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b
 */
export function rootMeanSquare(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / a.length);
}
