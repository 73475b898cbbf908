/* Small steps from an image's code: which class do the neighbours decode to?
   Data: `NeighboursData` in data.d.ts.

   A step of r moves every latent number by about r times the spread of that number over images: z + r s (.) u sqrt(d)
   with |u| = 1, as in core/metrics/paths.py. In a plane the eight directions are the compass's; elsewhere they are
   random. */

import { paint } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { make } from "../../web/elements.js";
import { loadJudge } from "../../web/judge.js";
import { theme } from "../../web/look.js";
import { inkOf } from "../../web/models.js";
import { moments } from "../../web/moments.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { normals } from "../../web/posterior.js";
import { work } from "../../web/slices.js";
import { loadArrays } from "../../web/weights.js";

/** @import { LaneData, Mount, NeighboursData } from "../../web/data.js" */
/** @import { Judge } from "../../web/judge.js" */
/** @import { Network } from "../../web/networks.js" */
/** @typedef {ReturnType<Neighbours["makeBoard"]>} Board a code and its neighbours by one model */

const DIRECTIONS = 8;
const MEASURED = 200; // codes that the flip rate is measured on
const SLICE = 12; // milliseconds of measuring between two frames
/** @type {Map<string, number>} "weights step" -> measured flip rate */
const rates = new Map();
const AROUND = [5, 2, 1, 0, 3, 6, 7, 8]; // places of the eight directions in a 3x3 board, east first, against the clock

/** @param {Mount<NeighboursData>} component */
export default function (component) {
  return mount(component, ".neighbours", Neighbours);
}

class Neighbours extends Component {
  /** @type {NeighboursData} */
  data;
  /** @type {Board[]} */
  boards = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  working;
  /** @type {Judge} */
  judge;
  /** @type {Float32Array} the image that the page is about */
  image;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.find(".step").oninput = () => {
      this.redraw();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.measure(), 250);
    };
  }

  get step() {
    return Number(this.find(".step").value);
  }

  /** @param {NeighboursData} data */
  async update(data) {
    if (data.step && data.step !== this.data?.step) this.find(".step").value = data.step;
    this.data = data;
    const loaded = await this.loaded(async () => {
      const [arrays, judge, ...networks] = await Promise.all([
        loadArrays(data.arrays),
        loadJudge(data.judge),
        ...data.lanes.map(({ weights }) => loadNetwork(weights)),
      ]);
      if (this.data !== data) return false;
      Object.assign(this, { arrays, judge });
      this.boards = data.lanes.map((info, i) => this.makeBoard(info, networks[i], arrays[`codes_${i}`]));
      this.find(".boards").replaceChildren(...this.boards.map(({ section }) => section));
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.follow(data.topic, ({ image }) => {
      this.image = image;
      this.redraw();
      this.measure();
    });
    this.ready();
  }

  /** @param {LaneData} info @param {Network} network @param {Float32Array} codes of images, (n, d) */
  makeBoard(info, network, codes) {
    const d = network.latentDim,
      n = codes.length / d;
    const spread = Float32Array.from({ length: d }, (_, j) => moments(codes, d, j).deviation);
    const cells = Array.from({ length: 9 }, () => {
      const canvas = make("canvas", { class: "tile", width: network.format.side, height: network.format.side }),
        label = make("span");
      return { canvas, label, box: make("div", {}, canvas, label) };
    });
    cells[4].box.classList.add("centre");
    const title = make("h2", {}, info.title),
      text = make("p", { class: "small number" });
    return {
      info,
      network,
      codes,
      n,
      spread,
      cells,
      title,
      text,
      section: make(
        "section",
        { class: "board", "data-lane": info.title },
        title,
        make("div", { class: "nine" }, ...cells.map(({ box }) => box)),
        text,
      ),
    };
  }

  /**
   * A code and its eight neighbours, (9, d), the code first.
   * @param {Board} board @param {Float32Array} code @param {number} r @param {() => number} next normal numbers
   */
  around({ network, spread }, code, r, next) {
    const d = network.latentDim,
      out = new Float32Array((DIRECTIONS + 1) * d);
    out.set(code);
    for (let k = 0; k < DIRECTIONS; k++) {
      const angle = (2 * Math.PI * k) / DIRECTIONS;
      const u = d === 2 ? [Math.cos(angle), Math.sin(angle)] : Array.from({ length: d }, next);
      const length = Math.hypot(...u);
      for (let j = 0; j < d; j++) out[(k + 1) * d + j] = code[j] + (r * spread[j] * Math.sqrt(d) * u[j]) / length;
    }
    return out;
  }

  draw() {
    this.find("output").textContent = `${this.step.toFixed(1)} × the codes' spread`;
    if (!this.image || !this.judge) return;
    const { dark } = theme(this.root);
    for (const board of this.boards) {
      const { format } = board.network;
      board.title.style.color = inkOf(board.info, dark);
      const code = board.network.encode(this.image).mean.slice();
      const images = board.network.decodeImage(this.around(board, code, this.step, normals(7)), DIRECTIONS + 1);
      const centre = this.judge.name(images);
      let flips = 0;
      [4, ...AROUND].forEach((place, k) => {
        const { canvas, label, box } = board.cells[place];
        const named = this.judge.name(images, k * format.pixels);
        paint(canvas, images, format, k * format.pixels);
        label.textContent = label.title = this.data.classes[named];
        box.classList.toggle("flipped", named !== centre);
        flips += Number(named !== centre);
      });
      const rate = rates.get(`${board.info.weights} ${this.step}`);
      board.text.textContent =
        `${flips} of ${DIRECTIONS} change class here` +
        (this.data.rates === false
          ? ""
          : "; " +
            (rate === undefined
              ? "measuring over images…"
              : `${(100 * rate).toFixed(1)}% over ${Math.min(MEASURED, board.n)} images`));
    }
    this.finding();
  }

  /** Flip rates at this step that are not yet known, a slice of time after another. */
  measure() {
    clearTimeout(this.working);
    if (this.data.rates === false) return;
    const r = this.step;
    const jobs = this.boards
      .filter(({ info }) => !rates.has(`${info.weights} ${r}`))
      .map((board) => this.flips(board, r));
    const step = () => {
      const left = jobs.length;
      work(jobs, SLICE);
      if (jobs.length < left) this.redraw();
      if (jobs.length && this.root.isConnected) this.working = setTimeout(step);
    };
    step();
  }

  /**
   * Measures the share of neighbours that change class.
   * @param {Board} board @param {number} r
   */
  *flips(board, r) {
    const d = board.network.latentDim,
      { pixels } = board.network.format,
      next = normals(11),
      n = Math.min(MEASURED, board.n);
    let flipped = 0;
    for (let i = 0; i < n; i++) {
      const images = board.network.decodeImage(
        this.around(board, board.codes.subarray(i * d, (i + 1) * d), r, next),
        DIRECTIONS + 1,
      );
      const centre = this.judge.name(images);
      for (let k = 1; k <= DIRECTIONS; k++) flipped += Number(this.judge.name(images, k * pixels) !== centre);
      yield;
    }
    rates.set(`${board.info.weights} ${r}`, flipped / (n * DIRECTIONS));
  }

  /* Whose pictures change class more often. The server decides that, over seeds (core/metrics/claims.py); at a step
     where it has not, the rates measured here are shown and nothing is concluded from them. */
  finding() {
    const box = this.find(".finding"),
      conclusion = this.data.rates === false ? "" : this.data.conclusions[String(this.step)];
    if (conclusion !== undefined) {
      box.textContent = conclusion;
      return;
    }
    /** @type {Map<number, Record<string, number | undefined>>} */
    const by = new Map();
    for (const { info, network } of this.boards)
      by.set(network.latentDim, {
        ...by.get(network.latentDim),
        [info.short]: rates.get(`${info.weights} ${this.step}`),
      });
    const [a, v] = [...new Set(this.boards.map(({ info }) => info.short))];
    if ([...by.values()].some((pair) => pair[a] === undefined || pair[v] === undefined)) return;
    const percent = (/** @type {number | undefined} */ rate) => `${(100 * (rate ?? NaN)).toFixed(1)}%`;
    const parts = [...by].map(
      ([d, pair]) => `with ${d} latent numbers ${a} ${percent(pair[a])}, ${v} ${percent(pair[v])}`,
    );
    const decided = Object.keys(this.data.conclusions);
    box.textContent =
      `At this step, measured here, of these models alone: ${parts.join("; ")}.` +
      (decided.length ? ` Over several seeds that was compared at steps of ${decided.join(", ")}.` : "");
  }

  destroy() {
    super.destroy();
    clearTimeout(this.working);
    clearTimeout(this.timer);
  }
}
