/* The formulas with this image's numbers in them, beside the source lines that compute them.
   Data: `MathsData` in data.d.ts. */

import { Component, mount } from "../../web/component.js";
import { make } from "../../web/elements.js";
import { theme } from "../../web/look.js";
import { signed } from "../../web/measures.js";
import { SIDES, inkOf } from "../../web/models.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { distortion, klPerDim, normals, reparameterise, sigmoid, stddev } from "../../web/posterior.js";

/** @import { Network } from "../../web/networks.js" */
/** @import { MathsData, Mount, Side } from "../../web/data.js" */

const FIRST = 3; // numbers of a code that are written out

/** @param {Mount<MathsData>} component */
export default function (component) {
  return mount(component, ".maths", Maths);
}

class Maths extends Component {
  /** @type {MathsData} */
  data;
  /** @type {Network[]} */
  networks;
  /** @type {{id: string, side: Side, formula: HTMLElement, filled: HTMLElement}[]} */
  cells = [];
  /** @type {Float32Array} the image that the page is about */
  image;

  /** @param {MathsData} data */
  async update(data) {
    this.data = data;
    const loaded = await this.loaded(async () => {
      this.networks = await Promise.all(SIDES.map((side) => loadNetwork(data[side].weights)));
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.cells = [];
    this.find(".steps").replaceChildren(
      ...data.steps.flatMap(({ id, title, cells }) => [
        make("h2", {}, title),
        make(
          "div",
          { class: "pair", "data-step": id },
          ...cells.map((cell, i) => {
            const formula = make("div", { class: "formula" }, cell.formula),
              filled = make("div", { class: "filled" });
            this.cells.push({ id, side: SIDES[i], formula, filled });
            const lines = cell.source.lines.map(([number, line]) =>
              make(
                "span",
                { class: "line", style: `padding-left:${3.4 + line.search(/\S|$/) * 0.6}em` },
                make("i", {}, String(number)),
                line.trimStart(),
              ),
            );
            return make(
              "div",
              { class: "cell", "data-side": SIDES[i] },
              formula,
              filled,
              make("pre", { tabindex: 0, "aria-label": `Source of ${cell.source.name}` }, ...lines),
              make("p", { class: "where muted small" }, `${cell.source.file}, ${cell.source.name}`),
            );
          }),
        ),
      ]),
    );
    this.follow(
      data.topic,
      ({ image }) => {
        this.image = image;
        this.redraw();
      },
      60,
    );
    this.ready();
  }

  draw() {
    if (!this.image || !this.cells) return;
    const { dark } = theme(this.root);
    const numbers = Object.fromEntries(SIDES.map((side, i) => [side, this.numbers(this.networks[i])]));
    for (const { id, side, formula, filled } of this.cells) {
      const info = this.data[side];
      formula.style.color = inkOf(info, dark);
      filled.textContent = numbers[side][id];
    }
  }

  /**
   * This image's numbers, as text for each step.
   * @param {Network} network @returns {Record<string, string>}
   */
  numbers(network) {
    const d = network.latentDim,
      { beta, likelihood } = network.config;
    const encoded = network.encode(this.image),
      mean = encoded.mean.slice(),
      logvar = encoded.logvar && encoded.logvar.slice();
    const sigma = stddev(logvar, d),
      noise = Float32Array.from({ length: d }, normals(0)),
      z = reparameterise(mean, logvar, noise);
    const logits = network.decode(z),
      nats = distortion(logits, this.image, likelihood, network.logSigma());
    const rates = klPerDim(mean, logvar),
      rate = (rates ?? new Float32Array(0)).reduce((sum, value) => sum + value, 0);
    const { channels, side, area } = network.format;
    /** @type {(values: ArrayLike<number>, of: (value: number) => number) => string} */
    const middle = (values, of) => {
      const at = (side / 2) * side + side / 2,
        parts = Array.from({ length: channels }, (_, c) => number(of(values[c * area + at])));
      return channels > 1 ? `(${parts.join(", ")})` : parts[0];
    };
    const dots = d > FIRST ? ", …" : "";
    /** @type {(values: Float32Array) => string} */
    const terms = (values) => Array.from(values.slice(0, FIRST), number).join(" + ") + (d > FIRST ? " + …" : "");
    /** @type {(values: Float32Array) => string} */
    const list = (values) => `(${Array.from(values.slice(0, FIRST), number).join(", ")}${dots})`;
    return {
      encode: network.isCloud ? `μ = ${list(mean)}, σ = ${list(sigma)}` : `μ = ${list(mean)}`,
      draw: network.isCloud
        ? `z₁ = ${number(mean[0])} + ${number(sigma[0])} · ${number(noise[0])} = ${number(z[0])}`
        : `z₁ = ${number(z[0])}, every time`,
      decode: `the pixel in the middle: ${middle(this.image, (v) => v)} became ${middle(logits, sigmoid)}`,
      distortion:
        `D = ${signed(nats)} nats for this z` + (network.sigma ? `, s = ${number(Math.exp(network.logSigma()))}` : ""),
      rate: rates
        ? `R = ${terms(rates)} = ${rate.toFixed(1)} nats`
        : "R: undefined, a point has no finite divergence from a density",
      loss: rates
        ? `loss = ${signed(nats)} + ${beta} · ${rate.toFixed(1)} = ${signed(nats + beta * rate)} nats`
        : `loss = ${signed(nats)} nats`,
    };
  }
}

/** @param {number} value */
const number = (value) => signed(value, 2);
