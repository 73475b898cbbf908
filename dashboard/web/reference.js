/* The training images that pictures are compared with: fetched when something asks for them, once per page. */

import { contextOf } from "./canvas.js";
import { PIXELS, SIDE } from "./image.js";
import { Nearest } from "./nearest.js";
import { SPRITE_COLUMNS, loadSprite } from "./sprites.js";

/** @import { Sprite } from "./sprites.js" */
/** @typedef {{nearest: Nearest, image: Sprite["image"]}} Reference */

/** @type {Map<string, Promise<Reference>>} by address */
const references = new Map();

/**
 * @param {string} url of a sprite @param {number} n number of images in it
 * @returns {Promise<Reference>}
 */
export function loadReference(url, n) {
  let promise = references.get(url);
  if (!promise) {
    promise = loadSprite(url).then(({ picture, image }) => ({ nearest: new Nearest(greys(picture, n)), image }));
    promise.catch(() => references.delete(url));
    references.set(url, promise);
  }
  return promise;
}

/**
 * All images of a sprite, (n, 784), read a row of tiles at a time.
 * @param {HTMLImageElement} picture @param {number} n
 */
function greys(picture, n) {
  const images = new Float32Array(n * PIXELS),
    width = picture.naturalWidth,
    row = contextOf(new OffscreenCanvas(width, SIDE), { willReadFrequently: true });
  for (let first = 0; first < n; first += SPRITE_COLUMNS) {
    row.drawImage(picture, 0, (-first / SPRITE_COLUMNS) * SIDE);
    const { data } = row.getImageData(0, 0, width, SIDE);
    for (let i = first; i < Math.min(n, first + SPRITE_COLUMNS); i++)
      for (let y = 0, to = i * PIXELS; y < SIDE; y++)
        for (let x = 0, from = 4 * (y * width + (i - first) * SIDE); x < SIDE; x++, from += 4)
          images[to++] = data[from] / 255;
  }
  return images;
}
