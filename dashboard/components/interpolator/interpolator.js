/* A path between two images in both latent spaces and as a cross-fade, decoded in the page while one drags along it and
   while its ends are drawn.

   Data: `InterpolatorData` in data.d.ts. `update` takes it, `draw` draws a frame: path.js makes the frames, end_card.js
   shows an end, path_chart.js draws the charts, interpolator_words.js writes. Distances to real images, of which there
   are thousands, are measured when the path rests. */

import { paint } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { Pad, groundOf } from "../../web/drawing.js";
import { inTurn, make, putText } from "../../web/elements.js";
import { formatOf } from "../../web/image.js";
import { CHUNK } from "../../web/layers.js";
import { inked, theme } from "../../web/look.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { loadReference } from "../../web/reference.js";
import { putSentence } from "../../web/sentences.js";
import { SharedSettings } from "../../web/settings.js";
import { loadSprite } from "../../web/sprites.js";
import { paintGrid } from "../../web/tiles.js";
import { loadArrays } from "../../web/weights.js";
import { EndCard } from "./end_card.js";
import { endName, nextOf, takeaway } from "./interpolator_words.js";
import { fromText, rounded, toText } from "./drawn_text.js";
import { METHODS, Path, places, stepsOf } from "./path.js";
import { drawChart } from "./path_chart.js";

/** @import { InterpolatorData, Mount, PathSettings, Tell } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Reference } from "../../web/reference.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/** @import { Method, Way } from "./path.js" */
/** @typedef {"a" | "b"} End */
/** @typedef {Record<Method, number[]>} Measured distances to the nearest real image, frame by frame */

/** @type {End[]} */
const ENDS = ["a", "b"];
const GROUND = 50; // test images that the pad's ground is taken from
const HEIGHT = 170; // of a chart

/** @param {Mount<InterpolatorData>} component */
export default function (component) {
  return mount(component, ".interpolator", Interpolator);
}

class Interpolator extends Component {
  /** @type {InterpolatorData} */
  data;
  /** @type {Tell} */
  tell;
  /** @type {SharedSettings<PathSettings>} */
  settings = new SharedSettings((message) => {
    if (message) this.tell("rested", message);
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
  /** @type {{version: number, done: number, values: Measured}} of the frames */
  measured = { version: -1, done: 0, values: { left: [], right: [], pixels: [] } };
  /** @type {End | null} the end that is being drawn */
  drawing = null;
  /** @type {End} the end that a click in the gallery sets */
  choosing = "a";
  /** Address of the sprite that the gallery shows. */
  thumbed = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.cards = { a: this.card("a", "From"), b: this.card("b", "To") };
    this.find(".ends").append(...ENDS.map((end) => this.cards[end].box));
    this.now = this.makeNow();
    this.strips = this.makeStrips();
    this.pad = new Pad(this.find(".pad"), () => this.drawn());
    this.pad.canvas.onkeydown = (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      this.clear();
    };
    this.find(".pad-side p").after(this.pad.palette);
    this.find(".clear").onclick = () => this.clear();
    this.find(".done").onclick = () => this.open(null);
    this.find(".pair").onclick = () => this.randomPair();
    const { at, steps } = { at: this.find(".at"), steps: this.find(".steps") };
    at.oninput = () => this.change({ at: Number(at.value) }, false);
    steps.oninput = () => this.change({ steps: Number(steps.value) }, false);
    this.find(".which").append(
      ...ENDS.map((end, i) =>
        make("button", { "data-end": end, onclick: () => this.choose(end) }, `Set the ${i ? "second" : "first"} end`),
      ),
    );
  }

  /** @param {End} end @param {string} heading */
  card(end, heading) {
    return new EndCard(heading, {
      ofClass: (label) => this.ofClass(end, label),
      draw: () => this.open(this.drawing === end ? null : end),
    });
  }

  makeNow() {
    const parts = METHODS.map((method) => {
      const canvas = make("canvas", { class: "tile", role: "img" }),
        name = make("b"),
        value = make("span", { class: "muted small number" });
      this.find(".now").append(make("figure", { "data-method": method }, canvas, make("figcaption", {}, name, value)));
      return /** @type {const} */ ([method, { canvas, name, value }]);
    });
    return /** @type {Record<Method, typeof parts[0][1]>} */ (Object.fromEntries(parts));
  }

  makeStrips() {
    const parts = METHODS.map((method) => {
      const canvas = make("canvas", { class: "frames", role: "img" }),
        name = make("b"),
        mark = make("i"),
        track = make("div", { class: "track" }, canvas, mark);
      track.onpointerdown = (event) => {
        track.setPointerCapture(event.pointerId);
        this.drag(event, track);
      };
      track.onpointermove = (event) => track.hasPointerCapture(event.pointerId) && this.drag(event, track);
      this.find(".strips").append(make("div", { class: "strip", "data-method": method }, name, track));
      return /** @type {const} */ ([method, { canvas, name, mark, track }]);
    });
    return /** @type {Record<Method, typeof parts[0][1]>} */ (Object.fromEntries(parts));
  }

  /** @param {InterpolatorData} data @param {Tell} tell */
  async update(data, tell) {
    const before = this.data;
    Object.assign(this, { data, tell });
    if (before && before.left.weights !== data.left.weights) this.path = new Path();
    this.format = formatOf(data.shape);
    if (before && before.reference !== data.reference) this.reference = null;
    if (this.settings.receive(data)) {
      this.outdated = true;
      this.drawing = null;
    }
    this.menus();
    const loaded = await this.loaded(async () => {
      const [sprite, arrays] = await Promise.all([loadSprite(data.sprite, this.format), loadArrays(data.arrays)]);
      if (this.data !== data) return false;
      if (this.sprite !== sprite) {
        this.outdated = true;
        this.pad.take(sprite.format, groundOf(sprite.images(Math.min(data.count, GROUND)), sprite.format));
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
    this.gallery();
    this.redraw();
    this.ready();
    await inTurn(this.find(".charts"));
    await this.loaded(
      async () => {
        const reference = await loadReference(data.reference, data.references, this.format);
        if (this.data.reference !== data.reference) return false;
        this.reference = reference;
        this.redraw();
        return true;
      },
      (error) => `The training images could not be loaded (${error.message}).`,
    );
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

  /** @param {PointerEvent} event @param {HTMLElement} track */
  drag(event, track) {
    const { left, width } = track.getBoundingClientRect(),
      { steps } = this.settings.values;
    const at = (((event.clientX - left) / width) * steps - 0.5) / (steps - 1);
    this.change({ at: Math.round(100 * Math.min(1, Math.max(0, at))) / 100 }, false);
  }

  /** @param {End} end @param {number} index of a test image */
  put(end, index) {
    if (this.drawing === end) this.open(null);
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

  /** @param {End} end that a click in the gallery sets */
  choose(end) {
    this.choosing = end;
    this.redraw();
  }

  /* ---- drawing an end ---- */

  /**
   * The pad is opened for an end, or closed.
   * @param {End | null} end
   */
  open(end) {
    this.drawing = end;
    if (end) {
      const drawn = this.settings.values[`${end}_drawn`];
      this.pad.start(drawn ? fromText(drawn, this.format) : null);
    }
    this.redraw();
  }

  clear() {
    this.pad.start();
    this.drawn();
  }

  /** The pen has moved. */
  drawn() {
    if (!this.drawing) return;
    const image = rounded(this.pad.image()),
      empty = this.format.channels > 1 ? this.pad.blank : !image.some((v) => v > 0);
    this.change({ [`${this.drawing}_drawn`]: empty ? "" : toText(image, this.format) }, false);
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
      this.path.lead(a, b, /** @type {Way} */ (values.way), values.steps);
      this.outdated = false;
    }
    this.controls(a, b);
    for (const method of METHODS) this.drawMethod(method, look);
    this.drawNow();
    if (!this.settings.moving && this.reference && this.measure(this.reference.nearest)) this.redraw();
    this.write(look);
    Object.assign(this.root.dataset, {
      version: this.path.networks ? String(this.path.version) : "",
      measured: this.whole ? String(this.path.version) : "",
      ms: (performance.now() - began).toFixed(1),
    });
  }

  /** Whether all frames of the path have been compared with real images. */
  get whole() {
    return this.measured.version === this.path.version && this.measured.done === METHODS.length;
  }

  /**
   * Compares the frames of one method with real images; returns whether others remain.
   * @param {Reference["nearest"]} nearest
   */
  measure(nearest) {
    const { path } = this;
    if (!path.networks) return false;
    if (this.measured.version !== path.version)
      this.measured = { version: path.version, done: 0, values: { left: [], right: [], pixels: [] } };
    const { measured } = this,
      method = METHODS[measured.done],
      frames = method && path.frames[method];
    if (!frames) return false;
    measured.values[method] = nearest.distances(frames, Math.min(path.count, CHUNK));
    measured.done++;
    return measured.done < METHODS.length;
  }

  /** @param {Method} method @param {Look} look */
  color(method, look) {
    if (method === "pixels") return look.muted;
    return look.dark ? this.data[method].color_dark : this.data[method].color;
  }

  /** @param {Method} method @param {Look} look */
  drawMethod(method, look) {
    const { steps, at } = this.settings.values,
      { canvas, name, mark, track } = this.strips[method],
      frames = this.path.frames[method],
      color = method === "pixels" ? look.muted : inked(this.color(method, look)),
      title = method === "pixels" ? "Cross-fade" : this.data[method].short;
    paintGrid(canvas, steps, 1, this.format, (i) => (frames ? [frames, i, 1] : null));
    canvas.setAttribute("aria-label", `${title}: ${steps} frames of the path`);
    mark.style.left = `${(100 * (0.5 + at * (steps - 1))) / steps}%`;
    track.style.setProperty("--own", this.color(method, look));
    for (const [element, words] of /** @type {const} */ ([
      [name, method === "pixels" ? "Cross-fade of the pixels, without a model" : `${title}, decoded`],
      [this.now[method].name, title],
    ])) {
      putText(element, words);
      element.style.color = color;
    }
  }

  /** The pictures at the place on the path, and how far each is from a real one. */
  drawNow() {
    const { at } = this.settings.values,
      made = this.path.at([at]);
    for (const method of METHODS) {
      const { canvas, value } = this.now[method],
        image = made[method];
      canvas.dataset.filled = image ? "1" : "";
      if (image) paint(canvas, image, this.format);
      const far =
        image && this.reference ? this.reference.nearest.distances(image.subarray(0, this.format.pixels), 1)[0] : null;
      putText(value, far === null || far === undefined ? "\u00a0" : `${far.toFixed(1)} from the nearest real image`);
      canvas.setAttribute(
        "aria-label",
        `${this.now[method].name.textContent} at ${Math.round(100 * at)} % of the path`,
      );
    }
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
        this.drawing === end,
      );
    }
    for (const button of this.find(".ways").children)
      button.setAttribute("aria-pressed", String(button.dataset.way === values.way));
    for (const button of this.find(".which").children)
      button.setAttribute("aria-pressed", String(button.dataset.end === this.choosing));
    this.find(".at").value = values.at;
    putText(this.find(".position .value"), `${Math.round(100 * values.at)} %`);
    this.find(".steps").value = values.steps;
    putText(this.find(".controls .value"), String(values.steps));
    this.find(".pad-row").hidden = !this.drawing;
    if (!this.drawing) return;
    this.pad.draw("Draw here");
    const which = this.drawing === "a" ? "start" : "end";
    putText(
      this.find(".pad-side p"),
      `Draw the ${which} of the path.` +
        (this.format.channels > 1 ? "" : " It is fitted into the image the way MNIST was made."),
    );
  }

  /**
   * The charts and the sentence about the midpoint.
   * @param {Look} look
   */
  write(look) {
    const { data, path, whole } = this,
      { at } = this.settings.values,
      n = path.count;
    /** @type {(method: Method) => {color: string, dashed: boolean}} */
    const style = (method) => ({ color: this.color(method, look), dashed: method === "pixels" });
    const { values } = this.measured;
    const far = whole ? METHODS.map((method) => ({ ...style(method), values: values[method], at: places(n) })) : [];
    drawChart(this.find(".far"), far, at, HEIGHT, look);
    const between = places(n)
      .map((t) => t + 0.5 / (n - 1))
      .slice(0, -1);
    const near = METHODS.flatMap((method) => {
      const frames = path.frames[method];
      return frames ? [{ ...style(method), values: stepsOf(frames, n), at: between }] : [];
    });
    drawChart(this.find(".near"), near, at, HEIGHT, look);
    const names = { left: data.left.short, right: data.right.short, pixels: "cross-fade" };
    const middle = n >> 1;
    /** @type {(listed: number[][]) => string} */
    const inWords = (listed) =>
      METHODS.map((method, i) => listed[i] && `${names[method]} ${listed[i].map((v) => v.toFixed(1)).join(", ")}`)
        .filter(Boolean)
        .join("; ");
    this.find(".far").setAttribute(
      "aria-label",
      `Distance of each frame to the nearest training image: ${inWords(far.map((l) => l.values)) || "being measured"}`,
    );
    this.find(".near").setAttribute(
      "aria-label",
      `Distance between neighbouring frames: ${inWords(near.map((l) => l.values))}`,
    );
    const of = `(of ${data.references.toLocaleString("en")} training images; Euclidean over pixels)`;
    putText(this.find(".charts .muted"), of);
    const middles = { left: values.left[middle], right: values.right[middle], pixels: values.pixels[middle] };
    const named = { left: `the :a[**${names.left}**]`, right: `the :b[**${names.right}**]`, pixels: "the cross-fade" };
    putSentence(this.find(".lead"), whole ? takeaway(middles, data, named) : "", (name) =>
      this.color(name === names.left ? "left" : "right", look),
    );
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

  /** The test images that can be clicked. */
  gallery() {
    const { data, labels, sprite } = this;
    if (!sprite || this.thumbed === data.sprite) return;
    this.thumbed = data.sprite;
    const present = new Set(Array.from(labels));
    for (const end of ENDS) this.cards[end].menu(data.classes.map((name, i) => (present.has(i) ? name : "")));
    const box = this.find(".gallery");
    putText(box.querySelector("summary"), `Choose from the first ${data.gallery} test images`);
    const fill = () =>
      this.find(".thumbs").replaceChildren(
        ...Array.from({ length: data.gallery }, (_, i) => {
          const canvas = make("canvas", { class: "tile" }),
            label = `Test image ${i}, ${data.class_word} ${data.classes[labels[i]]}`;
          paint(canvas, sprite.image(i), this.format);
          return make(
            "button",
            { "aria-label": label, title: label, onclick: () => this.put(this.choosing, i) },
            canvas,
          );
        }),
      );
    box.ontoggle = () => box.open && fill();
    if (box.open) fill();
  }

  destroy() {
    super.destroy();
    this.settings.stop();
  }
}
