/* Both models trained in the page, at the same time and from random weights, with a drawing of the visitor's among the
   images: a worker each (dashboard/web/training). What is finished is kept in the browser, for the next visit too.

   Data: `SpaceTrainingData` in data.d.ts; training_lane.js draws a model. */

import { Component, mount } from "../../web/component.js";
import { groundOf } from "../../web/drawing.js";
import { Pad } from "../../web/drawing_pad.js";
import { make, putText } from "../../web/elements.js";
import { formatOf } from "../../web/image.js";
import { theme } from "../../web/look.js";
import { duration } from "../../web/measures.js";
import { Network } from "../../web/networks.js";
import { notLoaded } from "../../web/problems.js";
import { loadSprite } from "../../web/sprites.js";
import { firstOfEach } from "../../web/tiles.js";
import { forget, keep, keptRuns, familyOf, keyOf } from "../../web/training/kept_runs.js";
import { PageTraining } from "../../web/training/page_training.js";
import { loadArrays } from "../../web/weights.js";
import { TrainingLane } from "./training_lane.js";

/** @import { Format } from "../../web/image.js" */
/** @import { Mount, SpaceTrainingData } from "../../web/data.js" */
/** @import { Result } from "../../web/training/page_training.js" */
/**
 * The trainings of one choice of models, and what they left. They are still there when the view has left the page.
 * @typedef {{trainings: PageTraining[], results: (Result | null)[], read: boolean}} Session
 */

/** @type {Map<string, Session>} by the configurations */
const sessions = new Map();
/** @type {{image: Float32Array | null, shape: string}} the drawing stays from one choice to the next */
const drawn = { image: null, shape: "" };

/** @param {Mount<SpaceTrainingData>} component */
export default function (component) {
  return mount(component, ".space-training", SpaceTraining);
}

class SpaceTraining extends Component {
  /** @type {SpaceTrainingData} */
  data;
  /** @type {Session} */
  session = { trainings: [], results: [], read: false };
  /** @type {TrainingLane[]} */
  lanes = [];
  /** @type {Float32Array} all of them, one after another */
  images = new Float32Array(0);
  /** @type {ArrayLike<number>} */
  labels = [];
  /** @type {number[]} images that are reconstructed */
  copied = [];
  /** @type {unknown[]} what each lane shows */
  shown = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.find(".train").onclick = () => this.press();
    this.find(".forget").onclick = () => void this.forget();
    const canvas = this.find(".drawing canvas");
    canvas.setAttribute("aria-label", "Drawing pad: your image goes through both networks while they are trained");
    this.pad = new Pad(canvas, () => this.drew());
    this.find(".words").after(this.pad.palette);
    this.find(".clear").onclick = () => {
      this.pad.start();
      this.drew();
    };
  }

  /** @param {SpaceTrainingData} data */
  async update(data) {
    const before = this.data;
    this.data = data;
    const box = this.find(".lanes");
    if (box.childElementCount !== data.lanes.length) {
      box.replaceChildren(...data.lanes.map(() => make("section", { class: "lane lined" })));
      this.lanes = [...box.children].map((section) => new TrainingLane(/** @type {any} */ (section), this.redraw));
    }
    const name = this.configs.map(keyOf).join();
    if (before?.key !== data.key || before.lanes.map(({ start }) => keyOf(start.config)).join() !== name) {
      for (const lane of this.lanes) lane.clear();
      this.shown = [];
    }
    this.session = sessions.get(name) ?? { trainings: [], results: data.lanes.map(() => null), read: false };
    sessions.set(name, this.session);
    for (const training of this.session.trainings) training.changed = () => this.trainingChanged();
    const loaded = await this.loaded(async () => {
      const [sprite, arrays] = await Promise.all([
        loadSprite(data.sprite, formatOf(data.shape)),
        loadArrays(data.arrays),
      ]);
      if (this.data !== data) return false;
      this.labels = arrays.labels;
      this.copied = firstOfEach(arrays.labels, 8);
      this.images = sprite.images(data.n);
      this.restore(sprite.format);
      return true;
    }, notLoaded("The images"));
    if (!loaded) return;
    await this.reread();
    this.trainingChanged();
    this.ready();
  }

  get configs() {
    return this.data.lanes.map(({ start }) => start.config);
  }

  /** What an earlier visit left. */
  async reread() {
    const { session } = this;
    if (session.read) return;
    session.read = true;
    const kept = await Promise.all(this.configs.map((config) => keptRuns(familyOf(config))));
    session.results = this.configs.map((config, i) => kept[i].find(({ key }) => key === keyOf(config)) ?? null);
  }

  /* ---- training ---- */

  /** Whether the trainings are under way, wait, or are not there. */
  get state() {
    const { trainings } = this.session;
    if (trainings.some(({ active }) => active)) return "running";
    if (trainings.some(({ state }) => state === "stopped")) return "stopped";
    if (trainings.some(({ state }) => state === "failed")) return "failed";
    return this.session.results.every(Boolean) ? "done" : "none";
  }

  press() {
    const { session, state } = this,
      { trainings } = session;
    if (state === "running") for (const training of trainings) training.stop();
    else if (state === "stopped") for (const training of trainings) training.go();
    else {
      for (const training of trainings) training.end();
      for (const lane of this.lanes) lane.clear();
      this.shown = [];
      session.results = this.data.lanes.map(() => null);
      session.trainings = this.data.lanes.map(
        ({ script, start }) =>
          new PageTraining({ script, start: { ...start, workers: 1 } }, start.config, () => this.trainingChanged()),
      );
    }
    this.trainingChanged();
  }

  /** Something of the trainings has changed. */
  trainingChanged() {
    const { session, lanes } = this;
    session.trainings.forEach((training, i) => {
      if (training.result && session.results[i] !== training.result) {
        session.results[i] = training.result;
        void keep(training.result);
      }
    });
    lanes.forEach((lane, i) => {
      const training = session.trainings[i],
        result = session.results[i],
        version = training?.version || (result ? result : 0);
      if (!version || this.shown[i] === version || !this.images.length) return;
      this.shown[i] = version;
      const network = training?.network ?? new Network(/** @type {Result} */ (result).bytes);
      lane.show(network, this.images, this.data.n, this.copied, drawn.image);
      lane.section.dataset.version = String(training?.version ?? "kept");
    });
    this.words();
    this.redraw();
  }

  async forget() {
    for (const config of this.configs) await forget(keyOf(config));
    for (const training of this.session.trainings) training.end();
    Object.assign(this.session, { trainings: [], results: this.data.lanes.map(() => null) });
    for (const lane of this.lanes) lane.clear();
    this.shown = [];
    this.trainingChanged();
  }

  /* ---- drawing ---- */

  /** The pad for these images, with what was on it. @param {Format} format */
  restore(format) {
    const { pad } = this,
      shape = String(this.data.shape);
    if (drawn.shape !== shape) Object.assign(drawn, { shape, image: null });
    pad.take(format, groundOf(this.images, format));
    if (drawn.image && pad.blank) pad.start(drawn.image);
    pad.draw("draw here");
  }

  drew() {
    const { pad } = this;
    pad.draw("draw here");
    drawn.image = pad.empty ? null : Float32Array.from(pad.image());
    for (const lane of this.lanes) lane.decode(this.images, this.copied, drawn.image);
    this.words();
    this.redraw();
  }

  /** The line with the button, and the words beside the pad. */
  words() {
    const { state, session } = this,
      { trainings, results } = session,
      epochs = this.configs[0].epochs;
    const labels = {
      none: "Train both",
      failed: "Try again",
      running: "Stop",
      stopped: "Continue",
      done: "Train again",
    };
    putText(this.find(".train"), labels[state]);
    const under = state === "running" || state === "stopped";
    const bar = this.find("progress");
    bar.hidden = !under;
    bar.value = trainings.reduce((sum, { fraction }) => sum + fraction, 0) / Math.max(1, trainings.length);
    const left = trainings.map(({ secondsLeft }) => secondsLeft ?? 0),
      least = Math.min(...trainings.map(({ epoch }) => epoch));
    const { train } = this.data.lanes[0].start.images;
    let now = `${epochs} epochs of ${train.toLocaleString("en")} images, in this browser.`;
    if (under) now = `epoch ${least.toFixed(1)} of ${epochs}`;
    if (state === "running" && left.some(Boolean)) now += `, about ${duration(Math.max(...left))} left`;
    if (state === "done")
      now = `Trained in this browser in ${results.map((result) => Math.round(result?.seconds ?? 0)).join(" and ")} s.`;
    putText(this.find(".now"), now);
    const states = { none: "", failed: "", running: "Training in this browser", stopped: "Stopped", done: now };
    putText(this.find("[role=status]"), states[state]);
    this.find(".forget").hidden = state !== "done";
    this.find(".clear").hidden = !drawn.image;
    const failed = trainings.find(({ problem }) => problem);
    this.problem(failed ? `The training failed: ${failed.problem}` : "");
    putText(
      this.find(".words"),
      drawn.image
        ? "Your drawing is marked in both spaces; the last tile of each model is its reconstruction."
        : "Draw something: both networks encode and decode it while they train, but they are not trained on it.",
    );
    Object.assign(this.root.dataset, { state, drawn: drawn.image ? "1" : "" });
  }

  draw() {
    if (!this.root.isConnected || !this.data) return;
    const look = theme(this.root),
      { trainings, results } = this.session;
    this.lanes.forEach((lane, i) =>
      lane.draw(this.data.lanes[i], this.data, this.labels, trainings[i]?.path.at(-1) ?? results[i]?.figures, look),
    );
  }

  destroy() {
    super.destroy();
    for (const lane of this.lanes) lane.stop();
  }
}
