/* How each method of going from one image to another is named and coloured: both models, and the cross-fade of the
   pixels. */

import { colorOf, inkOf } from "../../web/models.js";
import { METHODS } from "./path.js";

/** @import { InterpolatorData } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Method } from "./path.js" */
/**
 * @typedef {object} Style
 * @property {string} short name in running text
 * @property {string} title heading of its picture at the position
 * @property {string} heading of its strip of frames
 * @property {string} color of lines
 * @property {string} ink of words
 * @property {boolean} dashed whether its lines are
 */

/**
 * @param {Pick<InterpolatorData, "left" | "right">} data @param {Pick<Look, "dark" | "muted">} look
 * @returns {Record<Method, Style>}
 */
export function stylesOf(data, { dark, muted }) {
  /** @type {(method: Method) => Style} */
  const style = (method) => {
    if (method === "pixels") {
      const names = { short: "cross-fade", title: "Cross-fade", heading: "Cross-fade of the pixels, without a model" };
      return { ...names, color: muted, ink: muted, dashed: true };
    }
    const { short } = data[method],
      color = colorOf(data[method], dark);
    return { short, title: short, heading: `${short}, decoded`, color, ink: inkOf(data[method], dark), dashed: false };
  };
  const styles = METHODS.map((method) => /** @type {const} */ ([method, style(method)]));
  return /** @type {Record<Method, Style>} */ (Object.fromEntries(styles));
}
