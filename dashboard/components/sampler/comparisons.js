/* What samples are compared with when they rest: the training images, and what a classifier takes them for. */

import { loadJudge } from "../../web/judge.js";
import { CHUNK } from "../../web/layers.js";
import { SIDES } from "../../web/models.js";
import { notLoaded } from "../../web/problems.js";
import { loadReference } from "../../web/reference.js";

/** @import { SamplerData, SampleSettings, Side } from "../../web/data.js" */
/** @import { Judge } from "../../web/judge.js" */
/** @import { Reference } from "../../web/reference.js" */
/** @import { Samples } from "./samples.js" */

export const PAIRED = 24; // most samples that are shown beside a training image

export class Comparisons {
  /** @type {Reference | null} */
  reference = null;
  /** @type {Judge | null} */
  judge = null;
  /** @type {Record<Side, {version: number, index: number[]}>} most similar training images of the first samples */
  partners = { left: { version: -1, index: [] }, right: { version: -1, index: [] } };
  /** @type {Record<Side, {version: number, hits: number}>} how many samples are classified as the class asked for */
  judged = { left: { version: -1, hits: 0 }, right: { version: -1, hits: 0 } };

  /**
   * @param {() => void} arrived called when something that was fetched has arrived
   * @param {(words: string) => void} problem
   */
  constructor(arrived, problem) {
    this.arrived = arrived;
    this.problem = problem;
  }

  /**
   * Compares one model's samples with one thing; returns whether more remains to be done.
   * @param {SamplerData} data @param {Samples} samples all of them up to date @param {SampleSettings} settings
   */
  step(data, samples, settings) {
    const { nearest, source, number } = settings,
      { version } = samples,
      { pixels } = samples.format;
    if (nearest && !this.reference && data.reference)
      this.fetch("reference", loadReference(data.reference, data.references, samples.format));
    if (source === "class" && !this.judge && data.judge) this.fetch("judge", loadJudge(data.judge));
    for (const side of SIDES) {
      if (nearest && this.reference && this.partners[side].version !== version) {
        const n = Math.min(number, PAIRED),
          index = [];
        for (let start = 0; start < n; start += CHUNK) {
          const tiles = samples.tiles[side].subarray(start * pixels);
          index.push(...this.reference.nearest.find(tiles, Math.min(CHUNK, n - start)).map((found) => found.index));
        }
        this.partners[side] = { version, index };
        return true;
      }
      if (source === "class" && this.judge && this.judged[side].version !== version) {
        const wanted = data.classes.indexOf(settings.class);
        let hits = 0;
        for (let i = 0; i < number; i++) hits += Number(this.judge.name(samples.tiles[side], i * pixels) === wanted);
        this.judged[side] = { version, hits };
        return true;
      }
    }
    return false;
  }

  /** @param {"reference" | "judge"} name @param {Promise<any>} promise */
  fetch(name, promise) {
    promise.then(
      (found) => {
        if (this[name] === found) return;
        this[name] = found;
        this.arrived();
      },
      (error) => this.problem(notLoaded("What the samples are compared with")(error)),
    );
  }

  /**
   * The training image most similar to sample i; null while that is not known.
   * @param {Side} side @param {number} i @param {number} version of the samples
   */
  partner(side, i, version) {
    const { index, version: of } = this.partners[side];
    return this.reference && of === version && i < index.length ? this.reference.image(index[i]) : null;
  }

  /**
   * How many samples of each model are taken for the class asked for; null while that is not known.
   * @param {number} version of the samples
   */
  hits(version) {
    const { left, right } = this.judged;
    return left.version === version && right.version === version ? { left: left.hits, right: right.hits } : null;
  }
}
