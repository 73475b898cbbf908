/* One model's half of the sampler: its samples, each with the most similar training image if wanted, and the figures
   measured for samples of that kind. */

import { make, putText } from "../../web/elements.js";
import { colorOf, inkOf } from "../../web/models.js";
import { paintGrid } from "../../web/tiles.js";

/** @import { SampleFigures, SamplerData, SamplerLane } from "../../web/data.js" */
/** @import { Format } from "../../web/image.js" */
/** @import { Look } from "../../web/look.js" */
/** @typedef {"fd" | "density" | "coverage"} Figure */

/** @type {[Figure, string][]} */
const FIGURES = [
  ["fd", "Fréchet distance"],
  ["density", "Density"],
  ["coverage", "Coverage"],
];
const PAIR_COLUMNS = 8; // tiles: four samples, each with its training image

export class SampleLane {
  constructor() {
    this.title = make("h2");
    this.name = this.title.appendChild(make("span"));
    this.canvas = make("canvas", { class: "tiles", role: "img" });
    this.figures = make("dl", { class: "row number" });
    this.entries = FIGURES.map(([figure, name]) => {
      const value = make("dd"),
        entry = make("div", {}, make("dt", {}, name), value);
      this.figures.append(entry);
      return { figure, entry, value };
    });
    this.section = make("section", { class: "lane" }, this.title, this.canvas, this.figures);
  }

  /** Whether there are samples on screen. */
  get filled() {
    return this.canvas.dataset.filled === "1";
  }

  /**
   * The model's name, and its samples.
   * @param {SamplerLane} info @param {Look} look @param {Format} format
   * @param {Float32Array | null} tiles the samples, once they are there @param {number} n of them
   * @param {((i: number) => Float32Array | null) | null} partner the training image most similar to a sample, once it
   *   is known; null shows the samples alone
   */
  draw(info, look, format, tiles, n, partner) {
    const { canvas, section, name } = this,
      what = `${n} images sampled from the ${info.short}`;
    section.style.setProperty("--own", colorOf(info, look.dark));
    putText(name, info.title);
    name.style.color = inkOf(info, look.dark);
    canvas.dataset.filled = tiles ? "1" : "";
    if (partner) drawPairs(canvas, format, tiles, n, partner);
    else drawSamples(canvas, format, tiles, n);
    canvas.setAttribute("aria-label", partner ? `${what}, each with its most similar training image` : what);
  }

  /**
   * @param {SampleFigures | undefined} figures where they have been measured @param {SamplerData["figure_help"]} help
   * @param {boolean} hidden
   */
  write(figures, help, hidden) {
    for (const { figure, entry, value } of this.entries) {
      putText(value, figures ? figures[figure] : "–");
      entry.title = help[figure];
    }
    this.figures.hidden = hidden;
  }
}

/** @param {HTMLCanvasElement} canvas @param {Format} format @param {Float32Array | null} tiles @param {number} n */
function drawSamples(canvas, format, tiles, n) {
  const columns = Math.round(Math.sqrt(n));
  paintGrid(canvas, columns, Math.ceil(n / columns), format, (i) => (tiles && i < n ? [tiles, i, 1] : null));
}

/**
 * Samples, each with its most similar training image to the right of it.
 * @param {HTMLCanvasElement} canvas @param {Format} format @param {Float32Array | null} tiles @param {number} n
 * @param {(i: number) => Float32Array | null} partner
 */
function drawPairs(canvas, format, tiles, n, partner) {
  paintGrid(canvas, PAIR_COLUMNS, (2 * n) / PAIR_COLUMNS, format, (i) => {
    if (i % 2 === 0) return tiles && [tiles, i / 2, 1];
    const image = partner((i - 1) / 2);
    return image && [image, 0, 1];
  });
}
