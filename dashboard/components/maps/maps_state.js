/* What a person set up on the maps, and the colours that it gives the points. */

import { levelColors, onRamp } from "./map_points.js";

/** @import { Colouring, MapsData, Side } from "../../web/data.js" */
/** @import { View } from "./map_points.js" */
/** @typedef {Pick<Colouring, "id" | "label"> & Partial<Colouring>} Shown by what the points are coloured */
/**
 * @typedef {object} MapsState
 * @property {string} sprite the images it is about
 * @property {Partial<Record<Side, View>>} views
 * @property {string} tool
 * @property {boolean} linked
 * @property {string} colour id of a colouring, or "class"
 * @property {number} current the image pointed at
 * @property {number[]} selected
 * @property {number[]} isolated classes
 * @property {Record<string, boolean>} layers
 */

/** @type {Shown} */
export const BY_CLASS = { id: "class", label: "class" };

/**
 * What a person set up for these maps before, if it was about the same images.
 * @param {Map<string, MapsState>} kept by the maps' key; what is returned is kept there from now on
 * @param {Pick<MapsData, "key" | "sprite" | "start" | "colourings">} data
 * @returns {MapsState}
 */
export function stateFor(kept, { key, sprite, start, colourings }) {
  let state = kept.get(key);
  if (state?.sprite !== sprite)
    state = {
      sprite,
      views: {},
      tool: "move",
      linked: false,
      colour: BY_CLASS.id,
      current: start ?? 0,
      selected: [],
      isolated: [],
      layers: { circles: true },
    };
  kept.set(key, state);
  if (!colourings.some(({ id }) => id === state.colour)) state.colour = BY_CLASS.id;
  return state;
}

/**
 * By what the points are coloured.
 * @param {Colouring[]} colourings @param {string} id
 * @returns {Shown}
 */
export const colouringOf = (colourings, id) => colourings.find((colouring) => colouring.id === id) ?? BY_CLASS;

/**
 * The colours of the points.
 * @param {Shown} colouring @param {string[]} classColors @param {string[]} ramp of colours for values
 * @param {(share: number) => string} rampAt the same at a place from 0 to 1, for levels
 */
export function paletteOf({ id, levels = [], colors = [] }, classColors, ramp, rampAt) {
  if (id === BY_CLASS.id) return classColors;
  return levels.length ? levelColors({ levels, colors }, rampAt) : ramp;
}

/**
 * For each point its place in that palette: its class, its level, or where its value is on the ramp.
 * @param {Shown} colouring @param {ArrayLike<number> | undefined} values of the colouring, one for each point; by class
 *   there are none
 * @param {ArrayLike<number>} labels
 */
export function placesIn({ low = 0, high = 1, levels = [] }, values, labels) {
  if (!values) return labels;
  return levels.length ? values : onRamp(values, low, high);
}
