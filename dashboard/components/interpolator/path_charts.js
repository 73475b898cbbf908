/* The two charts below a path: how far each frame is from the nearest real image, and from its neighbour. */

import { METHODS, places, stepsOf } from "./path.js";
import { drawChart } from "./path_chart.js";

/** @import { Look } from "../../web/look.js" */
/** @import { Style } from "./method_styles.js" */
/** @import { Method, Path } from "./path.js" */
/** @import { Line } from "./path_chart.js" */
/** @typedef {Partial<Record<Method, number[]>>} Values numbers along the path, by method */

const HEIGHT = 170; // of a chart, in CSS pixels

/**
 * A line for each method that has values.
 * @param {Values} values @param {number[]} at where on the path each value is @param {Record<Method, Style>} styles
 * @returns {Line[]}
 */
export const linesOf = (values, at, styles) =>
  METHODS.flatMap((method) => {
    const { color, dashed } = styles[method],
      own = values[method];
    return own ? [{ color, dashed, values: own, at }] : [];
  });

/**
 * The same for screen readers: "AE 1.0, 2.0; VAE 1.5, 2.5".
 * @param {Values} values @param {Record<Method, Pick<Style, "short">>} styles
 */
export const inWords = (values, styles) =>
  METHODS.flatMap((method) => {
    const numbers = values[method]?.map((value) => value.toFixed(1)).join(", ");
    return numbers ? [`${styles[method].short} ${numbers}`] : [];
  }).join("; ");

/**
 * Distances between neighbouring frames, and where they are: halfway between the frames.
 * @param {Pick<Path, "frames" | "count">} path
 * @returns {{values: Values, at: number[]}}
 */
export function stepsAlong({ frames, count }) {
  const at = places(count)
    .map((t) => t + 0.5 / (count - 1))
    .slice(0, -1);
  /** @type {Values} */
  const values = {};
  for (const method of METHODS) {
    const images = frames[method];
    if (images) values[method] = stepsOf(images, count);
  }
  return { values, at };
}

/**
 * @param {HTMLCanvasElement} far @param {HTMLCanvasElement} near canvases of the two charts @param {Path} path
 * @param {Values} distances of the frames to real images; none before all are measured @param {number} at the position
 * @param {Record<Method, Style>} styles @param {Look} look
 */
export function drawCharts(far, near, path, distances, at, styles, look) {
  const steps = stepsAlong(path);
  drawChart(far, linesOf(distances, places(path.count), styles), at, HEIGHT, look);
  drawChart(near, linesOf(steps.values, steps.at, styles), at, HEIGHT, look);
  const words = inWords(distances, styles) || "being measured";
  far.setAttribute("aria-label", `Distance of each frame to the nearest training image: ${words}`);
  near.setAttribute("aria-label", `Distance between neighbouring frames: ${inWords(steps.values, styles)}`);
}
