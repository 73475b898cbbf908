/* Numbers, measures and durations in words. */

/** A number with a minus instead of a hyphen. @param {number} value */
export const withMinus = (value) => String(value).replace("-", "−");

/** The same, rounded. @param {number} value */
export const signed = (value, digits = 1) => value.toFixed(digits).replace("-", "−");

/**
 * Three digits, or as many as asked for, without trailing zeros.
 * @param {number} x
 */
export function short(x, digits = 3) {
  return String(Number(x.toPrecision(digits)));
}

/**
 * Distortion, rate and their sum in nats per image, and the squared error; a point has no rate.
 * @param {{distortion: number, rate: number | null, neg_elbo: number | null, mse: number}} figures
 */
export function figuresInWords({ distortion, rate, neg_elbo, mse }) {
  const words = [`D ${signed(distortion)}`, `R ${rate === null ? "n/a" : rate.toFixed(1)}`];
  if (neg_elbo !== null) words.push(`−ELBO ${signed(neg_elbo)}`);
  return [...words, `squared error ${mse.toFixed(4)}`].join(" · ");
}

/** @param {number} seconds */
export const duration = (seconds) =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} minutes`;
