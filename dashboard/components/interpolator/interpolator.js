/* A path between two images in both latent spaces and as a cross-fade, decoded in the page while one drags along it and
   while its ends are drawn.

   Data: `InterpolatorData` in data.d.ts. `update` takes it, `draw` draws a frame: path.js makes the images along the
   path, path_pictures.js and path_charts.js show them, path_distances.js compares them with real ones when the path
   rests; end_card.js shows an end, image_gallery.js and end_drawing.js change it, interpolator_words.js writes. */

import { Component, mount } from "../../web/component.js";
import { inTurn, make, putText } from "../../web/elements.js";
import { formatOf } from "../../web/image.js";
import { theme } from "../../web/look.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { notLoaded } from "../../web/problems.js";
import { loadReference } from "../../web/reference.js";
import { putSentence } from "../../web/sentences.js";
import { SharedSettings } from "../../web/settings.js";
import { loadSprite } from "../../web/sprites.js";
import { loadArrays } from "../../web/weights.js";
import { fromText } from "./drawn_text.js";
import { EndCard } from "./end_card.js";
import { EndDrawing } from "./end_drawing.js";
import { ImageGallery } from "./image_gallery.js";
import { ENDS, endName, nextOf, takeaway } from "./interpolator_words.js";
import { stylesOf } from "./method_styles.js";
import { Path } from "./path.js";
import { drawCharts } from "./path_charts.js";
import { PathDistances } from "./path_distances.js";
import { PathPictures, positionAt } from "./path_pictures.js";

/** @import { InterpolatorData, Mount, PathSettings, Report } from "../../web/data.js" */
/** @import { Reference } from "../../web/reference.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/** @import { End } from "./interpolator_words.js" */
/** @import { Style } from "./method_styles.js" */
/** @import { Method, Way } from "./path.js" */

/** @param {Mount<InterpolatorData>} component */
export default function (component) {
  return mount(component, ".interpolator", Interpolator);
}

class Interpolator extends Component {
  /** @type {InterpolatorData} */
  data;
  /** @type {Report} */
  report;
  /** @type {SharedSettings<PathSettings>} */
  settings = new SharedSettings((message) => {
    if (message) this.report("rested", message);
    this.redraw();
  });
  path = new Path();
  /** What the images are. */
  format = formatOf();
  /** @type {Sprite | null} the test images */
  sprite = null;
  /** @type {ArrayLike<number>} their classes */
  labels = [];
  /** @type {Reference | null} the training images */
  reference = null;
  /** Whether the frames do not show the settings yet. */
  outdated = true;
  distances = new PathDistances();
  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.cards = { a: this.card("a", "From"), b: this.card("b", "To") };
    this.find(".ends").append(...ENDS.map((end) => this.cards[end].box));
    this.pictures = new PathPictures(this.find(".now"), this.find(".strips"), (share) =>
      this.change({ at: positionAt(share, this.settings.values.steps) }, false),
    );
    this.gallery = new ImageGallery(this.find(".gallery"), (end, index) => this.put(end, index));
    this.drawing = new EndDrawing(
      this.find(".pad-row"),
      (end, text) => this.drawn(end, text),
      () => this.open(null),
    );
    this.find(".pair").onclick = () => this.randomPair();
    const { at, steps } = { at: this.find(".at"), steps: this.find(".steps") };
    at.oninput = () => this.change({ at: Number(at.value) }, false);
    steps.oninput = () => this.change({ steps: Number(steps.value) }, false);
  }

  /** @param {End} end @param {string} heading */
  card(end, heading) {
    return new EndCard(heading, {
      ofClass: (label) => this.ofClass(end, label),
      draw: () => this.open(this.drawing.end === end ? null : end),
    });
  }

  /** @param {InterpolatorData} data @param {Report} report */
  async update(data, report) {
    const before = this.data;
    Object.assign(this, { data, report });
    if (before && before.left.weights !== data.left.weights) this.path = new Path();
    this.format = formatOf(data.shape);
    if (before && before.reference !== data.reference) this.reference = null;
    if (this.settings.receive(data)) {
      this.outdated = true;
      this.drawing.end = null;
    }
    this.menus();
    const loaded = await this.loaded(async () => {
      const [sprite, arrays] = await Promise.all([loadSprite(data.sprite, this.format), loadArrays(data.arrays)]);
      if (this.data !== data) return false;
      if (this.sprite !== sprite) {
        this.outdated = true;
        this.drawing.take(sprite, data.count);
      }
      Object.assign(this, { sprite, labels: arrays.labels });
      this.redraw(); // the ends and the cross-fade need no network
      if (this.path.networks) return true;
      await inTurn(this.root);
      const [left, right] = await Promise.all([loadNetwork(data.left.weights), loadNetwork(data.right.weights)]);
      if (this.data.left.weights !== data.left.weights) return false;
      this.path.take({ left, right });
      this.outdated = true;
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.offerImages();
    this.redraw();
    this.ready();
    await inTurn(this.find(".charts"));
    await this.loaded(async () => {
      const reference = await loadReference(data.reference, data.references, this.format);
      if (this.data.reference !== data.reference) return false;
      this.reference = reference;
      this.redraw();
      return true;
    }, notLoaded("The training images"));
  }

  /* ---- what a person changes ---- */

  /**
   * @param {Partial<PathSettings>} changes
   * @param {boolean} soon whether this is a single step and not a movement
   */
  change(changes, soon) {
    if (!this.settings.change(changes, soon)) return;
    if (Object.keys(changes).some((name) => name !== "at")) this.outdated = true;
    this.redraw();
  }

  /** @param {End} end @param {number} index of a test image */
  put(end, index) {
    if (this.drawing.end === end) this.open(null);
    this.change({ [end]: index, [`${end}_drawn`]: "" }, true);
  }

  /** @param {End} end @param {number} label a class */
  ofClass(end, label) {
    const { values } = this.settings,
      already = !values[`${end}_drawn`] && this.labels[values[end]] === label;
    this.put(end, nextOf(this.labels, label, already ? values[end] : -1));
  }

  randomPair() {
    const { count } = this.data,
      a = Math.floor(Math.random() * count),
      b = count > 1 ? (a + 1 + Math.floor(Math.random() * (count - 1))) % count : a;
    this.open(null);
    this.change({ a, b, a_drawn: "", b_drawn: "" }, true);
  }

  /* ---- drawing an end ---- */

  /**
   * The pad is opened for an end, or closed.
   * @param {End | null} end
   */
  open(end) {
    this.drawing.open(end, end ? this.settings.values[`${end}_drawn`] : "", this.format);
    this.redraw();
  }

  /** @param {End} end @param {string} text a drawing */
  drawn(end, text) {
    this.change({ [`${end}_drawn`]: text }, false);
    this.redraw();
  }

  /** @param {End} end @returns {Float32Array | null} */
  image(end) {
    const { values } = this.settings,
      drawn = values[`${end}_drawn`];
    return drawn ? fromText(drawn, this.format) : (this.sprite?.image(values[end]) ?? null);
  }

  /* ---- drawing the page ---- */

  draw() {
    if (!this.data || !this.sprite || !this.root.isConnected) return;
    const began = performance.now(),
      { values } = this.settings,
      look = theme(this.root),
      a = this.image("a"),
      b = this.image("b");
    if (!a || !b) return;
    if (this.outdated) {
      this.path.connect(a, b, /** @type {Way} */ (values.way), values.steps);
      this.outdated = false;
    }
    const { data, path, distances, reference } = this,
      styles = stylesOf(data, look);
    if (!this.settings.moving && reference && distances.step(path, reference.nearest)) this.redraw();
    const measured = distances.complete(path.version);
    this.controls(a, b);
    this.pictures.draw(path, values.at, values.steps, this.format, styles, reference?.nearest);
    drawCharts(this.find(".far"), this.find(".near"), path, measured ? distances.values : {}, values.at, styles, look);
    this.write(measured, styles);
    Object.assign(this.root.dataset, {
      version: this.path.networks ? String(this.path.version) : "",
      measured: measured ? String(this.path.version) : "",
      ms: (performance.now() - began).toFixed(1),
    });
  }

  /**
   * The controls show the settings.
   * @param {Float32Array} a @param {Float32Array} b images of both ends
   */
  controls(a, b) {
    const { values } = this.settings,
      { data, labels } = this;
    for (const [end, image] of /** @type {const} */ ([
      ["a", a],
      ["b", b],
    ])) {
      const label = values[`${end}_drawn`] ? -1 : labels[values[end]];
      this.cards[end].show(
        image,
        this.format,
        endName(end, values, labels, data),
        label,
        data.class_word,
        this.drawing.end === end,
      );
    }
    for (const button of this.find(".ways").children)
      button.setAttribute("aria-pressed", String(button.dataset.way === values.way));
    this.find(".at").value = values.at;
    putText(this.find(".position .value"), `${Math.round(100 * values.at)} %`);
    this.find(".steps").value = values.steps;
    putText(this.find(".fields .value"), String(values.steps));
    this.drawing.draw();
  }

  /**
   * The sentence about the midpoint, and what distances are measured with.
   * @param {boolean} measured whether all frames have been compared with real images
   * @param {Record<Method, Style>} styles
   */
  write(measured, styles) {
    const { data, path } = this,
      { left, right } = styles;
    const of = `(of ${data.references.toLocaleString("en")} training images; Euclidean over pixels)`;
    putText(this.find(".charts .muted"), of);
    const named = { left: `the :a[**${left.short}**]`, right: `the :b[**${right.short}**]`, pixels: "the cross-fade" };
    const words = measured ? takeaway(this.distances.at(path.count >> 1), data, named) : "";
    putSentence(this.find(".lead"), words, (name) => (name === left.short ? left : right).color);
  }

  /** The choices, which are the page's. */
  menus() {
    const { data } = this,
      [fewest, most] = data.frames;
    Object.assign(this.find(".steps"), { min: fewest, max: most });
    if (this.root.dataset.ways === String(data.ways)) return;
    this.root.dataset.ways = String(data.ways);
    this.find(".ways").replaceChildren(
      ...data.ways.map((way) => make("button", { "data-way": way, onclick: () => this.change({ way }, true) }, way)),
    );
  }

  /** The test images and classes that an end can be set to. */
  offerImages() {
    const { data, labels, sprite } = this;
    if (!sprite || this.gallery.shown === data.sprite) return;
    const present = new Set(Array.from(labels));
    for (const end of ENDS) this.cards[end].menu(data.classes.map((name, i) => (present.has(i) ? name : "")));
    this.gallery.take(data, sprite, labels);
  }

  destroy() {
    super.destroy();
    this.settings.stop();
  }
}
