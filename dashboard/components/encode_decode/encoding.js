/* What a model makes of one image: its code, codes sampled from it, what they decode to, and the figures of all that.

   D = -log p(x|z), averaged over the samples that are decoded, and R = KL(q(z|x) || p(z)), both in nats; D + R is the
   negative ELBO. */

import { moments } from "../../web/moments.js";
import { distortion, klPerDim, normals, reparameterise, stddev } from "../../web/posterior.js";

/** @import { Format } from "../../web/image.js" */
/** @import { Network } from "../../web/networks.js" */
/**
 * @typedef {object} Outcome
 * @property {boolean} isCloud whether the code is a Gaussian
 * @property {Float32Array} mean of the code, (d,)
 * @property {Float32Array} sigma its standard deviations, zeros for a point
 * @property {Float32Array} codes DRAWS sampled codes, (DRAWS, d)
 * @property {Float32Array} logits the first SHOWN of them decoded, one after another; the network's own
 * @property {Float32Array} decoded the mean decoded, in [0, 1]; the network's own
 * @property {Float32Array} error decoded minus image
 * @property {number} nats D
 * @property {number | null} rate R; null for a point
 * @property {number} squared mean squared error of `decoded`
 * @property {number} largest the largest difference of two sampled codes in any number
 * @property {Float32Array} deviation standard deviations of the sampled codes
 */

export const DRAWS = 50;
export const SHOWN = 8; // of which this many are decoded

/**
 * @param {Pick<Network, "latentDim" | "encode" | "decode" | "decodeImage" | "isCloud" | "config" | "logSigma">} network
 * @param {Float32Array} image @param {number} seed of the samples
 * @param {boolean} again whether the image is really encoded once for every sample, instead of once
 * @returns {Outcome}
 */
export function encodeDecode(network, image, seed, again) {
  const d = network.latentDim,
    encoded = network.encode(image),
    mean = encoded.mean.slice(),
    logvar = encoded.logvar && encoded.logvar.slice(),
    sigma = stddev(logvar, d);
  const means = again ? network.encode(repeat(image, DRAWS), DRAWS).mean : repeat(mean, DRAWS);
  const next = normals(seed),
    codes = new Float32Array(DRAWS * d);
  for (let i = 0; i < DRAWS; i++) {
    const noise = Float32Array.from({ length: d }, next);
    codes.set(reparameterise(means.subarray(i * d, (i + 1) * d), logvar, noise), i * d);
  }
  const logits = network.decode(codes, SHOWN);
  const { likelihood } = network.config,
    logSigma = network.logSigma();
  let nats = 0;
  for (let i = 0; i < SHOWN; i++)
    nats += distortion(logits.subarray(i * image.length), image, likelihood, logSigma) / SHOWN;
  const decoded = network.decodeImage(mean),
    error = decoded.map((value, i) => value - image[i]);
  return {
    isCloud: network.isCloud,
    mean,
    sigma,
    codes,
    logits,
    decoded,
    error,
    nats,
    rate: klPerDim(mean, logvar)?.reduce((sum, value) => sum + value, 0) ?? null,
    squared: error.reduce((sum, value) => sum + value * value, 0) / image.length,
    ...spread(codes, d),
  };
}

/**
 * `values`, n times in a row.
 * @param {Float32Array} values @param {number} n
 */
export function repeat(values, n) {
  const out = new Float32Array(n * values.length);
  for (let i = 0; i < n; i++) out.set(values, i * values.length);
  return out;
}

/**
 * Of codes (n, d): the largest difference in any number, and the standard deviations.
 * @param {Float32Array} codes @param {number} d
 */
export function spread(codes, d) {
  const deviation = Float32Array.from({ length: d }, (_, j) => moments(codes, d, j, 1).deviation);
  let largest = 0;
  for (let j = 0; j < d; j++) {
    let low = Infinity,
      high = -Infinity;
    for (let i = j; i < codes.length; i += d) {
      low = Math.min(low, codes[i]);
      high = Math.max(high, codes[i]);
    }
    largest = Math.max(largest, high - low);
  }
  return { largest, deviation };
}

/**
 * An image moved by whole pixels, of the ground's colour where nothing was.
 * @param {ArrayLike<number>} image @param {[number, number]} by right, down @param {Format} format
 * @param {ArrayLike<number>} ground of each channel
 */
export function shifted(image, [right, down], { channels, side, area, pixels }, ground = [0, 0, 0]) {
  const moved = new Float32Array(pixels);
  for (let c = 0, to = 0; c < channels; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++, to++) {
        const fromX = x - right,
          fromY = y - down,
          inside = fromX >= 0 && fromY >= 0 && fromX < side && fromY < side;
        moved[to] = inside ? image[c * area + fromY * side + fromX] : ground[c];
      }
  return moved;
}
