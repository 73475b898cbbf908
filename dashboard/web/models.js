/* The two models of a page: their sides and their colours. */

import { inked } from "./look.js";

/** @import { LaneData, Side } from "./data.js" */
/** @typedef {Pick<LaneData, "color" | "color_dark">} Colors of a model, on a light and on a dark page */

/** @type {Side[]} the AE's and the VAE's */
export const SIDES = ["left", "right"];

/**
 * A model's colour on the page as it is, for lines and areas.
 * @param {Colors} model @param {boolean} dark whether the page is
 */
export const colorOf = ({ color, color_dark }, dark) => (dark ? color_dark : color);

/**
 * The same for words.
 * @param {Colors} model @param {boolean} dark
 */
export const inkOf = (model, dark) => inked(colorOf(model, dark));
