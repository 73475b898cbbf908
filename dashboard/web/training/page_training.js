/* One training in the page as a view shows it: what it is doing, how long it takes still, its network so far.

     const training = new PageTraining(source, config, () => redraw());
     training.stop(); training.go(); training.end();

   The network is the training's own at this moment, for live pictures; `result` is there when it has finished. */

import { Network } from "../networks.js";
import { startTraining } from "./client.js";

/** @import { TrainingConfig } from "../data.js" */
/** @import { Figures } from "./trainer.js" */
/** @import { PageTrainingSource } from "../data.js" */
/**
 * A finished training. `bytes`: its weights as safetensors; `seconds`: of training and measuring.
 * @typedef {{config: TrainingConfig, figures: Figures, bytes: ArrayBuffer, seconds: number}} Result
 */

const FIRST = 0.3; // seconds of training after which its speed is known well enough

export class PageTraining {
  /** @type {"loading" | "running" | "stopped" | "done" | "failed"} */
  state = "loading";
  /** What failed, for people. */
  problem = "";
  /** Epochs done, with fractions. */
  epoch = 0;
  /** @type {Figures[]} on the test images, after every epoch so far */
  path = [];
  /** @type {Network | null} with the weights that arrived last */
  network = null;
  /** How often weights have arrived. */
  version = 0;
  /** Seconds of training so far, without waiting. */
  seconds = 0;
  /** @type {Result | null} */
  result = null;
  /** @type {{seconds: number, fraction: number} | null} where it was when its first batches were done */
  first = null;
  fraction = 0;
  /** Whether it is to run: what a person asked for last. */
  wanted = true;
  /** @type {Awaited<ReturnType<typeof startTraining>> | null} */
  worker = null;

  /**
   * @param {PageTrainingSource} source what Python sends (dashboard/components/page_training.py)
   * @param {TrainingConfig} config @param {() => void} changed
   * @param {typeof startTraining} begin starts a worker
   */
  constructor(source, config, changed, begin = startTraining) {
    this.config = config;
    this.changed = changed;
    void this.begin(source, begin);
  }

  /** @param {PageTrainingSource} source @param {typeof startTraining} begin */
  async begin({ script, start }, begin) {
    try {
      const worker = await begin(script, { ...start, config: this.config }, (message) => this.receive(message));
      if (this.state === "failed" || this.ended) return worker.end();
      this.worker = worker;
      if (!this.wanted) worker.stop();
    } catch (error) {
      this.fail(/** @type {Error} */ (error).message);
    }
  }

  ended = false;

  get active() {
    return this.state === "loading" || this.state === "running";
  }

  /** Seconds that are left, from its own speed; null before that is known. */
  get secondsLeft() {
    const { first, seconds, fraction } = this;
    if (!first || seconds - first.seconds < FIRST || fraction <= first.fraction) return null;
    return ((1 - fraction) * (seconds - first.seconds)) / (fraction - first.fraction);
  }

  /** @param {any} message of worker.js */
  receive(message) {
    if (this.ended) return;
    if (message.bytes) {
      this.network = new Network(message.bytes);
      this.version++;
    }
    if (message.figures) this.path.push(message.figures);
    if (message.type === "progress") {
      this.state = this.wanted ? "running" : this.state;
      this.seconds = message.seconds;
      this.fraction = message.fraction;
      this.epoch = message.fraction * message.epochs;
      this.first ??= { seconds: message.seconds, fraction: message.fraction };
    } else if (message.type === "stopped") this.state = this.wanted ? "running" : "stopped";
    else if (message.type === "done") {
      const { figures, bytes, seconds } = message;
      this.result = { config: this.config, figures, bytes, seconds };
      this.state = "done";
      this.end();
    } else if (message.type === "error") return this.fail(message.message);
    this.changed();
  }

  /** @param {string} words */
  fail(words) {
    this.problem = words;
    this.state = "failed";
    this.end();
    this.changed();
  }

  /** Stop after the current batch; everything is kept. */
  stop() {
    if (!this.active) return;
    this.wanted = false;
    this.state = "stopped";
    this.worker?.stop();
    this.changed();
  }

  /** Go on where it was stopped. */
  go() {
    if (this.state !== "stopped") return;
    this.wanted = true;
    this.state = this.worker ? "running" : "loading";
    this.worker?.continue();
    this.changed();
  }

  /** Give its memory back. */
  end() {
    this.ended = true;
    this.worker?.end();
    this.worker = null;
  }
}
