/* The trained weights along the knob's track: which one a place belongs to, and which are named below it. Places are
   t = log10 beta. */

import { short } from "../../web/measures.js";
import { LOG_RANGE } from "./beta_state.js";

/** @import { TrainedBeta } from "../../web/data.js" */

const LABEL = 27; // pixels that a name needs
const EDGES = 24; // pixels of the track left and right of its values

/** @param {{beta: number}} run */
const placeOf = ({ beta }) => Math.log10(beta);

/**
 * The first run within `reach` of a place.
 * @template {{beta: number}} Run
 * @param {Run[]} runs @param {number} t @param {number} reach
 */
export const within = (runs, t, reach) => runs.find((run) => Math.abs(placeOf(run) - t) < reach);

/**
 * The run nearest to a place; undefined if there are none.
 * @template {{beta: number}} Run
 * @param {Run[]} runs @param {number} t
 */
export function nearestTo(runs, t) {
  return runs.reduce(
    (best, run) => (Math.abs(placeOf(run) - t) < Math.abs(placeOf(best) - t) ? run : best),
    /** @type {Run} */ (runs[0]),
  );
}

/**
 * The place of the next run upwards (1) or downwards (-1); `t` itself if there is none.
 * @param {{beta: number}[]} runs @param {number} t @param {1 | -1} way
 */
export function nextFrom(runs, t, way) {
  const places = runs.map(placeOf).filter((place) => way * (place - t) > 1e-6);
  if (!places.length) return t;
  return way > 0 ? Math.min(...places) : Math.max(...places);
}

/**
 * A tick for every run on a track of `width` pixels: its place as a share of the track, and its name, "" where there is
 * no room for it. Short names come first, then from the left.
 * @param {TrainedBeta[]} runs @param {number} width
 */
export function ticksOf(runs, width) {
  const [low, high] = LOG_RANGE;
  const shown = runs.filter(({ beta }) => beta >= 10 ** low && beta <= 10 ** high);
  const share = (/** @type {number} */ beta) => (Math.log10(beta) - low) / (high - low);
  /** @type {number[]} */
  const named = [];
  for (const { beta } of [...shown].sort((a, b) => short(a.beta).length - short(b.beta).length || a.beta - b.beta))
    if (named.every((other) => (width - EDGES) * Math.abs(share(other) - share(beta)) > LABEL)) named.push(beta);
  return shown.map(({ beta, where }) => {
    const name = named.includes(beta) ? short(beta) : "";
    return { beta, share: share(beta), name, local: where === "browser" };
  });
}
