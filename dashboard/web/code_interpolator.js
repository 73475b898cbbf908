/* The codes of fixed images as a function of beta, fast enough to follow a finger.

   A multi-rate encoder is smooth in t = log beta. So its outputs are computed at the NODES Chebyshev points of t only,
   a few images at a time between frames, and the polynomial through them gives every beta between (barycentric form,
   Berrut and Trefethen 2004). At a node it is the network's own output; tests/e2e/test_lab.py measures the error
   elsewhere. A network of one beta is encoded once.

     const interpolator = new CodeInterpolator(network, images, n, onProgress);
     interpolator.codes(beta)      // {mean, logvar}, n * d each, overwritten by the next call; null until there are any
     interpolator.ready            // whether every node is there; before that, the nearest node's codes are given
   */

import { scaled, unscaled } from "./log_beta.js";

export const NODES = 13;
const SLICE = 16; // images encoded at a time

/** @typedef {{mean: Float32Array, logvar: Float32Array}} InterpolatedCodes n * d each; zeros for a point's variances */

/**
 * Interpolation weights of the Chebyshev nodes at t: they sum to 1, and are 0 and one 1 at a node.
 * @param {number} t
 */
export function chebyshevWeights(t, nodes = NODES) {
  const weights = new Float64Array(nodes);
  let total = 0;
  for (let k = 0; k < nodes; k++) {
    const angle = (Math.PI * (k + 0.5)) / nodes;
    const gap = t - Math.cos(angle);
    if (Math.abs(gap) < 1e-12) return weights.fill(0).fill(1, k, k + 1);
    weights[k] = ((k % 2 ? -1 : 1) * Math.sin(angle)) / gap;
    total += weights[k];
  }
  return weights.map((w) => w / total);
}

export class CodeInterpolator {
  /**
   * @param {Pick<import("./networks.js").Network, "conditioned" | "latentDim" | "encode">} network
   * @param {Float32Array} images n of them
   * @param {number} n
   * @param {() => void} onProgress called when a node is there
   */
  constructor(network, images, n, onProgress = () => {}) {
    this.network = network;
    this.images = images;
    this.n = n;
    this.onProgress = onProgress;
    this.size = n * network.latentDim;
    const count = network.conditioned ? NODES : 1;
    /** @type {{t: number, codes: InterpolatedCodes | null}[]} */
    this.nodes = Array.from({ length: count }, (_, k) => ({
      t: network.conditioned ? Math.cos((Math.PI * (k + 0.5)) / NODES) : 0,
      codes: null,
    }));
    this.mean = new Float32Array(this.size);
    this.logvar = new Float32Array(this.size);
    this.stopped = false;
  }

  get ready() {
    return this.nodes.every(({ codes }) => codes !== null);
  }

  /** Encode, nodes near beta first, giving the page its turn after every slice. */
  async fill(beta = 1) {
    const at = scaled(beta);
    for (const node of [...this.nodes].sort((a, b) => Math.abs(a.t - at) - Math.abs(b.t - at))) {
      const mean = new Float32Array(this.size),
        logvar = new Float32Array(this.size),
        d = this.network.latentDim,
        pixels = this.images.length / this.n;
      for (let start = 0; start < this.n; start += SLICE) {
        const count = Math.min(SLICE, this.n - start);
        const part = this.network.encode(
          this.images.subarray(start * pixels, (start + count) * pixels),
          count,
          unscaled(node.t),
        );
        mean.set(part.mean, start * d);
        if (part.logvar) logvar.set(part.logvar, start * d);
        await new Promise((resume) => setTimeout(resume));
        if (this.stopped) return;
      }
      node.codes = { mean, logvar };
      this.onProgress();
    }
  }

  /**
   * The codes at a weight, overwritten by the next call; null while there are none.
   * @param {number} beta
   * @returns {InterpolatedCodes | null}
   */
  codes(beta) {
    const t = scaled(beta),
      { mean, logvar, size, nodes } = this;
    if (!this.ready || nodes.length === 1) {
      const known = nodes.filter(({ codes }) => codes).sort((a, b) => Math.abs(a.t - t) - Math.abs(b.t - t));
      return known.length ? known[0].codes : null;
    }
    const weights = chebyshevWeights(t);
    mean.fill(0);
    logvar.fill(0);
    nodes.forEach(({ codes }, k) => {
      const w = weights[k];
      if (w && codes)
        for (let i = 0; i < size; i++) {
          mean[i] += w * codes.mean[i];
          logvar[i] += w * codes.logvar[i];
        }
    });
    return { mean, logvar };
  }

  stop() {
    this.stopped = true;
  }
}
