/* The training images that pictures are compared with: fetched when something asks for them, once per page. */

import { Nearest } from "./nearest.js";
import { SPRITE_COLUMNS, loadSprite, tilesOf } from "./sprites.js";

/** @import { Format } from "./image.js" */
/** @import { Sprite } from "./sprites.js" */
/** @typedef {{nearest: Nearest, image: Sprite["image"]}} Reference */

/** @type {Map<string, Promise<Reference>>} by address */
const references = new Map();

/**
 * @param {string} url of a sprite @param {number} n number of images in it @param {Format} format
 * @returns {Promise<Reference>}
 */
export function loadReference(url, n, format) {
  let promise = references.get(url);
  if (!promise) {
    promise = loadSprite(url, format).then(({ picture, image }) => ({
      nearest: new Nearest(tilesOf(picture, n, format, SPRITE_COLUMNS), format.pixels),
      image,
    }));
    promise.catch(() => references.delete(url));
    references.set(url, promise);
  }
  return promise;
}
