/* Decode as you move: the two latent planes of d = 2, the real decoder under the cursor.
   Data: `PlanesData` in data.d.ts.

   `update` takes it, `draw` draws a frame: plane.js has one plane, measured.js the maps that are measured here,
   words.js the legend and the finding. */

import { paint, roomFor } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { inTurn, make } from "../../web/elements.js";
import { formatOf } from "../../web/image.js";
import { loadJudge } from "../../web/judge.js";
import { theme } from "../../web/look.js";
import { signed } from "../../web/measures.js";
import { SIDES } from "../../web/models.js";
import { Nearest } from "../../web/nearest.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { work } from "../../web/slices.js";
import { loadSprite } from "../../web/sprites.js";
import { loadArrays } from "../../web/weights.js";
import { holes, measurePlane, measureReal, scaleOf } from "./measured.js";
import { Plane } from "./plane.js";
import { ENOUGH, finding, legend, tooFew } from "./words.js";

/** @import { Mount, PlanesData, Side } from "../../web/data.js" */
/** @import { Judge } from "../../web/judge.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Baseline, Measured } from "./measured.js" */
/** @import { Mode } from "./words.js" */

/** @type {Record<Mode, string>} */
const MODES = { codes: "Codes", grid: "Picture grid", holes: "Holes", regions: "Classes" };
const SLICE = 12; // milliseconds of measuring between two frames
/** @type {Map<string, Measured>} by the weights' address */
const measured = new Map();

/** @param {Mount<PlanesData>} component */
export default function (component) {
  return mount(component, ".planes", Planes);
}

class Planes extends Component {
  /** @type {PlanesData} */
  data;
  /** @type {Record<string, Float32Array>} */
  arrays;
  /** @type {Float32Array} classes of the real images */
  labels;
  /** @type {Float32Array} the real images, one after another */
  real;
  /** @type {Nearest} */
  nearest;
  /** @type {Judge | null} */
  judge;
  /** @type {Baseline | null} once measured */
  baseline = null;
  /** @type {Promise<void> | undefined} */
  turn;
  /** @type {Mode} */
  mode = "codes";
  /** The mode that the page asked for last. */
  wanted = "";
  measuring = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    /** @type {(plane: Plane, x: number, y: number) => void} */
    const point = (plane, x, y) => this.point(plane, x, y);
    this.planes = { left: new Plane("left", point), right: new Plane("right", point) };
    this.find(".pair").append(...SIDES.map((side) => this.planes[side].section));
    for (const [mode, label] of /** @type {[Mode, string][]} */ (Object.entries(MODES)))
      this.find(".modes").append(make("button", { "data-mode": mode, onclick: () => this.show(mode) }, label));
  }

  /** @param {PlanesData} data */
  async update(data) {
    this.data = data;
    await (this.turn ??= inTurn(this.root));
    if (this.data !== data) return;
    const loaded = await this.loaded(() => this.load(data), loadingProblem);
    if (!loaded) return;
    // The image on the pad decides where both cursors begin.
    this.follow(
      data.topic,
      ({ image }) => {
        for (const side of SIDES) {
          const [x, y] = this.planes[side].network.encode(image).mean;
          this.planes[side].cursor = [x, y];
        }
        this.redraw();
      },
      0,
    );
    // the page asks for another view
    if (data.mode && data.mode !== this.wanted) this.mode = this.wanted = /** @type {Mode} */ (data.mode);
    this.show(this.mode);
    this.ready();
  }

  draw() {
    if (!this.labels) return;
    const look = theme(this.root),
      scale = this.mode === "holes" ? this.scale() : { low: 0, high: 1 };
    for (const side of SIDES) {
      const plane = this.planes[side],
        width = plane.section.clientWidth;
      if (!width) return;
      const height = Math.round(Math.min(width * 0.85, roomFor(460, 0.26))),
        found = this.baseline ? measured.get(plane.info.weights) : undefined;
      plane.draw(width, height, this.mode, this.labels, this.data.class_colors, found, scale, look);
      this.decode(plane);
    }
    this.noteTime();
  }

  /**
   * Fetches what the data name; false if newer data have overtaken it.
   * @param {PlanesData} data
   */
  async load(data) {
    const [arrays, sprite, left, right] = await Promise.all([
      loadArrays(data.arrays),
      loadSprite(data.sprite, formatOf(data.shape)),
      loadNetwork(data.left.weights),
      loadNetwork(data.right.weights),
    ]);
    this.judge = data.judge ? await loadJudge(data.judge) : null;
    if (this.data !== data) return false;
    if (this.arrays !== arrays) {
      Object.assign(this, { arrays, labels: arrays.labels });
      this.real = sprite.images(this.labels.length);
      this.nearest = new Nearest(this.real, sprite.format.pixels);
      this.baseline = null;
    }
    this.planes.left.take(data.left, left, arrays.left_xy);
    this.planes.right.take(data.right, right, arrays.right_xy);
    return true;
  }

  /** @param {Mode} mode */
  show(mode) {
    this.mode = mode;
    for (const button of this.find(".modes").children)
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    if (mode === "holes" || mode === "regions") this.measure();
    this.legend();
    this.redraw();
  }

  /** @param {Plane} plane @param {number} x @param {number} y a place on its canvas */
  point(plane, x, y) {
    plane.cursor = plane.toData(x, y);
    this.redrawTimed();
  }

  /**
   * What the decoder makes of the code under a cursor, and the real image most like it.
   * @param {Plane} plane
   */
  decode(plane) {
    const { cursor } = plane,
      { format } = plane.network,
      { class_word, classes } = this.data;
    const decoded = plane.network.decodeImage(Float32Array.from(cursor));
    paint(plane.decoded, decoded, format);
    const [{ index, likeness }] = this.nearest.find(decoded, 1);
    paint(plane.near, this.real, format, index * format.pixels);
    plane.section.dataset.cursor = cursor.map((v) => v.toFixed(3)).join();
    const z = cursor.map((v) => signed(v, 2)).join(", "),
      name = classes[this.name(decoded, 0, index)],
      typical =
        this.baseline && this.labels.length > 1 ? `real images to each other: ${this.baseline.typical.toFixed(2)}` : "";
    plane.text.replaceChildren(
      make("div", {}, `z = (${z})`),
      make("div", {}, `${class_word} ${name}, likeness ${likeness.toFixed(2)}`),
      make("div", { class: "muted" }, typical),
    );
  }

  /**
   * The class of a decoded image: the judge's opinion, or without a judge that of the most similar real image.
   * @param {Float32Array} images @param {number} offset @param {number} similar index of a real image
   */
  name(images, offset, similar) {
    return this.judge ? this.judge.name(images, offset) : this.labels[similar];
  }

  /* ---- measured maps ---- */

  /** Measures what is not known yet, a slice of time between two frames. */
  measure() {
    const todo = SIDES.map((side) => this.planes[side]).filter(({ info }) => !measured.has(info.weights));
    if (this.measuring || (!todo.length && this.baseline)) {
      this.finding();
      return;
    }
    this.measuring = true;
    const jobs = [...(this.baseline ? [] : [this.measureReal()]), ...todo.map((plane) => this.measurePlane(plane))];
    const total = jobs.length;
    const step = () => {
      if (!this.root.isConnected) {
        this.measuring = false;
        return;
      }
      const share = work(jobs, SLICE),
        done = (total - jobs.length + share) / total;
      this.find(".progress").textContent = jobs.length ? `measuring, ${Math.round(100 * done)}%` : "";
      this.redraw();
      if (jobs.length) {
        setTimeout(step);
        return;
      }
      this.measuring = false;
      this.finding();
      this.legend();
    };
    step();
  }

  /** @returns {Generator<number, void>} */
  *measureReal() {
    this.baseline = yield* measureReal(this.nearest, this.real, this.labels.length);
  }

  /** @param {Plane} plane @returns {Generator<number, void>} */
  *measurePlane(plane) {
    /** @type {import("./measured.js").Name} */
    const name = (images, offset, similar) => this.name(images, offset, similar);
    const { weights } = plane.info;
    measured.set(weights, yield* measurePlane(plane.network, this.nearest, plane.area, name));
  }

  scale() {
    return scaleOf(SIDES.map((side) => measured.get(this.data[side].weights)?.likeness ?? []));
  }

  legend() {
    this.find(".legend").replaceChildren(...legend(this.mode, this.data, this.scale(), Boolean(this.judge)));
  }

  /** What the measured maps say about codes drawn from the prior, as numbers. */
  finding() {
    const box = this.find(".finding"),
      { baseline, data } = this;
    if (this.labels.length < ENOUGH) {
      box.replaceChildren(tooFew(this.labels.length));
      return;
    }
    if (!baseline) return;
    const found = SIDES.flatMap((side) => {
      const map = measured.get(data[side].weights);
      return map ? [{ lane: data[side], share: holes(map, baseline.least) }] : [];
    });
    box.replaceChildren(...finding(found, baseline.least, Boolean(this.root.dataset.dark)));
  }
}
