/* Two trainings, epoch by epoch: codes finding their places, samples sharpening. All of it is what was recorded while
   training.

   Points glide in straight lines between the epochs at which they were recorded; pictures and figures change at the
   epochs. Data: `ScrubberData` in data.d.ts. */

import { contextOf, prepare } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { make } from "../../web/elements.js";
import { formatOf } from "../../web/image.js";
import { slideTo } from "../../web/keys.js";
import { theme } from "../../web/look.js";
import { drawCodes, onCanvas, priorCircles } from "../../web/marks.js";
import { figuresInWords, signed } from "../../web/measures.js";
import { colorOf, inkOf } from "../../web/models.js";
import { notLoaded } from "../../web/problems.js";
import { loadSprite } from "../../web/sprites.js";
import { ticks } from "../../web/ticks.js";
import { loadArrays } from "../../web/weights.js";

/** @import { Mount, ScrubberData, ScrubberLane } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @typedef {{section: HTMLElement, map: HTMLCanvasElement, pictures: HTMLCanvasElement}} Panel */
/** @typedef {ScrubberLane & Panel & {xy: Float32Array, picture: HTMLImageElement}} Lane a recorded training */

const PER_SECOND = 4; // epochs a second while it plays
const MARGIN = 1.08;
/** @type {Map<string, {at: number}>} where each stood, by data.key */
const scrubbers = new Map();

/** @param {Mount<ScrubberData>} component */
export default function (component) {
  return mount(component, ".scrubber", Scrubber);
}

class Scrubber extends Component {
  /** @type {ScrubberData} */
  data;
  /** @type {{at: number}} the epoch shown; between two of them, points are on their way */
  state;
  /** @type {Lane[]} */
  lanes = [];
  /** @type {ArrayLike<number>} classes of the recorded images */
  labels;
  /** The frame that is waited for while it plays; 0 when it does not. */
  playing = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.slide = this.find(".epoch");
    this.slide.oninput = () => {
      this.pause();
      this.go(Number(this.slide.value));
    };
    this.slide.onchange = () => this.go(Math.round(this.slide.value));
    this.slide.onkeydown = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.find(".play").onclick = () => (this.playing ? this.pause() : this.play());
  }

  /** @param {ScrubberData} data */
  async update(data) {
    this.data = data;
    this.state = scrubbers.get(data.key) ?? { at: data.epochs };
    scrubbers.set(data.key, this.state);
    this.slide.max = data.epochs;
    const loaded = await this.loaded(async () => {
      const [arrays, ...sprites] = await Promise.all([
        loadArrays(data.arrays),
        ...data.lanes.map((lane) => loadSprite(lane.sprite, formatOf(), 8)),
      ]);
      if (this.data !== data) return false; // a newer update has overtaken this one
      this.labels = arrays.labels;
      this.lanes = data.lanes.map((lane, i) => ({
        ...lane,
        xy: arrays[`xy_${i}`],
        picture: sprites[i].picture,
        ...this.panel(i, data.lanes.length),
      }));
      return true;
    }, notLoaded("The recordings"));
    if (!loaded) return;
    this.go(Math.min(this.state.at, data.epochs));
    this.draw(); // what is ready has been drawn
    this.ready();
  }

  /** @param {number} i @param {number} count of panels @returns {Panel} */
  panel(i, count) {
    const box = this.find(".lanes");
    if (box.childElementCount !== count)
      box.replaceChildren(
        ...Array.from({ length: count }, () =>
          make(
            "section",
            { class: "lane lined" },
            make("h2"),
            make("p", { class: "muted small number" }),
            make("canvas", { class: "map", role: "img" }),
            make("canvas", { class: "pictures", role: "img" }),
          ),
        ),
      );
    const section = box.children[i];
    return { section, map: section.querySelector(".map"), pictures: section.querySelector(".pictures") };
  }

  /* ---- time ---- */

  /** @param {number} at an epoch */
  go(at) {
    this.state.at = Math.min(this.data.epochs, Math.max(0, at));
    this.redraw();
  }

  play() {
    if (this.state.at >= this.data.epochs) this.state.at = 0;
    let last = performance.now();
    /** @type {FrameRequestCallback} */
    const step = (now) => {
      this.go(this.state.at + ((now - last) / 1000) * PER_SECOND);
      last = now;
      this.playing = this.state.at < this.data.epochs ? requestAnimationFrame(step) : 0;
    };
    this.playing = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { at } = this.state;
    const to = slideTo(event, {
      step: (way) => (way > 0 ? Math.floor(at) + 1 : Math.ceil(at) - 1),
      page: (way) => at + 5 * way,
      end: (way) => (way > 0 ? this.data.epochs : 0),
    });
    if (event.key === " ") {
      if (this.playing) this.pause();
      else this.play();
    } else if (to === undefined) return;
    else {
      this.pause();
      this.go(Math.round(to));
    }
    event.preventDefault();
  }

  /* ---- drawing ---- */

  draw() {
    if (!this.lanes.length || !this.root.isConnected) return;
    const look = theme(this.root),
      { at } = this.state,
      epoch = Math.floor(at + 1e-6);
    this.slide.value = at;
    this.slide.setAttribute("aria-label", "Epoch. Arrow keys step, space plays.");
    this.slide.setAttribute("aria-valuetext", `epoch ${epoch} of ${this.data.epochs}`);
    this.find("output").textContent = `epoch ${epoch} of ${this.data.epochs}`;
    const play = this.find(".play");
    play.textContent = this.playing ? "❚❚ Pause" : "▶ Play";
    play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    for (const lane of this.lanes) this.lane(lane, at, epoch, look);
    this.curves(at, look);
    Object.assign(this.root.dataset, { epoch, playing: this.playing ? "1" : "" });
  }

  /** @param {Lane} lane @param {number} at @param {number} epoch @param {Look} look */
  lane(lane, at, epoch, look) {
    const row = lane.history[epoch];
    lane.section.style.setProperty("--own", colorOf(lane, look.dark));
    const title = /** @type {HTMLElement} */ (lane.section.querySelector("h2"));
    title.textContent = lane.title;
    title.style.color = inkOf(lane, look.dark);
    /** @type {HTMLElement} */ (lane.section.querySelector("p")).textContent = figuresInWords(row);
    this.map(lane, at, look);
    // This epoch's 8 x 3 tiles out of the tall picture of all epochs.
    const { pictures, picture } = lane,
      width = picture.naturalWidth,
      height = picture.naturalHeight / (this.data.epochs + 1);
    if (pictures.width !== width) Object.assign(pictures, { width, height });
    contextOf(pictures).drawImage(picture, 0, epoch * height, width, height, 0, 0, width, height);
    pictures.setAttribute(
      "aria-label",
      `${lane.short} after epoch ${epoch}: 16 samples from the same noise, ` +
        `and below them ${this.data.reconstructions} reconstructions`,
    );
  }

  /** @param {Lane} lane @param {number} at @param {Look} look */
  map({ map, xy, reach, native, short, title }, at, look) {
    const width = map.clientWidth,
      height = Math.min(width, 420);
    if (!width) return;
    const context = prepare(map, width, height),
      n = this.labels.length;
    const unit = Math.min(width, height) / (2 * reach * MARGIN),
      cx = width / 2,
      cy = height / 2;
    if (native) priorCircles(context, cx, cy, unit, look.faint);
    const places = onCanvas(between(xy, n, Math.min(at, this.data.epochs)), cx, cy, unit);
    drawCodes(context, places, this.labels, this.data.class_colors, { radius: 3.2 });
    map.setAttribute("aria-label", `${title}: codes of ${n} test images after epoch ${Math.floor(at)}`);
    map.dataset.short = short;
  }

  /**
   * Distortion (solid) and rate (dotted) of both over the epochs.
   * @param {number} at @param {Look} look
   */
  curves(at, look) {
    const canvas = this.find(".curves canvas"),
      width = canvas.clientWidth,
      height = 150;
    this.find(".curves h2").textContent = "Distortion (solid) and rate (dotted), nats per image, on the test images";
    if (!width) return;
    const context = prepare(canvas, width, height),
      left = 44,
      bottom = height - 20,
      top = 6;
    const rows = this.lanes.flatMap(({ history }) => history);
    // The first epochs fall steeply: the scale is logarithmic, so that the last ones can be distinguished. A density's
    // distortion may be negative, and is drawn as it is.
    const all = rows.flatMap(({ distortion, rate }) => [distortion, rate ?? 0]),
      linear = all.some((v) => v < 0),
      values = all.filter((v) => linear || v > 0.5);
    /** @type {(v: number) => number} */
    const scaled = (v) => (linear ? v : Math.log(v));
    const ends = [Math.min(...values), Math.max(...values)],
      [low, high] = ends.map(scaled);
    /** @type {(epoch: number) => number} */
    const X = (epoch) => left + (epoch / this.data.epochs) * (width - left - 8);
    /** @type {(v: number | null) => number} */
    const Y = (v) => bottom - ((scaled(Math.max(v ?? 0, ends[0])) - low) / (high - low)) * (bottom - top);
    Object.assign(context, { font: `11px ${look.font}`, fillStyle: look.muted, strokeStyle: look.faint, lineWidth: 1 });
    const marks = linear ? ticks(ends[0], ends[1], 4) : [1, 3, 10, 30, 100, 300];
    for (const v of marks.filter((v) => v >= ends[0] && v <= ends[1])) {
      context.textAlign = "right";
      context.fillText(signed(v, 0), left - 5, Y(v) + 4);
      context.beginPath();
      context.moveTo(left, Y(v));
      context.lineTo(width - 8, Y(v));
      context.stroke();
    }
    context.textAlign = "center";
    for (let epoch = 0; epoch <= this.data.epochs; epoch += Math.max(1, Math.round(this.data.epochs / 5)))
      context.fillText(String(epoch), X(epoch), height - 4);
    for (const { history, ...colors } of this.lanes)
      for (const { values, dash } of [
        { values: history.map(({ distortion }) => distortion), dash: [] },
        { values: history.map(({ rate }) => rate), dash: [2, 3] },
      ]) {
        if (values[0] === null) continue;
        Object.assign(context, { strokeStyle: colorOf(colors, look.dark), lineWidth: 1.8 });
        context.setLineDash(dash);
        context.beginPath();
        values.forEach((value, epoch) => context.lineTo(X(epoch), Y(value)));
        context.stroke();
        context.setLineDash([]);
      }
    Object.assign(context, { strokeStyle: look.text, lineWidth: 1.2 });
    context.beginPath();
    context.moveTo(X(at), top);
    context.lineTo(X(at), bottom);
    context.stroke();
    const last = this.lanes.map(
      ({ short, history }) => `${short}: distortion ${signed(history[this.data.epochs].distortion)}`,
    );
    canvas.setAttribute("aria-label", `Curves over ${this.data.epochs} epochs; at the end ${last.join(", ")}`);
  }

  destroy() {
    super.destroy();
    cancelAnimationFrame(this.playing);
  }
}

/**
 * Where the codes are between two epochs, (n, 2).
 * @param {Float32Array} xy their places after every epoch, (epochs + 1, n, 2) @param {number} n @param {number} at an
 *   epoch, with a fraction
 */
function between(xy, n, at) {
  const low = 2 * n * Math.floor(at),
    high = Math.min(low + 2 * n, xy.length - 2 * n),
    share = at - Math.floor(at);
  return Float32Array.from({ length: 2 * n }, (_, i) => xy[low + i] + share * (xy[high + i] - xy[low + i]));
}
