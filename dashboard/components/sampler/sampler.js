/* Random samples of both models, drawn and decoded in the page while the controls move.

   Data: `SamplerData` in data.d.ts. `update` takes it, `draw` draws a frame: samples.js draws codes and decodes,
   sampler_words.js writes. Until the networks have arrived, the samples that are stored with the runs are shown
   where they are the ones asked for. */

import { Component, mount } from "../../web/component.js";
import { inTurn, make, putText } from "../../web/elements.js";
import { inked, theme } from "../../web/look.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { putSentence } from "../../web/sentences.js";
import { SharedSettings } from "../../web/settings.js";
import { formatOf } from "../../web/image.js";
import { loadSprite } from "../../web/sprites.js";
import { paintGrid } from "../../web/tiles.js";
import { loadArrays } from "../../web/weights.js";
import { Comparisons, PAIRED } from "./comparisons.js";
import { MOST, Samples, sourcesOf } from "./samples.js";
import { classified, figuresOf, verdictOf, whyNone } from "./sampler_words.js";

/** @import { Mount, SamplerData, SampleSettings, Side, Tell } from "../../web/data.js" */
/** @import { Density } from "./samples.js" */
/**
 * @typedef {object} Lane
 * @property {HTMLElement} section
 * @property {HTMLElement} title
 * @property {HTMLCanvasElement} canvas
 * @property {HTMLElement} figures
 */

/** @type {Side[]} */
const SIDES = ["left", "right"];
const STILL_COLUMNS = 8; // of the pictures that are stored with a run
const FIGURES = /** @type {const} */ ({ fd: "Fréchet distance", density: "Density", coverage: "Coverage" });

/** @param {Mount<SamplerData>} component */
export default function (component) {
  return mount(component, ".sampler", Sampler);
}

class Sampler extends Component {
  /** @type {SamplerData} */
  data;
  /** @type {Tell} */
  tell;
  /** @type {SharedSettings<SampleSettings>} */
  settings = new SharedSettings((message) => {
    if (message) this.tell("rested", message);
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
    /** @type {Record<Side, Lane>} */
    this.lanes = { left: this.lane(), right: this.lane() };
    this.find(".lanes").append(...SIDES.map((side) => this.lanes[side].section));
    /**
     * @param {string} selector @param {string} event @param {(element: any) => Partial<SampleSettings>} change
     * @param {boolean} [soon] whether the event is a single step
     */
    const on = (selector, event, change, soon = true) => {
      const element = this.find(selector);
      element.addEventListener(event, () => this.change(change(element), soon));
    };
    on(".temperature", "input", ({ value }) => ({ temperature: Number(value) }), false);
    on(".noise", "change", ({ value }) => ({ noise: Math.min(9999, Math.max(0, Math.round(Number(value)) || 0)) }));
    on(".class", "change", ({ value }) => ({ class: value }));
    on(".count", "change", ({ value }) => ({ number: Number(value) }));
    on(".nearest", "change", ({ checked }) => ({ nearest: checked }));
    on(".vae_prior", "change", ({ checked }) => ({ vae_prior: checked }));
    on(".again", "click", () => ({ noise: (this.settings.values.noise + 1) % 10000 }));
  }

  /** @returns {Lane} */
  lane() {
    const title = make("h2"),
      canvas = make("canvas", { class: "tiles", role: "img" }),
      figures = make("dl", { class: "row number" });
    for (const name of Object.values(FIGURES)) figures.append(make("div", {}, make("dt", {}, name), make("dd")));
    return { section: make("section", { class: "lane" }, title, canvas, figures), title, canvas, figures };
  }

  /** @param {SamplerData} data @param {Tell} tell */
  async update(data, tell) {
    const before = this.data;
    Object.assign(this, { data, tell });
    if (before?.left.weights !== data.left.weights) {
      Object.assign(this, { complete: false, stills: { left: null, right: null } });
      this.samples = new Samples(formatOf(data.shape));
      this.loadedFrom = "";
    }
    const moved = this.settings.receive(data);
    this.menus();
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
    this.controls();
    for (const side of SIDES) this.drawLane(side);
    this.write();
    if (this.complete && !this.settings.moving && this.comparisons.step(data, samples, this.settings.values))
      this.redraw();
    Object.assign(this.root.dataset, {
      complete: this.complete ? String(samples.version) : "",
      shown: SIDES.every((side) => this.lanes[side].canvas.dataset.filled) ? "1" : "",
      ms: (performance.now() - began).toFixed(1),
    });
  }

  /** @param {Side} side */
  drawLane(side) {
    const { values } = this.settings,
      { canvas, title, section } = this.lanes[side],
      info = this.data[side],
      source = sourcesOf(values)[side],
      look = theme(this.root),
      made = this.samples.version > 0 && this.loadedFrom !== "",
      still = this.stills[side],
      stored = !made && still?.source === source && values.temperature === 1 && values.noise === 0;
    const tiles = made ? this.samples.tiles[side] : stored && still ? still.tiles : null;
    section.style.setProperty("--own", look.dark ? info.color_dark : info.color);
    title.replaceChildren(
      make("span", { style: `color:${inked(look.dark ? info.color_dark : info.color)}` }, info.title),
    );
    canvas.dataset.filled = tiles ? "1" : "";
    const n = values.nearest ? Math.min(values.number, PAIRED) : values.number;
    if (values.nearest) this.drawPairs(side, tiles, n);
    else {
      const columns = Math.round(Math.sqrt(n));
      paintGrid(canvas, columns, Math.ceil(n / columns), this.samples.format, (i) =>
        tiles && i < n ? [tiles, i, 1] : null,
      );
    }
    const what = `${n} images sampled from the ${info.short}`;
    canvas.setAttribute("aria-label", values.nearest ? `${what}, each with its most similar training image` : what);
  }

  /**
   * Samples, each with its most similar training image to the right of it.
   * @param {Side} side @param {Float32Array | null} tiles @param {number} n
   */
  drawPairs(side, tiles, n) {
    paintGrid(this.lanes[side].canvas, 8, n / 4, this.samples.format, (i) => {
      if (i % 2 === 0) return tiles && [tiles, i / 2, 1];
      const image = this.complete ? this.comparisons.partner(side, (i - 1) / 2, this.samples.version) : null;
      return image && [image, 0, 1];
    });
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
      return dark ? lane.color_dark : lane.color;
    });
    putText(this.find(".none"), whyNone(data, values));
    for (const side of SIDES) {
      const found = figuresOf(data[side].figures, sources[side], values.temperature),
        { figures } = this.lanes[side];
      const names = /** @type {(keyof typeof FIGURES)[]} */ (Object.keys(FIGURES));
      names.forEach((name, i) => {
        const entry = /** @type {HTMLElement} */ (figures.children[i]);
        putText(/** @type {Element} */ (entry.lastElementChild), found ? found[name] : "–");
        entry.title = data.figure_help[name];
      });
      figures.hidden = values.source === "class";
    }
  }

  /** The controls show the settings. */
  controls() {
    const { values } = this.settings,
      { data } = this;
    for (const button of this.find(".sources").children)
      button.setAttribute("aria-pressed", String(button.dataset.source === values.source));
    putText(this.find(".slide .value"), values.temperature.toFixed(2));
    /** @type {(selector: string, value: string | number) => void} */
    const put = (selector, value) => {
      const element = this.find(selector);
      if (element !== element.getRootNode().activeElement || element.type === "range" || element.tagName === "SELECT")
        if (element.value !== String(value)) element.value = value;
    };
    put(".temperature", values.temperature);
    put(".noise", values.noise);
    put(".count", values.number);
    put(".class", values.class);
    this.find(".nearest").checked = values.nearest;
    this.find(".vae_prior").checked = values.vae_prior;
    this.find(".which").hidden = values.source !== "class";
    this.find(".kept").hidden = values.source === "prior" || values.source === "class";
    const about = data.sources.find(({ id }) => id === values.source)?.about ?? "";
    this.find(".pairs").hidden = !values.nearest;
    putText(
      this.find(".pairs"),
      `Left: a sample; right of it: the most similar of ${data.references.toLocaleString("en")} training images.`,
    );
    putText(this.find(".about"), about.replace("{class}", `${data.class_word} ${values.class}`));
  }

  /** The choices, which are the page's. */
  menus() {
    const { data } = this;
    const key = JSON.stringify([data.sources.map(({ id }) => id), data.classes, data.drawable, data.numbers]);
    if (this.root.dataset.menus === key) return;
    this.root.dataset.menus = key;
    this.find(".sources").replaceChildren(
      ...data.sources.map(({ id }) =>
        make(
          "button",
          { "data-source": id, onclick: () => this.change({ source: id }, true) },
          id === "class" ? `one ${data.class_word}` : id,
        ),
      ),
    );
    this.find(".class").replaceChildren(
      ...data.classes.map((name, i) => make("option", { value: name, disabled: !data.drawable[i] }, name)),
    );
    this.find(".count").replaceChildren(...data.numbers.map((n) => make("option", { value: n }, String(n))));
  }

  destroy() {
    super.destroy();
    this.settings.stop();
  }
}
