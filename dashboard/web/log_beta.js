/* The scale of the KL weight that multi-rate networks take: log beta, scaled to [-1, 1] over the range that they are
   trained for, as in core/models/multirate.py. */

export const BETA_RANGE = [0.1, 10]; // core/config.py

/** @param {number} beta */
export function scaled(beta) {
  const [low, high] = BETA_RANGE.map(Math.log);
  return (2 * (Math.log(beta) - low)) / (high - low) - 1;
}

/** @param {number} t */
export function unscaled(t) {
  const [low, high] = BETA_RANGE.map(Math.log);
  return Math.exp(low + ((t + 1) / 2) * (high - low));
}
