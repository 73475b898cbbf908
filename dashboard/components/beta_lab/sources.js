/* The networks that the lab's pictures are made by: the multi-rate model, and the trained run whose own network takes
   its place while the knob rests on its weight. */

import { CodeInterpolator } from "../../web/code_interpolator.js";
import { loadNetwork } from "../../web/networks.js";
import { byRate } from "./lab_views.js";

/** @import { CurvePoint, TrainedBeta } from "../../web/data.js" */
/** @import { Network } from "../../web/networks.js" */
/** A network that is being trained in this page. @typedef {TrainedBeta & {network: Network}} LiveBeta */
/**
 * A network that pictures are made by, its codes, and its units by their rate.
 * @typedef {{network: Network, run: TrainedBeta | null, interpolator: CodeInterpolator, dims: number[]}} Source
 */

export class Sources {
  /** @type {Network | null} the multi-rate model */
  network = null;
  /** @type {Source | null} the multi-rate model as a source of pictures */
  base = null;
  /** @type {(Source & {run: TrainedBeta}) | null} a trained run's network, if it is on screen */
  real = null;
  /** Why a trained network is not on screen, for people. */
  failed = "";
  /** @type {Float32Array} images whose codes are shown */
  images = new Float32Array(0);
  count = 0;
  /** @type {Map<Network, CodeInterpolator>} */
  interpolators = new Map();
  /** @type {(() => void)[] | null} encodings that wait until all pictures have been drawn once; null after that */
  later = [];

  /**
   * @param {() => number} beta the weight under the knob
   * @param {() => void} changed called when pictures have to be made again
   * @param {(nodes: number) => void} encoded called with the number of weights that there are codes for
   */
  constructor(beta, changed, encoded) {
    this.beta = beta;
    this.changed = changed;
    this.encoded = encoded;
  }

  /** The network that pictures are made by now. */
  get shown() {
    return this.real ?? this.base;
  }

  /**
   * Other images, or another multi-rate model.
   * @param {Network | null} network @param {CurvePoint[]} curve its figures
   * @param {Float32Array} images @param {number} count of images
   */
  take(network, curve, images, count) {
    this.stop();
    Object.assign(this, { network, images, count, real: null });
    this.base = network && {
      network,
      run: null,
      interpolator: this.interpolatorOf(network),
      dims: byRate(curve.map(({ rate_per_dim }) => rate_per_dim)),
    };
  }

  /** @param {Network} network @returns {CodeInterpolator} */
  interpolatorOf(network) {
    const known = this.interpolators.get(network);
    if (known) return known;
    const made = new CodeInterpolator(network, this.images, this.count, () => {
      this.encoded(made.nodes.filter(({ codes }) => codes).length);
      this.changed();
    });
    this.interpolators.set(network, made);
    const fill = () => void made.fill(this.beta());
    if (this.later) this.later.push(fill);
    else fill();
    return made;
  }

  /** All pictures have been drawn: the clouds are next. */
  drawn() {
    for (const fill of this.later ?? []) fill();
    this.later = null;
  }

  /**
   * Puts a trained run's network on screen as soon as it is there, or the prediction.
   * @param {() => TrainedBeta | LiveBeta | undefined} wanted the run, asked again when its network has arrived
   * @param {number} latentDim
   */
  async choose(wanted, latentDim) {
    const run = wanted();
    if (!run || this.real?.run.run_id === run.run_id) {
      if (this.base && this.real && !run) this.show(null);
      return;
    }
    this.failed = "";
    try {
      if ("network" in run) {
        const { network } = run;
        this.show({
          run,
          network,
          interpolator: this.interpolatorOf(network),
          dims: this.base?.dims ?? byRate([run.rate_per_dim]),
        });
        return;
      }
      if (this.base && this.real && !("network" in this.real.run)) this.show(null);
      const network = await loadNetwork(run.weights);
      if (wanted()?.run_id !== run.run_id) return;
      if (network.latentDim !== latentDim) throw new Error("another latent size");
      this.show({ run, network, interpolator: this.interpolatorOf(network), dims: byRate([run.rate_per_dim]) });
    } catch (error) {
      this.failed = `${run.run_id} could not be loaded (${/** @type {Error} */ (error).message}). `;
      this.changed();
    }
  }

  /** @param {Sources["real"]} real */
  show(real) {
    const before = this.real;
    if (before && "network" in before.run && before.network !== real?.network) {
      before.interpolator.stop(); // of a network in training there are many
      this.interpolators.delete(before.network);
    }
    this.real = real;
    this.changed();
  }

  stop() {
    for (const interpolator of this.interpolators.values()) interpolator.stop();
    this.interpolators.clear();
  }
}
