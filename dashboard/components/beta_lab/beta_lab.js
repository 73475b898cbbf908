/* The KL-weight lab: everything a weight changes, following the finger.

   While the knob moves, all pictures are the multi-rate model's: its decoder runs on every frame, and its codes come
   from code_interpolator.js. Where the knob rests on a trained weight, that run's own network is fetched and takes its
   place. Without a multi-rate model, the nearest trained network is on screen, and said to be. Data: `BetaLabData` in
   data.d.ts. */

import { decodeSprite, loadSprite, make, theme } from "../../web/canvas.js";
import { CodeInterpolator } from "../../web/code_interpolator.js";
import { Component, mount } from "../../web/component.js";
import { PIXELS } from "../../web/image.js";
import { CHUNK } from "../../web/layers.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { normals } from "../../web/posterior.js";
import { loadArrays } from "../../web/weights.js";
import { BetaState } from "./beta_state.js";
import { SAMPLES, byRate, curveAt, drawBars, drawClouds, firstOfEach, paintGrid } from "./lab_views.js";
import { describe } from "./lab_words.js";
import { Plane, short } from "./rd_plane.js";

/** @import { BetaLabData, CurvePoint, Tell, TrainedBeta } from "../../web/data.js" */
/** @import { Network } from "../../web/networks.js" */
/**
 * What pictures are made by.
 * @typedef {{network: Network, run: TrainedBeta | null, interpolator: CodeInterpolator, dims: number[]}} Source
 */

const PER_ROW = 6;
const COPIES = 10;
const BUDGET = 8; // ms a frame may spend on decoding; what does not fit is decoded in the next frame
const SNAP = 0.022; // in log10 beta: how near the finger has to come to a trained weight
const REST = 600; // ms after the last key that moved the knob until its weight counts as chosen
const KEY_STEP = 0.01;
const DIM = 0.3; // of the prediction's pictures beside those of a network in training
const LIVE = 16,
  LIVE_COPIES = 8; // tiles of a preview: samples of the first codes, copies of the first classes
const labs = new Map(); // what a person set up survives reruns, by data.key

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").BetaLabData>} component */
export default function (component) {
  return mount(component, ".lab", BetaLab);
}

class BetaLab extends Component {
  /** @type {BetaLabData} */
  data;
  /** @type {Tell} */
  tell;
  /** @type {{seed: number, off: Set<number>, real: boolean}} what a person set up */
  state;
  /** @type {TrainedBeta[]} by their weights */
  trained = [];
  /** @type {CurvePoint[]} the multi-rate model's figures */
  curve = [];
  /** @type {Network | null} the multi-rate model */
  network = null;
  /** @type {Source | null} the multi-rate model's pictures */
  base = null;
  /** @type {(Source & {run: TrainedBeta}) | null} a trained run's pictures */
  real = null;
  /** @type {Float32Array} n * 784 */
  images;
  /** @type {Float32Array} classes of the images */
  labels;
  /** @type {Float32Array} the noise of the first seed */
  given;
  /** @type {Float32Array} codes of the samples */
  normal;
  /** @type {number[]} images that are reconstructed */
  copied = [];
  /** @type {Float32Array | null} pictures of a network in training */
  live = null;
  /** @type {Float32Array} all pictures: samples, then reconstructions */
  tiles = new Float32Array(0);
  /** @type {Int32Array} the version that each picture shows */
  current = new Int32Array(0);
  /** @type {Float32Array} codes of all pictures */
  z;
  /** The version that `z` is of. */
  coded = -1;
  nextTile = 0;
  /** Whether clouds have been drawn. */
  clouded = false;
  /** Whether a finger holds the knob. */
  held = false;
  /** Why a trained network is not on screen, for people. */
  failed = "";
  inks = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.slide = this.find(".slide");
    this.slide.onpointerdown = () => (this.held = true);
    this.slide.onpointerup = this.slide.onpointercancel = () => (this.held = false);
    this.slide.oninput = () => this.move(Number(this.slide.value), SNAP);
    this.slide.onchange = () => {
      this.held = false;
      this.settle();
    };
    this.slide.onkeydown = (event) => this.key(event);
    this.find(".again").onclick = () => this.noise(this.state.seed + 1);
    this.plane = new Plane(this.find(".plane canvas"), (beta) => this.go(beta));
    this.plane.canvas.onkeydown = (event) => this.key(event);
    this.plane.redraw = this.redraw;
    this.drawn = { frames: 0, complete: 0 };
    this.later = []; // what waits until all pictures have been drawn once
    this.interpolators = new Map();
    this.knob = new BetaState();
  }

  look() {
    this.ticked = 0;
    this.redraw();
  }

  /* ---- data ---- */

  async update(data, tell) {
    this.tell = tell;
    const state = (this.state = labs.get(data.key) ?? { seed: 0, off: new Set(), real: true });
    labs.set(data.key, state);
    this.knob.receive(data);
    const before = this.data;
    this.data = data;
    this.root.classList.toggle("compact", Boolean(data.compact));
    this.trained = [...data.trained].sort((a, b) => a.beta - b.beta);
    this.curve = data.prediction?.curve ?? [];
    if (!this.shown) this.sketch();
    const loaded = await this.loaded(async () => {
      const [network, sprite, arrays] = await Promise.all([
        data.prediction ? loadNetwork(data.prediction.weights) : null,
        loadSprite(data.sprite),
        loadArrays(data.arrays),
      ]);
      if (this.data !== data) return false; // a newer update has overtaken this one
      if (before?.key !== data.key || this.network !== network) {
        this.interpolators.forEach((interpolator) => interpolator.stop());
        this.interpolators.clear();
        this.real = null;
        this.network = network;
        this.images = new Float32Array(data.n * PIXELS);
        for (let i = 0; i < data.n; i++) this.images.set(sprite.image(i), i * PIXELS);
        this.labels = arrays.labels;
        this.given = arrays.noise;
        this.copied = firstOfEach(this.labels, COPIES);
        this.base = network && {
          network,
          run: null,
          interpolator: this.interpolatorOf(network),
          dims: byRate(this.curve.map(({ rate_per_dim }) => rate_per_dim)),
        };
        this.noise(state.seed);
      }
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.ticked = 0;
    this.followTraining(data.training);
    await this.choose();
    this.ready();
  }

  interpolatorOf(network) {
    if (!this.interpolators.has(network)) {
      const interpolator = new CodeInterpolator(network, this.images, this.data.n, () => {
        this.root.dataset.nodes = String(interpolator.nodes.filter(({ codes }) => codes).length);
        this.version++;
        this.redraw();
      });
      this.interpolators.set(network, interpolator);
      if (this.drawn.complete) interpolator.fill(this.beta);
      else this.later.push(() => interpolator.fill(this.beta)); // first the pictures, then the clouds
    }
    return this.interpolators.get(network);
  }

  /** The codes of the samples; the first seed's are those that previews decode. */
  noise(seed) {
    this.state.seed = seed;
    const next = normals(seed);
    this.normal = seed === 0 ? this.given : Float32Array.from({ length: SAMPLES * this.data.latent_dim }, next);
    this.version++;
    this.redraw();
  }

  /** A network of this weight is being trained: its latest pictures. */
  async followTraining(training) {
    if (!training?.preview) return (this.live = null);
    try {
      const sprite = await decodeSprite(training.preview, 8);
      if (this.data.training !== training) return;
      const tiles = new Float32Array((LIVE + LIVE_COPIES) * PIXELS);
      for (let i = 0; i < LIVE + LIVE_COPIES; i++) tiles.set(sprite.image(i), i * PIXELS);
      this.live = tiles;
    } catch {
      return; // no picture: the last one stays
    }
    this.redraw();
  }

  /* ---- the knob ---- */

  version = 0; // of what the pictures should show

  get beta() {
    return this.knob.value(this.trained.map(({ beta }) => beta));
  }

  /** The trained run of the weight shown. */
  get run() {
    return this.trained.find(({ beta }) => beta === this.beta);
  }

  /** The training under way of the weight shown. */
  get training() {
    const { training } = this.data;
    return training && training.beta === this.beta && !this.run && this.knob.resting ? training : null;
  }

  /** What the pictures are made by: a trained run's network, or the multi-rate model. */
  get shown() {
    return this.real ?? this.base;
  }

  move(t, snap) {
    const near = this.trained.find(({ beta }) => Math.abs(Math.log10(beta) - t) < snap);
    if (near?.weights) loadNetwork(near.weights).catch(() => {}); // it may be let go here: `choose` tells what fails
    this.knob.move(near ? Math.log10(near.beta) : t);
    this.version++;
    this.choose();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), 2 * REST); // a finger that stays down without moving is at rest too
  }

  go(beta) {
    this.move(Math.log10(beta), 0);
    this.settle();
  }

  key(event) {
    const step = event.shiftKey ? 5 * KEY_STEP : KEY_STEP;
    const jump = (way) => {
      const ts = this.trained.map(({ beta }) => Math.log10(beta)).filter((t) => way * (t - this.knob.t) > 1e-6);
      return ts.length ? (way > 0 ? Math.min(...ts) : Math.max(...ts)) : this.knob.t;
    };
    const to = {
      ArrowRight: () => this.knob.t + step,
      ArrowUp: () => this.knob.t + step,
      ArrowLeft: () => this.knob.t - step,
      ArrowDown: () => this.knob.t - step,
      PageUp: () => jump(1),
      PageDown: () => jump(-1),
      Home: () => -1,
      End: () => 1,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.move(to(), 0.4 * KEY_STEP);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), REST);
  }

  /**
   * The knob has come to rest: show the trained run, if there is one, and tell the page, unless a finger still holds
   * it.
   */
  settle() {
    clearTimeout(this.timer);
    if (this.held) this.knob.resting = true;
    else {
      const message = this.knob.rest(this.beta);
      if (message) this.tell("rested", message);
    }
    this.version++;
    this.choose();
  }

  /**
   * The trained run whose network belongs on screen: the one of this weight when the knob rests; with nothing to
   * predict by, the nearest.
   */
  get wanted() {
    const runs = this.trained.filter(({ weights }) => weights);
    if (!this.base)
      return runs.reduce(
        (best, run) =>
          Math.abs(Math.log10(run.beta) - this.knob.t) < Math.abs(Math.log10(best.beta) - this.knob.t) ? run : best,
        runs[0],
      );
    return this.knob.resting && this.state.real ? runs.find(({ beta }) => beta === this.beta) : undefined;
  }

  async choose() {
    const run = this.wanted;
    if (this.base && this.real && this.real.run.run_id !== run?.run_id) this.show(null);
    this.redraw();
    if (!run || this.real?.run.run_id === run.run_id) return;
    this.failed = "";
    try {
      const network = await loadNetwork(run.weights);
      if (this.wanted?.run_id !== run.run_id) return;
      if (network.latentDim !== this.data.latent_dim) throw new Error("another latent size");
      this.show({ run, network, interpolator: this.interpolatorOf(network), dims: byRate([run.rate_per_dim]) });
    } catch (error) {
      this.failed = `${run.run_id} could not be loaded (${/** @type {Error} */ (error).message}). `;
      this.redraw();
    }
  }

  show(real) {
    this.real = real;
    this.version++;
    this.redraw();
  }

  /* ---- pictures ---- */

  /**
   * Means of the copied images, (COPIES * d): encoded for themselves where the others' codes are not there yet.
   * @param {Source} source @param {import("../../web/code_interpolator.js").InterpolatedCodes | null} codes
   */
  copyMeans({ network, run }, codes) {
    const d = network.latentDim,
      means = new Float32Array(this.copied.length * d);
    if (codes) this.copied.forEach((image, i) => means.set(codes.mean.subarray(image * d, (image + 1) * d), i * d));
    else if (run)
      this.copied.forEach((image, i) =>
        means.set(network.encode(this.images.subarray(image * PIXELS, (image + 1) * PIXELS), 1, run.beta).mean, i * d),
      );
    return means;
  }

  /** Codes of all tiles: samples first, then copies; units that are switched off sit at the prior's mean, 0. */
  tileCodes(source, codes) {
    const d = this.data.latent_dim,
      count = SAMPLES + this.copied.length,
      z = new Float32Array(count * d);
    z.set(this.normal);
    z.set(this.copyMeans(source, codes), SAMPLES * d);
    for (const j of this.state.off) for (let i = 0; i < count; i++) z[i * d + j] = 0;
    return z;
  }

  /** Decode tiles that are not up to date until the frame's time is used; true when all are. */
  decode(source, codes) {
    const { network } = source,
      count = SAMPLES + this.copied.length,
      d = network.latentDim;
    if (this.tiles.length !== count * PIXELS) {
      this.tiles = new Float32Array(count * PIXELS);
      this.current = new Int32Array(count).fill(-1);
      this.nextTile = 0;
    }
    if (this.coded !== this.version) {
      this.z = this.tileCodes(source, codes);
      this.coded = this.version;
    }
    const began = performance.now();
    for (let done = 0; done < count;) {
      const start = this.nextTile,
        n = Math.min(CHUNK, count - start);
      if (this.current[start] !== this.version || this.current[start + n - 1] !== this.version) {
        this.tiles.set(network.decodeImage(this.z.subarray(start * d, (start + n) * d), n, this.beta), start * PIXELS);
        this.current.fill(this.version, start, start + n);
      }
      this.nextTile = (start + n) % count;
      done += n;
      if (performance.now() - began > BUDGET) break;
    }
    return this.current.every((version) => version === this.version);
  }

  /**
   * The figures of the weight shown: as predicted, and of its own network, trained or in training; null where there are
   * none.
   */
  figures() {
    const { run, training, curve } = this;
    const predicted = curve.length ? curveAt(curve, this.knob.t, this.data.active) : null;
    const live = training?.path.length ? training.path[training.path.length - 1] : null;
    const nearest = this.base ? null : (this.real?.run ?? null);
    return { predicted, own: run ?? live ?? nearest, live: !run && Boolean(live) };
  }

  /** The models' colours on the page as it is now; the style sheet is told. */
  colors(look) {
    const { data } = this,
      own = look.dark ? data.color_dark : data.color,
      ae = look.dark ? data.ae_color_dark : data.ae_color;
    if (this.inks !== own + ae) {
      this.inks = own + ae;
      this.root.style.setProperty("--own", own);
      this.root.style.setProperty("--ae", ae);
    }
    return { own, ae };
  }

  /**
   * What needs no network, drawn while the networks are on their way: the knob, the curve with its point, the units'
   * rates.
   */
  sketch() {
    const { data, curve, trained, beta } = this,
      at = this.run ?? (curve.length ? { ...curveAt(curve, this.knob.t, data.active), beta } : trained[0]);
    const look = theme(this.root),
      { own, ae } = this.colors(look),
      dims = byRate(this.run || !curve.length ? [at.rate_per_dim] : curve.map(({ rate_per_dim }) => rate_per_dim));
    drawBars(
      this.find(".bars"),
      at.rate_per_dim,
      dims,
      data.active,
      Math.max(...(curve[0] ?? at).rate_per_dim, ...at.rate_per_dim, 0.5),
      this.state.off,
      true,
      (unit) => this.toggle(unit),
    );
    this.plane.draw({
      curve,
      trained,
      ae: data.ae_distortion,
      at,
      path: [],
      own,
      aeColor: ae,
      look,
    });
    this.layTicks();
    this.slide.value = this.knob.t;
    this.find(".beta").textContent = `β = ${short(beta, 4)}`;
  }

  draw() {
    if (!this.shown || !this.root.isConnected) return;
    const began = performance.now();
    const { data, shown, beta, real } = this,
      look = theme(this.root),
      { own, ae } = this.colors(look);
    // Sizes are read before anything is written: in between, each reading would make the browser lay out the page
    // again.
    if (this.ticked !== this.root.clientWidth) this.layTicks();
    const codes = shown.interpolator.codes(beta),
      complete = this.decode(shown, codes);
    this.drawTiles();
    const figures = this.figures(),
      at = real ? real.run : figures.predicted;
    if (!at) return;
    // clouds cost most: in every other frame while the knob moves
    const waits = !this.knob.resting && this.clouded && (this.turn = !this.turn);
    if (!waits && (codes || !this.clouded))
      drawClouds(this.find(".cloud canvas"), codes, shown.dims, data, this.labels, look); // else the last ones stay
    this.clouded ||= Boolean(codes);
    const label = short(beta, 4);
    this.plane.draw({
      curve: this.curve,
      trained: this.trained,
      ae: data.ae_distortion,
      at: { ...at, beta: real ? real.run.beta : beta },
      path: this.training?.path ?? [],
      own,
      aeColor: ae,
      look,
    });
    drawBars(
      this.find(".bars"),
      at.rate_per_dim,
      shown.dims,
      data.active,
      Math.max(...(this.curve[0] ?? at).rate_per_dim, ...at.rate_per_dim, 0.5),
      this.state.off,
      this.knob.resting,
      (unit) => this.toggle(unit),
    );
    describe(this, at, label, figures, codes);
    this.drawn.frames++;
    if (complete) {
      this.drawn.complete++;
      this.later.splice(0).forEach((task) => task());
    }
    if (!complete || waits) this.redraw();
    const live = this.training && this.live;
    Object.assign(this.root.dataset, {
      beta: label,
      complete: this.drawn.complete,
      frame: (performance.now() - began).toFixed(1),
      shows: real ? real.run.run_id : "prediction",
      live: live ? this.training.epoch : "",
      settled: complete && !waits && shown.interpolator.ready ? "1" : "",
    });
  }

  drawTiles() {
    const live = this.training ? this.live : null,
      n = this.copied.length,
      faint = live ? DIM : 1;
    const samples = live && this.state.seed === 0 ? LIVE : 0,
      copies = live ? Math.min(LIVE_COPIES, n) : 0;
    paintGrid(this.find(".samples canvas"), PER_ROW, SAMPLES / PER_ROW, (i) =>
      live && i < samples ? [live, i, 1] : [this.tiles, i, faint],
    );
    paintGrid(this.find(".copies canvas"), n, 2, (i) =>
      i < n
        ? [this.images, this.copied[i], 1]
        : live && i - n < copies
          ? [live, LIVE + i - n, 1]
          : [this.tiles, SAMPLES + i - n, faint],
    );
  }

  toggle(unit) {
    const { off } = this.state;
    if (!off.delete(unit)) off.add(unit);
    this.version++;
    this.redraw();
  }

  /**
   * How much the copies change when the units that are off are on: root mean square over pixels, grey levels of [0, 1].
   */
  effect(codes) {
    const { shown } = this;
    if (!shown) return 0;
    const { network } = shown,
      d = network.latentDim,
      n = this.copied.length,
      on = this.copyMeans(shown, codes);
    const with_ = network.decodeImage(on, n, this.beta).slice();
    for (const j of this.state.off) for (let i = 0; i < n; i++) on[i * d + j] = 0;
    const without = network.decodeImage(on, n, this.beta);
    let sum = 0;
    for (let i = 0; i < n * PIXELS; i++) sum += (with_[i] - without[i]) ** 2;
    return Math.sqrt(sum / (n * PIXELS));
  }

  /** A dot under the track for every trained weight, named where there is room: the ends first, then from the left. */
  layTicks() {
    const width = (this.ticked = this.root.clientWidth),
      room = 27;
    const place = (beta) => ((width - 24) * (Math.log10(beta) + 1)) / 2,
      named = [];
    const runs = this.trained.filter(({ beta }) => beta >= 0.1 && beta <= 10);
    for (const { beta } of [...runs].sort((a, b) => short(a.beta).length - short(b.beta).length || a.beta - b.beta))
      if (named.every((other) => Math.abs(place(other) - place(beta)) > room)) named.push(beta);
    this.find(".ticks").replaceChildren(
      ...runs.map(({ beta }) =>
        make(
          "button",
          {
            "data-beta": beta,
            tabindex: -1,
            title: `trained at β = ${short(beta, 4)}`,
            style: `left:${50 * (Math.log10(beta) + 1)}%`,
            onclick: () => this.go(beta),
          },
          named.includes(beta) ? short(beta) : "\u00a0",
        ),
      ),
    );
  }

  destroy() {
    super.destroy();
    clearTimeout(this.timer);
    this.interpolators.forEach((interpolator) => interpolator.stop());
  }
}
