/* Posterior and objective of one image, in nats, as in core/models/posteriors.py and core/models/objectives.py; seeded
   noise. */

/** @typedef {"bernoulli" | "gaussian" | "calibrated"} Likelihood */

const GAUSSIAN_SIGMA = 0.1; // core/models/objectives.py
export const SIGMA_SCALE = 10; // SharedSigma there

/**
 * sigma = exp(logvar / 2); zeros for a point.
 * @param {ArrayLike<number> | null} logvar @param {number} size
 */
export function stddev(logvar, size) {
  const out = new Float32Array(size);
  if (logvar) for (let i = 0; i < size; i++) out[i] = Math.exp(0.5 * logvar[i]);
  return out;
}

/**
 * KL(N(mean, sigma^2) || N(0, 1)) per dimension, in nats; null for a point, which has none.
 * @param {Float32Array} mean
 * @param {ArrayLike<number> | null} logvar
 */
export function klPerDim(mean, logvar) {
  return logvar && mean.map((m, i) => 0.5 * (m * m + Math.exp(logvar[i]) - 1 - logvar[i]));
}

/**
 * z = mean + sigma * noise; the mean itself for a point.
 * @param {Float32Array} mean @param {ArrayLike<number> | null} logvar @param {ArrayLike<number>} noise
 */
export function reparameterise(mean, logvar, noise) {
  return logvar ? mean.map((m, i) => m + Math.exp(0.5 * logvar[i]) * noise[i]) : mean.slice();
}

/** @param {number} l a logit */
export const sigmoid = (l) => 1 / (1 + Math.exp(-l));

/**
 * -log p(x|z) of one image from its logits, in nats.
 * @param {ArrayLike<number>} logits @param {ArrayLike<number>} image @param {Likelihood} likelihood
 * @param {number} logSigma of the observation noise, if it is learned ("calibrated")
 */
export function distortion(logits, image, likelihood = "bernoulli", logSigma = 0) {
  const sigma = likelihood === "calibrated" ? Math.exp(logSigma) : GAUSSIAN_SIGMA;
  let sum = 0;
  for (let i = 0; i < image.length; i++) {
    const l = logits[i];
    if (likelihood === "bernoulli") sum += Math.max(l, 0) - l * image[i] + Math.log1p(Math.exp(-Math.abs(l)));
    else sum += 0.5 * ((image[i] - sigmoid(l)) / sigma) ** 2 + Math.log(sigma) + 0.5 * Math.log(2 * Math.PI);
  }
  return sum;
}

/** A function that returns standard normal numbers, the same ones for the same seed (mulberry32, Box-Muller). */
export function normals(seed = 0) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
