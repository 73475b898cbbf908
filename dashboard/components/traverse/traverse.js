/* One latent number at a time: sliders that decode live, and a strip of decodes for each.
   Data: `TraverseData` in data.d.ts. */

import { paint } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { make, unitName } from "../../web/elements.js";
import { theme } from "../../web/look.js";
import { signed } from "../../web/measures.js";
import { SIDES, colorOf, inkOf } from "../../web/models.js";
import { rootMeanSquare } from "../../web/moments.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";

/** @import { Mount, Side, TraverseData, TraverseLane } from "../../web/data.js" */
/** @import { Network } from "../../web/networks.js" */
/** @typedef {ReturnType<Traverse["makeRow"]>} Row one latent number: its slider and the pictures along its range */
/**
 * One model's half.
 * @typedef {object} Lane
 * @property {TraverseLane} info
 * @property {Network} network
 * @property {HTMLElement} section
 * @property {HTMLElement} title
 * @property {HTMLCanvasElement} tile
 * @property {HTMLElement} text
 * @property {Row[]} rows
 * @property {Float32Array | null} code as the sliders stand
 * @property {Float32Array | null} image the decoded code of the page's image
 * @property {boolean} stale whether the picture is out of date
 * @property {boolean} strips whether the strips are
 */

const STRIP = 7;

/** @param {Mount<TraverseData>} component */
export default function (component) {
  return mount(component, ".traverse", Traverse);
}

class Traverse extends Component {
  /** @type {TraverseData} */
  data;
  /** @type {Lane[]} */
  lanes = [];
  /** @type {Float32Array} the image that the page is about */
  image;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  rest;

  /** @param {TraverseData} data */
  async update(data) {
    this.data = data;
    const loaded = await this.loaded(async () => {
      const networks = await Promise.all(SIDES.map((side) => loadNetwork(data[side].weights)));
      if (this.data !== data) return false;
      this.lanes = SIDES.map((side, i) => this.makeLane(side, data[side], networks[i]));
      this.find(".lanes").replaceChildren(...this.lanes.map(({ section }) => section));
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.follow(data.topic, ({ image }) => {
      this.image = image;
      for (const lane of this.lanes) this.begin(lane);
      this.redraw();
    });
    this.ready();
  }

  /** @param {Side} side @param {TraverseLane} info @param {Network} network @returns {Lane} */
  makeLane(side, info, network) {
    /** @type {Lane} */
    const lane = {
      info,
      network,
      section: make("section", { class: "lane", "data-side": side }),
      title: make("h2", {}, info.title),
      tile: tileOf(network),
      text: make("p", { class: "muted small" }),
      rows: info.order.map((j, place) => this.makeRow(info, network, j, place, (value) => this.move(lane, j, value))),
      code: null,
      image: null,
      stale: false,
      strips: false,
    };
    const reset = make(
      "button",
      {
        onclick: () => {
          this.begin(lane);
          this.redraw();
        },
      },
      "Back to the image's code",
    );
    lane.section.append(
      lane.title,
      make("div", { class: "head" }, lane.tile, make("div", {}, lane.text, reset)),
      ...lane.rows.map(({ row }) => row),
    );
    return lane;
  }

  /**
   * @param {TraverseLane} info @param {Network} network @param {number} j the latent number
   * @param {number} place of the row
   * @param {(value: number) => void} onMove
   */
  makeRow(info, network, j, place, onMove) {
    const [low, high] = info.range[j],
      factor = info.factor_text[j];
    const slider = make("input", {
      type: "range",
      min: low,
      max: high,
      step: (high - low) / 200,
      "aria-label": `Latent number ${j + 1} of the ${info.short}${factor ? `, follows ${factor}` : ""}`,
      oninput: () => onMove(Number(slider.value)),
    });
    const strip = Array.from({ length: STRIP }, () => tileOf(network));
    const value = make("span", { class: "muted small number" });
    const row = make(
      "div",
      { class: info.inactive[j] ? "dimension inactive" : "dimension", "data-dimension": j, "data-place": place },
      make(
        "div",
        {},
        make("b", {}, info.weight_text[j]),
        ...(factor ? [make("span", { class: "factor small" }, factor)] : []),
        value,
      ),
      slider,
      make("div", { class: "strip" }, ...strip),
    );
    return { j, slider, strip, value, row, low, high };
  }

  /**
   * The sliders at the code of the page's image.
   * @param {Lane} lane
   */
  begin(lane) {
    const code = (lane.code = lane.network.encode(this.image).mean.slice());
    lane.image = lane.network.decodeImage(code).slice();
    for (const { j, slider } of lane.rows) slider.value = String(code[j]);
    lane.stale = lane.strips = true;
  }

  /** @param {Lane} lane @param {number} j the latent number @param {number} value */
  move(lane, j, value) {
    if (!lane.code) return;
    lane.code[j] = value;
    lane.stale = true;
    this.redrawTimed();
    // The picture follows the finger; the strips, a hundred pictures, wait until it rests.
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      lane.stale = lane.strips = true;
      this.redraw();
    }, 150);
  }

  draw() {
    if (!this.image) return;
    const { dark } = theme(this.root);
    for (const lane of this.lanes) {
      lane.title.style.color = inkOf(lane.info, dark);
      lane.section.style.setProperty("--own", colorOf(lane.info, dark));
      if (lane.stale && lane.code) this.drawLane(lane, lane.code);
    }
    this.noteTime();
  }

  /**
   * The picture of the code as the sliders stand; the strips too, if they are out of date.
   * @param {Lane} lane @param {Float32Array} code
   */
  drawLane(lane, code) {
    const { network } = lane,
      { format } = network,
      now = network.decodeImage(code).slice(),
      levels = format.channels > 1 ? "levels" : "grey levels",
      moved = rootMeanSquare(now, lane.image ?? now);
    paint(lane.tile, now, format);
    lane.text.textContent =
      moved < 0.001
        ? "The image's code, decoded. Move a slider."
        : `Changed by ${moved.toFixed(3)} per pixel (root mean square, ${levels} from 0 to 1).`;
    lane.section.dataset.moved = moved.toFixed(4);
    for (const { j, value } of lane.rows) value.textContent = `${unitName(j)} = ${signed(code[j], 2)}`;
    lane.stale = false;
    if (lane.strips) drawStrips(lane, code);
    lane.strips = false;
  }

  destroy() {
    super.destroy();
    clearTimeout(this.rest);
  }
}

/**
 * Codes in which one latent number takes STRIP values over its range, row by row, (rows * STRIP, d).
 * @param {ArrayLike<number>} code the others' values @param {{j: number, low: number, high: number}[]} rows
 */
export function stripCodes(code, rows) {
  const d = code.length,
    codes = new Float32Array(rows.length * STRIP * d);
  rows.forEach(({ j, low, high }, r) => {
    for (let s = 0; s < STRIP; s++) {
      codes.set(code, (r * STRIP + s) * d);
      codes[(r * STRIP + s) * d + j] = low + ((high - low) * s) / (STRIP - 1);
    }
  });
  return codes;
}

/**
 * All strips, decoded as one batch.
 * @param {Lane} lane @param {Float32Array} code
 */
function drawStrips({ network, rows }, code) {
  const { format } = network,
    { pixels } = format,
    images = network.decodeImage(stripCodes(code, rows), rows.length * STRIP);
  rows.forEach(({ strip, row }, r) => {
    strip.forEach((canvas, s) => paint(canvas, images, format, (r * STRIP + s) * pixels));
    const first = r * STRIP * pixels,
      last = first + (STRIP - 1) * pixels;
    const range = rootMeanSquare(images.subarray(first, first + pixels), images.subarray(last, last + pixels));
    row.title = `From one end to the other the image changes by ${range.toFixed(3)} per pixel.`;
    row.dataset.range = range.toFixed(4);
  });
}

/** A canvas for one picture. @param {Network} network */
const tileOf = ({ format: { side } }) => make("canvas", { class: "tile", width: side, height: side });
