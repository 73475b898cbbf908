/* What is minimised, and its gradients: core/models/objectives.py and core/models/posteriors.py, in nats per image.

     D = -log p(x|z)        Bernoulli:  sum of softplus(l) - l x                      D' = s - x,  s = sigmoid(l)
                            Gaussian:   sum of (x - s)^2 / (2 sigma^2) + constant     D' = (s - x) s (1 - s) / sigma^2
     constant: P (log sigma + log(2 pi) / 2) for P numbers; a learned sigma ("calibrated"): by log sigma
     P - |x - s|^2 / sigma^2
     R = KL = sum of (mu^2 + e^v - 1 - v) / 2             by mu: mu                   by v: (e^v - 1) / 2
     z = mu + e^(v/2) noise                               by mu: z'                   by v: z' noise e^(v/2) / 2
     loss = mean over images of D + beta R

   A point (AE) has z = mu and no R. v is kept within LOGVAR_RANGE; outside it has no gradient. */

/** @import { Likelihood } from "../posterior.js" */

export const GAUSSIAN_SIGMA = 0.1; // core/models/objectives.py
export const LOGVAR_RANGE = [-12, 6]; // core/models/posteriors.py
const LOG_SIGMA = Math.log(GAUSSIAN_SIGMA);
const HALF_LOG_TAU = 0.5 * Math.log(2 * Math.PI);
const TOGETHER = 112; // pixels whose factors, each in [1/2, 1], are multiplied before one logarithm

/**
 * D of an image of P numbers; the sigmoids give way to `weight` times its gradient by the logits.
 * @param {Likelihood} likelihood @param {Float32Array} logits @param {Float32Array} sigmoids in, and the gradient out
 * @param {Float32Array} image in [0, 1] @param {number} weight
 * @param {number} [logSigma] of the noise, where it is learned
 */
export function distortionGradient(likelihood, logits, sigmoids, image, weight, logSigma = LOG_SIGMA) {
  const pixels = image.length;
  let sum = 0;
  if (likelihood !== "bernoulli") {
    const variance = likelihood === "gaussian" ? GAUSSIAN_SIGMA ** 2 : Math.exp(2 * logSigma),
      scale = weight / variance;
    for (let i = 0; i < pixels; i++) {
      const s = sigmoids[i],
        error = s - image[i];
      sum += error * error;
      sigmoids[i] = scale * error * s * (1 - s);
    }
    return sum / (2 * variance) + pixels * (logSigma + HALF_LOG_TAU);
  }
  // softplus(l) = max(l, 0) - log max(s, 1 - s)
  for (let start = 0; start < pixels; start += TOGETHER) {
    const end = Math.min(start + TOGETHER, pixels);
    let product = 1;
    for (let i = start; i < end; i++) {
      const l = logits[i],
        s = sigmoids[i],
        x = image[i];
      sum += (l > 0 ? l : 0) - l * x;
      product *= s > 0.5 ? s : 1 - s;
      sigmoids[i] = weight * (s - x);
    }
    sum -= Math.log(product);
  }
  return sum;
}

/**
 * The derivative of an image's D by log sigma, from D itself: P - |x - s|^2 / sigma^2.
 * @param {number} distortion @param {number} pixels P @param {number} logSigma
 */
export const sigmaGradient = (distortion, pixels, logSigma) =>
  pixels - 2 * (distortion - pixels * (logSigma + HALF_LOG_TAU));

/**
 * Codes of n images and their rates.
 * @param {number} n @param {number} d @param {Float32Array} mean n * d
 * @param {Float32Array | null} logvar n * d, brought into its range; null for points
 * @param {Float32Array} noise n * d @param {Float32Array} z n * d, out @param {Float32Array} rates n * d, out
 */
export function sampleCodes(n, d, mean, logvar, noise, z, rates) {
  if (!logvar) return void z.set(mean.subarray(0, n * d));
  const [low, high] = LOGVAR_RANGE;
  for (let i = 0; i < n * d; i++) {
    const v = (logvar[i] = Math.min(high, Math.max(low, logvar[i])));
    z[i] = mean[i] + Math.exp(0.5 * v) * noise[i];
    rates[i] = 0.5 * (mean[i] * mean[i] + Math.expm1(v) - v);
  }
}

/**
 * What of beta R is charged for: all, or with free bits only what a dimension's mean over the batch, weighted with
 * beta, exceeds (Kingma et al. 2016, appendix C.8). Returns the loss's part, summed over the images.
 * @param {number} n @param {number} d @param {Float32Array} rates n * d
 * @param {ArrayLike<number>} betas one per image @param {number} freeBits
 * @param {Uint8Array} charged d, out: 1 for a dimension with a gradient
 */
export function chargedRate(n, d, rates, betas, freeBits, charged) {
  let total = 0,
    free = 0;
  for (let b = 0; b < n; b++) free += freeBits * betas[b];
  for (let j = 0; j < d; j++) {
    let sum = 0;
    for (let b = 0; b < n; b++) sum += betas[b] * rates[b * d + j];
    charged[j] = Number(!freeBits || sum >= free);
    total += freeBits ? Math.max(sum, free) : sum;
  }
  return total;
}

/**
 * The gradients of mean and log variance, from that of z.
 * @param {number} n @param {number} d @param {Float32Array} mean @param {Float32Array | null} logvar within its range
 * @param {Float32Array} noise @param {Float32Array} toZ the gradient of z; gives way to that of the mean
 * @param {Float32Array} toLogvar out @param {ArrayLike<number>} betas one per image, times the weight of an image
 * @param {Uint8Array} charged see `chargedRate`
 */
export function codeGradient(n, d, mean, logvar, noise, toZ, toLogvar, betas, charged) {
  if (!logvar) return;
  const [low, high] = LOGVAR_RANGE;
  for (let b = 0, i = 0; b < n; b++)
    for (let j = 0; j < d; j++, i++) {
      const v = logvar[i],
        weight = betas[b] * charged[j];
      toLogvar[i] = v > low && v < high ? 0.5 * (toZ[i] * noise[i] * Math.exp(0.5 * v) + weight * Math.expm1(v)) : 0;
      toZ[i] += weight * mean[i];
    }
}
