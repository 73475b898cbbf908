/* The standard normal's distribution function and its inverse. */

const LIMIT = 8; // standard deviations, beyond which nothing is looked for
const HALVINGS = 40;

/**
 * P(Z <= x), with an error below 1e-7 (Abramowitz & Stegun 26.2.17).
 * @param {number} x
 */
export function normalCdf(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    0.3989422804 *
    Math.exp((-x * x) / 2) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x < 0 ? tail : 1 - tail;
}

/**
 * The x with P(Z <= x) = u, by bisection.
 * @param {number} u in (0, 1)
 */
export function normalQuantile(u) {
  let low = -LIMIT,
    high = LIMIT;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < u) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
