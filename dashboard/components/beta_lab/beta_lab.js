/* The KL-weight lab: everything that a weight changes, following the knob.

   While the knob moves, all pictures are the multi-rate model's: its decoder runs on every frame, and its codes come
   from code_interpolator.js. Where the knob rests on a trained weight, that run's own network is fetched and takes its
   place. Without a multi-rate model, the nearest trained network is on screen, and the page says so.

   Data: `BetaLabData` in data.d.ts. `update` takes it, `draw` draws a frame: knob.js moves, sources.js
   has the networks, lab_training.js trains, pictures.js decodes, lab_drawing.js draws. */

import { Component, mount } from "../../web/component.js";
import { formatOf } from "../../web/image.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { loadSprite } from "../../web/sprites.js";
import { loadArrays } from "../../web/weights.js";
import { Knob } from "./knob.js";
import { LabDrawing } from "./lab_drawing.js";
import { LabTraining } from "./lab_training.js";
import { figuresAt } from "./lab_views.js";
import { Pictures, loadPreview } from "./pictures.js";
import { Plane } from "./rd_plane.js";
import { Sources } from "./sources.js";
import { nearestTo } from "./trained_weights.js";

/** @import { BetaLabData, CurvePoint, Figures, Mount, Report } from "../../web/data.js" */
/** @import { TrainedBeta, TrainingData } from "../../web/data.js" */
/** @import { LiveBeta } from "./sources.js" */
/** @typedef {{seed: number, off: Set<number>, real: boolean}} LabState what a person set up */

/** @type {Map<string, LabState>} survives reruns, by data.key */
const labs = new Map();

/** @param {Mount<BetaLabData>} component */
export default function (component) {
  return mount(component, ".lab", BetaLab);
}

export class BetaLab extends Component {
  /** @type {BetaLabData} */
  data;
  /** @type {Report} */
  report;
  /** @type {LabState} */
  state;
  /** @type {CurvePoint[]} the multi-rate model's figures */
  curve = [];
  /** @type {Float32Array} classes of the images */
  labels;
  /** @type {Float32Array | null} pictures of a network in training on the server */
  preview = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.pictures = new Pictures();
    this.drawing = new LabDrawing(this);
    this.sources = new Sources(
      () => this.knob.beta,
      () => this.outdated(),
      (nodes) => (this.root.dataset.nodes = String(nodes)),
    );
    this.knob = new Knob(
      this.find(".slide"),
      (stop) => this.moved(stop),
      (message) => this.rested(message),
    );
    this.inPage = new LabTraining(this.find(".training"), {
      knob: () => this.knob,
      changed: () => this.trainedInPage(),
      report: (type, values) => this.report(type, { ...values, sequence: this.knob.sequence }),
    });
    this.plane = new Plane(this.find(".plane canvas"), (beta) => this.knob.go(beta));
    this.plane.canvas.onkeydown = (event) => this.knob.key(event);
    this.plane.redraw = this.redraw;
    this.find(".again").onclick = () => this.noise(this.state.seed + 1);
  }

  /** @param {BetaLabData} data @param {Report} report */
  async update(data, report) {
    this.report = report;
    this.state = labs.get(data.key) ?? { seed: 0, off: new Set(), real: true };
    labs.set(data.key, this.state);
    this.knob.receive(data);
    const before = this.data;
    this.data = data;
    this.root.classList.toggle("compact", Boolean(data.compact));
    this.placeStops();
    void this.inPage.receive(data.in_page);
    this.curve = data.prediction?.curve ?? [];
    if (!this.sources.shown) this.drawing.sketch();
    const loaded = await this.loaded(() => this.load(data, before), loadingProblem);
    if (!loaded) return;
    this.placeStops(); // those of this browser may have been read meanwhile
    this.inPage.draw();
    this.followTraining(data.training);
    await this.choose();
    this.ready();
  }

  draw() {
    this.drawing.draw();
  }

  look() {
    this.drawing.ticked = 0;
    this.redraw();
  }

  /* ---- networks ---- */

  /**
   * The training under way of the weight under the knob: in this page, or on the server.
   * @returns {TrainingData | null}
   */
  get training() {
    const { beta, run, resting } = this.knob,
      { training } = this.data;
    if (run || !resting) return null;
    return this.inPage.data(beta) ?? (training?.beta === beta ? training : null);
  }

  /**
   * The network in training in this page, with its figures after the last epoch; before the first they are predicted.
   * @returns {LiveBeta | undefined}
   */
  get live() {
    const { beta } = this.knob,
      training = this.inPage.training(beta);
    const figures = training?.path.at(-1) ?? this.figures().predicted;
    if (!training?.network || !figures || !this.training) return undefined;
    const { rate, distortion, rate_per_dim, active_units } = /** @type {Figures} */ (figures),
      run = { rate, distortion, rate_per_dim, active_units, neg_elbo: rate + distortion, weights: "" };
    return { ...run, where: "browser", beta, network: training.network, run_id: `in-training-${training.version}` };
  }

  /**
   * The trained run whose network belongs on screen: the one of this weight when the knob rests; with nothing to
   * predict by, the nearest.
   */
  get wanted() {
    const { knob, live } = this,
      runs = knob.trained.filter(({ weights }) => weights);
    if (live && this.state.real) return live;
    if (!this.sources.base) return nearestTo(runs, knob.t);
    return knob.resting && this.state.real ? runs.find(({ beta }) => beta === knob.beta) : undefined;
  }

  /**
   * Fetches what the data name; false if newer data have overtaken it.
   * @param {BetaLabData} data @param {BetaLabData | undefined} before
   */
  async load(data, before) {
    const [network, sprite, arrays] = await Promise.all([
      data.prediction ? loadNetwork(data.prediction.weights) : null,
      loadSprite(data.sprite, formatOf(data.shape)),
      loadArrays(data.arrays),
    ]);
    if (this.data !== data) return false;
    if (before?.key === data.key && this.sources.network === network) return true;
    this.labels = arrays.labels;
    const images = sprite.images(data.n);
    this.pictures.take(images, arrays.labels, arrays.noise, sprite.format);
    this.sources.take(network, this.curve, images, data.n);
    this.noise(this.state.seed);
    return true;
  }

  /** Puts the network that is wanted on screen, as soon as it is there. */
  choose() {
    this.redraw();
    return this.sources.choose(() => this.wanted, this.data.latent_dim);
  }

  /**
   * A network of this weight is being trained: its latest pictures.
   * @param {TrainingData | null} training
   */
  async followTraining(training) {
    if (!training?.preview) {
      this.preview = null;
      return;
    }
    try {
      const preview = await loadPreview(training.preview, formatOf(this.data.shape));
      if (this.data.training !== training) return;
      this.preview = preview;
    } catch {
      return; // no picture: the last one stays
    }
    this.redraw();
  }

  /* ---- what a person changes ---- */

  /** All pictures have to be made again. */
  outdated() {
    this.pictures.version++;
    this.redraw();
  }

  /** The knob stops at networks trained on the server and in this page. */
  placeStops() {
    const { trained } = this.data;
    this.knob.trained = [...trained, ...this.inPage.runs(trained)].sort((a, b) => a.beta - b.beta);
    this.drawing.ticked = 0;
  }

  /** Training in this page has other networks, or newer pictures. */
  trainedInPage() {
    if (!this.labels) return;
    this.placeStops();
    this.choose();
  }

  /** @param {TrainedBeta | undefined} stop the trained run that the knob is on */
  moved(stop) {
    if (stop?.weights) loadNetwork(stop.weights).catch(() => {}); // it may rest here; `choose` reports what fails
    this.inPage.draw();
    this.pictures.version++;
    this.choose();
  }

  /** @param {ReturnType<Knob["rest"]>} message */
  rested(message) {
    if (message) {
      this.report("rested", message);
      if (!this.knob.run) this.inPage.released(this.knob.beta);
    }
    this.inPage.draw();
    this.pictures.version++;
    this.choose();
  }

  /** @param {number} seed of the samples */
  noise(seed) {
    this.state.seed = seed;
    this.pictures.seed(seed, this.data.latent_dim);
    this.redraw();
  }

  /** @param {number} unit to disable, or to enable again */
  toggle(unit) {
    const { off } = this.state;
    if (!off.delete(unit)) off.add(unit);
    this.outdated();
  }

  /** The prediction instead of the trained network, or back. */
  switchSource() {
    this.state.real = !this.state.real;
    this.pictures.version++;
    this.choose();
  }

  /** The figures of the weight shown. */
  figures() {
    const { base, real } = this.sources;
    return figuresAt(this.curve, this.knob.t, this.data.active, {
      trained: this.knob.run ?? null,
      training: this.training?.path.at(-1) ?? null,
      nearest: base ? null : (real?.run ?? null),
    });
  }

  destroy() {
    super.destroy();
    this.knob.stop();
    this.sources.stop();
  }
}
