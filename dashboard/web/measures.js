/* Measures and durations in words. */

/**
 * Distortion, rate and their sum in nats per image, and the squared error; a point has no rate.
 * @param {{distortion: number, rate: number | null, neg_elbo: number | null, mse: number}} figures
 */
export function figuresInWords({ distortion, rate, neg_elbo, mse }) {
  const words = [`D ${distortion.toFixed(1)}`, `R ${rate === null ? "n/a" : rate.toFixed(1)}`];
  if (neg_elbo !== null) words.push(`−ELBO ${neg_elbo.toFixed(1)}`);
  return [...words, `squared error ${mse.toFixed(4)}`].join(" · ");
}

/** @param {number} seconds */
export const duration = (seconds) =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} minutes`;
