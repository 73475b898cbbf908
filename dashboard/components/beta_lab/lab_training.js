/* Training in the page, as the KL-weight lab has it: one network at a time, for the weight at which the knob was
   released last; the others wait where they were stopped and go on afterwards. What is finished is kept in the browser
   and is a stop of the knob from then on.

   The line below the knob says where a network is or was trained, how far it is, and has the buttons. */

import { short } from "../../web/measures.js";
import { familyOf, forget, keep, keptRuns } from "../../web/training/kept_runs.js";
import { PageTraining } from "../../web/training/page_training.js";
import { drawLine, lineOf } from "./training_line.js";

/** @import { BetaLabData, InPage, LocalBeta, TrainedBeta, TrainingData } from "../../web/data.js" */
/** @import { KeptRun } from "../../web/training/kept_runs.js" */
/**
 * Trainings, those of them that wait for their turn, and finished networks, of one family. They are still there when
 * the lab has left the page and comes back.
 * @typedef {{trainings: Map<number, PageTraining>, displaced: Set<PageTraining>,
 *   runs: LocalBeta[], read: boolean}} Family
 */

const MOST = 4; // trainings in memory, running and stopped
const PAUSE = 200; // milliseconds between changes of the line's numbers

/** @type {Map<string, Family>} by what distinguishes them */
const families = new Map();
/** Whether the server knows that this browser is too slow. */
let reportedSlow = false;

/**
 * A kept run as a stop of the knob.
 * @param {KeptRun} run
 * @returns {LocalBeta}
 */
export function localBeta({ key, config, figures, bytes, seconds }) {
  const { rate, distortion, rate_per_dim, active_units, neg_elbo } = /** @type {any} */ (figures);
  const weights = URL.createObjectURL(new Blob([bytes]));
  const beta = /** @type {number} */ (config.beta);
  const ids = { beta, run_id: `in-this-browser-${short(beta, 6)}`, weights, key, epochs: config.epochs, seconds };
  return { ...ids, where: "browser", rate, distortion, rate_per_dim, active_units, neg_elbo };
}

export class LabTraining {
  /** @type {InPage | null} */
  inPage = null;
  /** @type {Family} */
  family = { trainings: new Map(), displaced: new Set(), runs: [], read: true };
  /** @type {Set<number>} weights that the server has been asked for */
  given = new Set();
  /** @type {WeakMap<PageTraining, string>} what the lab has seen of each training */
  seen = new WeakMap();
  written = 0;

  /**
   * @param {HTMLElement} box the line
   * @param {object} lab
   * @param {() => {beta: number, resting: boolean, run: TrainedBeta | LocalBeta | undefined}} lab.knob
   * @param {() => void} lab.changed called when there are other runs, or newer pictures
   * @param {(type: "give" | "slow", values: {beta: number, seconds?: number}) => void} lab.report to the server
   */
  constructor(box, lab) {
    this.box = box;
    this.lab = lab;
  }

  /** @param {BetaLabData["in_page"]} inPage */
  async receive(inPage) {
    this.inPage = inPage;
    this.box.hidden = !inPage;
    if (!inPage) return;
    const name = familyOf(inPage.start.config);
    this.family = families.get(name) ?? { trainings: new Map(), displaced: new Set(), runs: [], read: false };
    families.set(name, this.family);
    for (const training of this.family.trainings.values()) training.changed = () => this.follow(training);
    this.draw();
    if (this.family.read) return;
    this.family.read = true;
    await this.reread();
  }

  /** Reads the kept runs; of two with one weight, the one of the present length, else the newer one. */
  async reread() {
    const { inPage, family } = this;
    if (!inPage) return;
    const { config } = inPage.start;
    /** @type {Map<number, LocalBeta>} */
    const runs = new Map();
    for (const run of await keptRuns(familyOf(config))) {
      const known = family.runs.find(({ key, seconds }) => key === run.key && seconds === run.seconds),
        { beta } = run.config;
      if (beta !== null && runs.get(beta)?.epochs !== config.epochs) runs.set(beta, known ?? localBeta(run));
    }
    family.runs = [...runs.values()];
    this.lab.changed();
    this.draw();
  }

  /** The networks trained in this browser, but for weights that the server has. @param {TrainedBeta[]} trained */
  runs(trained) {
    if (!this.inPage) return [];
    return this.family.runs.filter(({ beta }) => !trained.some((run) => run.beta === beta));
  }

  /** The training of this weight, under way or stopped. @param {number} beta */
  training(beta) {
    return this.inPage ? this.family.trainings.get(beta) : undefined;
  }

  /** The same as the lab draws it. @param {number} beta @returns {TrainingData | null} */
  data(beta) {
    const training = this.training(beta);
    if (!training || training.state === "failed") return null;
    const path = /** @type {any} */ (training.path),
      epoch = Number(training.epoch.toFixed(1)),
      { epochs } = training.config;
    return { beta, run_id: "", where: "browser", epoch, epochs, path, measured: path.length, preview: "" };
  }

  get running() {
    return [...this.family.trainings.values()].find(({ active }) => active);
  }

  /** The knob was released at a weight without a network. @param {number} beta */
  released(beta) {
    if (this.inPage?.auto && !this.training(beta)) this.start(beta);
  }

  /** Starts a training, or starts it anew; another one that is running waits. @param {number} beta */
  start(beta) {
    const { inPage, family } = this;
    if (!inPage) return;
    this.displace();
    this.drop(beta);
    while (family.trainings.size >= MOST) this.drop(/** @type {number} */ (family.trainings.keys().next().value));
    const { config } = inPage.start,
      training = new PageTraining(inPage, { ...config, beta }, () => this.follow(training));
    family.trainings.set(beta, training);
    this.draw();
  }

  /** The training that is running waits until another one has ended. */
  displace() {
    const { running } = this;
    if (!running) return;
    this.family.displaced.add(running);
    running.stop();
  }

  /** @param {number} beta */
  drop(beta) {
    this.family.trainings.get(beta)?.end();
    this.family.trainings.delete(beta);
  }

  /** @param {PageTraining} training something of it has changed */
  follow(training) {
    const { inPage, family } = this,
      beta = /** @type {number} */ (training.config.beta),
      whole = training.secondsLeft === null ? 0 : training.secondsLeft + training.seconds;
    if (training.state === "done") {
      if (family.trainings.get(beta) === training) void this.finish(beta, training);
      return;
    }
    if (inPage?.server && !reportedSlow && whole > inPage.patience) {
      reportedSlow = true; // the server takes over; whoever then chooses this browser has it
      this.drop(beta);
      this.lab.report("slow", { beta, seconds: whole });
      this.lab.changed();
      this.draw();
      return;
    }
    const seen = `${training.version} ${training.active}`;
    if (this.seen.get(training) !== seen) this.lab.changed();
    else if (performance.now() - this.written < PAUSE) return;
    this.seen.set(training, seen);
    this.draw();
  }

  /**
   * Keeps what was trained; the one that waits longest for its turn goes on.
   * @param {number} beta @param {PageTraining} training
   */
  async finish(beta, training) {
    const { family } = this;
    if (training.result) await keep(training.result);
    await this.reread(); // before it is dropped, so that its pictures stay
    if (family.trainings.get(beta) === training) family.trainings.delete(beta);
    const [next] = family.displaced;
    family.displaced.delete(next);
    if (next && !this.running) next.go();
    this.lab.changed();
    this.draw();
  }

  /** What a button asks for. @param {import("./training_line.js").Act} act */
  async act(act) {
    const { beta, run } = this.lab.knob(),
      training = this.training(beta);
    if (act === "train") this.start(beta);
    else if (act === "stop" && training) {
      this.family.displaced.delete(training);
      training.stop();
    } else if (act === "go" && training) {
      this.displace();
      this.family.displaced.delete(training);
      training.go();
    } else if (act === "give") {
      this.given.add(beta);
      this.lab.report("give", { beta });
    } else if (act === "forget" && run && "key" in run) {
      await forget(run.key);
      URL.revokeObjectURL(run.weights);
      await this.reread();
    }
    this.draw();
  }

  /** Writes the line. */
  draw() {
    const { inPage, running } = this;
    if (!inPage) return;
    const { beta, run } = this.lab.knob(),
      training = this.training(beta),
      other = running === training ? undefined : running;
    this.written = performance.now();
    drawLine(this.box, lineOf(inPage, beta, training, run, other, this.given.has(beta)), (act) => void this.act(act));
    this.box.dataset.training = training ? training.state : "";
  }
}
