/* What the interpolator says of a path. Functions of their arguments only; whose image is closest is decided as by
   closest_midpoint in dashboard/content/paths.py. */

import { imageName } from "../../web/image_buttons.js";
import { METHODS } from "./path.js";

/** @import { InterpolatorData, PathSettings } from "../../web/data.js" */
/** @import { Method } from "./path.js" */
/** @typedef {Record<Method, number>} Distances to the nearest real image */
/** @typedef {"a" | "b"} End of a path */

/** @type {End[]} */
export const ENDS = ["a", "b"];

/**
 * Which image is closest to a real one.
 * @param {Distances} middle at the midpoint @param {number} tolerance
 * @returns {keyof InterpolatorData["verdicts"]}
 */
export function closest(middle, tolerance) {
  const least = Math.min(...METHODS.map((method) => middle[method])),
    near = METHODS.filter((method) => middle[method] <= (1 + tolerance) * least);
  if (near.includes("pixels")) return "pixels";
  return near.length > 1 ? "both" : /** @type {"left" | "right"} */ (near[0]);
}

/**
 * The sentence about the midpoint.
 * @param {Distances} middle
 * @param {Pick<InterpolatorData, "verdicts" | "tolerance">} data
 * @param {Record<Method, string>} names
 */
export function takeaway(middle, { verdicts, tolerance }, names) {
  const distances = METHODS.map((method) => `${names[method]} ${middle[method].toFixed(1)}`).join(", ");
  return (
    `At the midpoint, ${verdicts[closest(middle, tolerance)]}. ` + `(Distance to the nearest real image: ${distances}.)`
  );
}

/**
 * What an end of the path is.
 * @param {End} end @param {PathSettings} values @param {ArrayLike<number>} labels
 * @param {Pick<InterpolatorData, "classes" | "class_word">} data
 */
export function endName(end, values, labels, data) {
  if (values[`${end}_drawn`]) return "A drawing";
  return imageName(values[end], labels, data);
}

/**
 * The next test image of a class after `from`, beginning again at the end; `from` itself if there is no other.
 * @param {ArrayLike<number>} labels @param {number} label @param {number} from
 */
export function nextOf(labels, label, from) {
  for (let i = 1; i <= labels.length; i++) {
    const at = (from + i) % labels.length;
    if (labels[at] === label) return at;
  }
  return from;
}
