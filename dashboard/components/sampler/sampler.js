/* Random samples of both models, drawn and decoded in the page while the controls move.

   Data: `SamplerData` in data.d.ts. `update` takes it, `draw` draws a frame: samples.js draws codes and decodes them,
   sample_lane.js shows a model, sampler_controls.js has the controls, sampler_words.js writes. Until the networks have
   arrived, the samples that are stored with the runs are shown where they are the ones asked for. */

import { Component, mount } from "../../web/component.js";
import { inTurn, putText } from "../../web/elements.js";
import { theme } from "../../web/look.js";
import { SIDES, colorOf } from "../../web/models.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { putSentence } from "../../web/sentences.js";
import { SharedSettings } from "../../web/settings.js";
import { formatOf } from "../../web/image.js";
import { loadSprite } from "../../web/sprites.js";
import { loadArrays } from "../../web/weights.js";
import { Comparisons, PAIRED } from "./comparisons.js";
import { SampleLane } from "./sample_lane.js";
import { SamplerControls } from "./sampler_controls.js";
import { MOST, Samples, sourcesOf } from "./samples.js";
import { classified, figuresOf, verdictOf, whyNone } from "./sampler_words.js";

/** @import { Mount, SamplerData, Report, SampleSettings, Side } from "../../web/data.js" */
/** @import { Density } from "./samples.js" */

const STILL_COLUMNS = 8; // of the pictures that are stored with a run

/** @param {Mount<SamplerData>} component */
export default function (component) {
  return mount(component, ".sampler", Sampler);
}

class Sampler extends Component {
  /** @type {SamplerData} */
  data;
  /** @type {Report} */
  report;
  /** @type {SharedSettings<SampleSettings>} */
  settings = new SharedSettings((message) => {
    if (message) this.report("rested", message);
    this.redraw();
  });
  samples = new Samples();
  /** Address of the densities that `samples` has. */
  loadedFrom = "";
  /** Whether all pictures show what the settings say. */
  complete = false;
  /** @type {Record<Side, {source: string, tiles: Float32Array} | null>} samples stored with the runs */
  stills = { left: null, right: null };
  comparisons = new Comparisons(this.redraw, (words) => this.problem(words));

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.lanes = { left: new SampleLane(), right: new SampleLane() };
    this.find(".lanes").append(...SIDES.map((side) => this.lanes[side].section));
    this.controls = new SamplerControls(
      root,
      (changes, soon) => this.change(changes, soon),
      () => this.settings.values,
    );
  }

  /** @param {SamplerData} data @param {Report} report */
  async update(data, report) {
    const before = this.data;
    Object.assign(this, { data, report });
    if (before?.left.weights !== data.left.weights) {
      Object.assign(this, { complete: false, stills: { left: null, right: null } });
      this.samples = new Samples(formatOf(data.shape));
      this.loadedFrom = "";
    }
    const moved = this.settings.receive(data);
    this.controls.offer(data);
    if (moved || !this.loadedFrom) this.changed();
    this.redraw();
    this.showStills(data);
    const loaded = await this.loaded(() => this.load(data), loadingProblem);
    if (!loaded) return;
    this.changed();
    this.ready();
  }

  /**
   * Fetches networks and densities; false if newer data have overtaken it.
   * @param {SamplerData} data
   */
  async load(data) {
    if (this.loadedFrom === data.arrays) return true;
    await inTurn(this.root);
    const [left, right, arrays] = await Promise.all([
      loadNetwork(data.left.weights),
      loadNetwork(data.right.weights),
      loadArrays(data.arrays),
    ]);
    if (this.data !== data) return this.data.arrays === this.loadedFrom;
    /** @type {(side: Side) => Record<string, Density>} */
    const densities = (side) =>
      Object.fromEntries(
        ["gaussian", "mixture", "class"]
          .filter((source) => arrays[`${side}_${source}_means`])
          .map((source) => [
            source,
            {
              means: arrays[`${side}_${source}_means`],
              roots: arrays[`${side}_${source}_roots`],
              ends: arrays[`${side}_${source}_ends`],
            },
          ]),
      );
    this.samples.take({ left, right }, { left: densities("left"), right: densities("right") });
    this.loadedFrom = data.arrays;
    return true;
  }

  /**
   * The samples that are stored with the runs, where they are what the settings ask for.
   * @param {SamplerData} data
   */
  async showStills(data) {
    const { temperature, noise } = this.settings.values;
    if (this.loadedFrom || temperature !== 1 || noise !== 0) return;
    const sources = sourcesOf(this.settings.values);
    await Promise.all(
      SIDES.map(async (side) => {
        const url = data[side].stills[sources[side]];
        if (!url || this.stills[side]?.source === sources[side]) return;
        // if it is missing, the networks make these pictures, too
        const sprite = await loadSprite(url, formatOf(data.shape), STILL_COLUMNS).catch(() => null);
        if (!sprite || this.data !== data) return;
        this.stills[side] = { source: sources[side], tiles: sprite.images(MOST) };
        this.redraw();
      }),
    );
  }

  /* ---- what a person changes ---- */

  /**
   * @param {Partial<SampleSettings>} changes
   * @param {boolean} soon whether this is a single step and not a movement
   */
  change(changes, soon) {
    if (this.settings.change(changes, soon)) this.changed();
  }

  /** All pictures have to be made again. */
  changed() {
    const { values } = this.settings;
    this.complete = false;
    if (this.loadedFrom) {
      const klass = Math.max(0, this.data.classes.indexOf(values.class));
      const drawn = this.samples.draw(values, klass);
      putText(this.find(".problem"), drawn ? "" : "The distribution of each class is being fitted…");
      this.find(".problem").hidden = drawn;
    }
    this.redraw();
  }

  /* ---- drawing ---- */

  draw() {
    const { data, samples } = this;
    if (!data || !this.root.isConnected) return;
    const began = performance.now();
    if (this.loadedFrom && samples.version && !this.complete) {
      this.complete = samples.decode();
      if (!this.complete) this.redraw();
    }
    this.controls.show(this.settings.values, data);
    for (const side of SIDES) this.drawLane(side);
    this.write();
    if (this.complete && !this.settings.moving && this.comparisons.step(data, samples, this.settings.values))
      this.redraw();
    Object.assign(this.root.dataset, {
      complete: this.complete ? String(samples.version) : "",
      shown: SIDES.every((side) => this.lanes[side].filled) ? "1" : "",
      ms: (performance.now() - began).toFixed(1),
    });
  }

  /** @param {Side} side */
  drawLane(side) {
    const { values } = this.settings,
      { samples } = this,
      source = sourcesOf(values)[side],
      made = samples.version > 0 && this.loadedFrom !== "",
      still = this.stills[side],
      stored = !made && still?.source === source && values.temperature === 1 && values.noise === 0,
      tiles = made ? samples.tiles[side] : stored ? still.tiles : null,
      n = values.nearest ? Math.min(values.number, PAIRED) : values.number;
    /** @type {(i: number) => Float32Array | null} */
    const partner = (i) => (this.complete ? this.comparisons.partner(side, i, samples.version) : null);
    const look = theme(this.root);
    this.lanes[side].draw(this.data[side], look, samples.format, tiles, n, values.nearest ? partner : null);
  }

  /** Sentences and figures. */
  write() {
    const { data } = this,
      { values } = this.settings,
      sources = sourcesOf(values),
      { dark } = theme(this.root);
    const hits = this.complete ? this.comparisons.hits(this.samples.version) : null,
      counted = hits ? classified(data, values, hits) : "",
      verdict = values.source === "class" ? counted : (verdictOf(data.verdicts, values) ?? "");
    putSentence(this.find(".lead"), verdict, (name) => {
      const lane = data.left.short === name ? data.left : data.right;
      return colorOf(lane, dark);
    });
    putText(this.find(".none"), whyNone(data, values));
    for (const side of SIDES) {
      const figures = figuresOf(data[side].figures, sources[side], values.temperature);
      this.lanes[side].write(figures, data.figure_help, values.source === "class");
    }
  }

  destroy() {
    super.destroy();
    this.settings.stop();
  }
}
