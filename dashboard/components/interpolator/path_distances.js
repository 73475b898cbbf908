/* How far each frame of a path is from the nearest real image: measured one method at a time, between two drawings of
   the page, since there are thousands of real images. */

import { CHUNK } from "../../web/layers.js";
import { METHODS } from "./path.js";

/** @import { Nearest } from "../../web/nearest.js" */
/** @import { Method, Path } from "./path.js" */

export class PathDistances {
  /** Of the path that is measured. */
  version = -1;
  /** How many methods have been measured. */
  done = 0;
  /** @type {Record<Method, number[]>} Euclidean distances over pixels, frame by frame */
  values = { left: [], right: [], pixels: [] };

  /**
   * Whether all frames of a path have been measured.
   * @param {number} version of the path
   */
  complete(version) {
    return this.version === version && this.done === METHODS.length;
  }

  /**
   * The distances of one frame.
   * @param {number} frame
   * @returns {Record<Method, number>}
   */
  at(frame) {
    const { left, right, pixels } = this.values;
    return { left: left[frame], right: right[frame], pixels: pixels[frame] };
  }

  /**
   * Measures the frames of one method; returns whether others remain. A path without networks is not measured.
   * @param {Pick<Path, "networks" | "version" | "frames" | "count">} path @param {Pick<Nearest, "distances">} nearest
   */
  step({ networks, version, frames, count }, nearest) {
    if (!networks) return false;
    if (this.version !== version)
      Object.assign(this, { version, done: 0, values: { left: [], right: [], pixels: [] } });
    const method = METHODS[this.done],
      images = method && frames[method];
    if (!images) return false;
    this.values[method] = nearest.distances(images, Math.min(count, CHUNK));
    this.done++;
    return this.done < METHODS.length;
  }
}
