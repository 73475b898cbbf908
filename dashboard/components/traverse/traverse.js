/* One latent number at a time: sliders that decode live, and a strip of decodes for each.
   Data: `TraverseData` in data.d.ts. */

import { inked, make, paint, theme, unitName } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { PIXELS, SIDE } from "../../web/image.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";

const STRIP = 7;
/** @type {import("../../web/data.js").Side[]} */
const SIDES = ["left", "right"];

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").TraverseData>} component */
export default function (component) {
  return mount(component, ".traverse", Traverse);
}

class Traverse extends Component {
  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.lanes = [];
  }

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

  makeLane(side, info, network) {
    const lane = {
      info,
      network,
      title: make("h2", {}, info.title),
      tile: make("canvas", { class: "tile", width: SIDE, height: SIDE }),
      text: make("p", { class: "muted small" }),
    };
    lane.reset = make(
      "button",
      {
        onclick: () => {
          this.begin(lane);
          this.redraw();
        },
      },
      "Back to the image's code",
    );
    lane.rows = info.order.map((j, place) => {
      const [low, high] = info.range[j];
      const slider = make("input", {
        type: "range",
        min: low,
        max: high,
        step: (high - low) / 200,
        "aria-label": `Latent number ${j + 1} of the ${info.short}`,
        oninput: () => this.move(lane, j, Number(slider.value)),
      });
      const strip = Array.from({ length: STRIP }, () => make("canvas", { class: "tile", width: SIDE, height: SIDE }));
      const value = make("span", { class: "muted small number" });
      const row = make(
        "div",
        { class: info.dead[j] ? "dimension dead" : "dimension", "data-dimension": j, "data-place": place },
        make("div", {}, make("b", {}, info.weight_text[j]), value),
        slider,
        make("div", { class: "strip" }, ...strip),
      );
      return { j, slider, strip, value, row, low, high };
    });
    lane.section = make(
      "section",
      { class: "lane", "data-side": side },
      lane.title,
      make("div", { class: "head" }, lane.tile, make("div", {}, lane.text, lane.reset)),
      ...lane.rows.map(({ row }) => row),
    );
    return lane;
  }

  begin(lane) {
    lane.code = lane.network.encode(this.image).mean.slice();
    lane.image = lane.network.decodeImage(lane.code).slice();
    for (const { j, slider } of lane.rows) slider.value = lane.code[j];
    lane.stale = lane.strips = true;
  }

  move(lane, j, value) {
    this.asked ??= performance.now();
    lane.code[j] = value;
    lane.stale = true;
    this.redraw();
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
      const { info, network, code } = lane,
        d = network.latentDim;
      const own = dark ? info.color_dark : info.color;
      lane.title.style.color = inked(own);
      lane.section.style.setProperty("--own", own);
      if (!lane.stale || !code) continue;
      const now = network.decodeImage(code).slice();
      paint(lane.tile, now);
      const moved = change(now, lane.image);
      lane.text.textContent =
        moved < 0.001
          ? "The image's code, decoded. Move a slider."
          : `Changed by ${moved.toFixed(3)} per pixel (root mean square, grey levels from 0 to 1).`;
      lane.section.dataset.moved = moved.toFixed(4);
      for (const { j, value } of lane.rows)
        value.textContent = `${unitName(j)} = ${code[j].toFixed(2).replace("-", "−")}`;
      lane.stale = false;
      if (!lane.strips) continue;
      lane.strips = false;
      // All strips as one batch: each row of d numbers is the code with one of them replaced.
      const codes = new Float32Array(lane.rows.length * STRIP * d);
      lane.rows.forEach(({ j, low, high }, r) => {
        for (let s = 0; s < STRIP; s++) {
          codes.set(code, (r * STRIP + s) * d);
          codes[(r * STRIP + s) * d + j] = low + ((high - low) * s) / (STRIP - 1);
        }
      });
      const images = network.decodeImage(codes, lane.rows.length * STRIP);
      lane.rows.forEach(({ strip, row }, r) => {
        strip.forEach((canvas, s) => paint(canvas, images, (r * STRIP + s) * PIXELS));
        const first = r * STRIP * PIXELS,
          last = first + (STRIP - 1) * PIXELS;
        const range = change(images.subarray(first, first + PIXELS), images.subarray(last, last + PIXELS));
        row.title = `From one end to the other the image changes by ${range.toFixed(3)} per pixel.`;
        row.dataset.range = range.toFixed(4);
      });
    }
    if (this.asked) this.root.dataset.ms = (performance.now() - this.asked).toFixed(1);
    this.asked = null;
  }

  destroy() {
    super.destroy();
    clearTimeout(this.rest);
  }
}

/** Root mean square difference of two images. */
function change(a, b) {
  let sum = 0;
  for (let i = 0; i < PIXELS; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / PIXELS);
}
