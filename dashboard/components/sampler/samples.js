/* Both models' samples from the same noise: codes z = m + T L n, with n the noise, T the temperature and L L^T the
   covariance, as in core/latent/sampling.py. A mixture's component is chosen by a uniform number.

   Every change makes all pictures out of date; they are decoded again in turn, as many a frame as its time allows. */

import { GREY_28 } from "../../web/image.js";
import { CHUNK } from "../../web/layers.js";
import { SIDES } from "../../web/models.js";
import { Rng } from "../../web/random.js";

/** @import { SampleSettings, Side } from "../../web/data.js" */
/** @import { Format } from "../../web/image.js" */
/** @import { Network } from "../../web/networks.js" */
/**
 * A mixture of K Gaussians: means (K, d), Cholesky factors (K, d, d), and where the shares of its components end, (K).
 * @typedef {{means: Float32Array, roots: Float32Array, ends: Float32Array}} Density
 */
/** @typedef {{normal: Float64Array, uniform: Float64Array}} Noise n * d and n numbers */
/** @typedef {Pick<Network, "latentDim" | "decodeImage">} Decoder */

export const MOST = 64; // samples that the noise of one seed is for
const BUDGET = 9; // ms a frame may spend on decoding

/**
 * The noise of a seed, that of `Density.sample` in core/latent/sampling.py.
 * @param {number} seed @param {number} d
 * @returns {Noise}
 */
export function noiseOf(seed, d) {
  const rng = new Rng(seed);
  return {
    normal: Float64Array.from({ length: MOST * d }, () => rng.normal()),
    uniform: Float64Array.from({ length: MOST }, () => rng.uniform()),
  };
}

/**
 * N(0, I).
 * @param {number} d
 * @returns {Density}
 */
export function prior(d) {
  const roots = new Float32Array(d * d);
  for (let j = 0; j < d; j++) roots[j * d + j] = 1;
  return { means: new Float32Array(d), roots, ends: Float32Array.of(1) };
}

/**
 * One component of a mixture.
 * @param {Density} density @param {number} k @param {number} d
 * @returns {Density}
 */
export function only({ means, roots }, k, d) {
  return {
    means: means.subarray(k * d, (k + 1) * d),
    roots: roots.subarray(k * d * d, (k + 1) * d * d),
    ends: Float32Array.of(1),
  };
}

/**
 * The first n codes of a noise, (n, d).
 * @param {Density} density @param {Noise} noise @param {number} temperature @param {number} n @param {number} d
 */
export function codesOf({ means, roots, ends }, { normal, uniform }, temperature, n, d) {
  const z = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    let k = 0;
    while (k < ends.length - 1 && ends[k] < uniform[i]) k++;
    for (let j = 0; j < d; j++) {
      let sum = 0;
      for (let l = 0; l <= j; l++) sum += roots[(k * d + j) * d + l] * normal[i * d + l];
      z[i * d + j] = means[k * d + j] + temperature * sum;
    }
  }
  return z;
}

/**
 * What the codes of each model are drawn from. Codes of a class are fitted, so both models' are.
 * @param {Pick<SampleSettings, "source" | "vae_prior">} settings
 * @returns {Record<Side, string>}
 */
export const sourcesOf = ({ source, vae_prior }) => ({
  left: source,
  right: vae_prior && source !== "class" ? "prior" : source,
});

export class Samples {
  /**
   * @param {Format} [format] what the pictures are
   */
  constructor(format = GREY_28) {
    this.format = format;
    /** @type {Record<Side, Float32Array>} pictures */
    this.tiles = { left: new Float32Array(MOST * format.pixels), right: new Float32Array(MOST * format.pixels) };
  }

  /** @type {Record<Side, Decoder> | null} */
  networks = null;
  /** @type {Record<Side, Record<string, Density>>} by source */
  densities = { left: {}, right: {} };
  /** @type {Record<Side, Float32Array>} codes, (count, d) */
  codes = { left: new Float32Array(0), right: new Float32Array(0) };
  /** @type {Record<Side, Int32Array>} the version that each picture shows */
  shown = { left: new Int32Array(MOST), right: new Int32Array(MOST) };
  /** Of what the pictures should show; 0 before there is anything to show. */
  version = 0;
  count = 0;
  /** The next chunk to be decoded; chunks alternate between the models. */
  next = 0;
  /** @type {{seed: number, d: number, noise: Noise} | null} */
  drawn = null;

  /** @param {Record<Side, Decoder>} networks @param {Record<Side, Record<string, Density>>} densities */
  take(networks, densities) {
    Object.assign(this, { networks, densities, drawn: null });
  }

  /**
   * Draws codes by these settings; returns whether there is a density for both models.
   * @param {SampleSettings} settings @param {number} klass index of the class
   */
  draw(settings, klass) {
    const sources = sourcesOf(settings),
      { networks } = this;
    if (!networks) return false;
    /** @type {Partial<Record<Side, Float32Array>>} */
    const codes = {};
    for (const side of SIDES) {
      const d = networks[side].latentDim,
        noise = this.noise(settings.noise, d),
        whole = sources[side] === "prior" ? prior(d) : this.densities[side][sources[side]];
      if (!whole) return false;
      const density = sources[side] === "class" ? only(whole, klass, d) : whole;
      codes[side] = codesOf(density, noise, settings.temperature, settings.number, d);
    }
    Object.assign(this.codes, codes);
    this.count = settings.number;
    this.version++;
    return true;
  }

  /** @param {number} seed @param {number} d */
  noise(seed, d) {
    if (this.drawn?.seed !== seed || this.drawn.d !== d) this.drawn = { seed, d, noise: noiseOf(seed, d) };
    return this.drawn.noise;
  }

  /** Decodes what a frame has time for. Returns whether all pictures are up to date. */
  decode(budget = BUDGET) {
    const began = performance.now(),
      { networks } = this,
      chunks = 2 * Math.ceil(this.count / CHUNK);
    if (!networks) return false;
    for (let done = 0; done < chunks; done++) {
      const side = SIDES[this.next % 2],
        start = (this.next >> 1) * CHUNK,
        n = Math.min(CHUNK, this.count - start),
        d = networks[side].latentDim;
      this.next = (this.next + 1) % chunks;
      if (n <= 0 || this.shown[side][start] === this.version) continue;
      this.tiles[side].set(
        networks[side].decodeImage(this.codes[side].subarray(start * d, (start + n) * d), n),
        start * this.format.pixels,
      );
      this.shown[side].fill(this.version, start, start + n);
      if (performance.now() - began > budget) break;
    }
    return SIDES.every((side) => this.shown[side].subarray(0, this.count).every((v) => v === this.version));
  }
}
