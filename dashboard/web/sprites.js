/* Sprites: many images of 28x28 as tiles of one picture. */

import { contextOf } from "./canvas.js";
import { PIXELS, SIDE } from "./image.js";

export const SPRITE_COLUMNS = 50; // as sprites.py lays tiles out

/**
 * `image(i)` gives tile i as grey levels (784,) in [0, 1], `images(n)` the first n tiles, one after another.
 * @typedef {object} Sprite
 * @property {HTMLImageElement} picture
 * @property {(i: number) => Float32Array} image
 * @property {(n: number) => Float32Array} images
 */

/**
 * A sprite of 28x28 tiles at a URL.
 * @param {string} url
 * @returns {Promise<Sprite>}
 */
export function loadSprite(url, columns = SPRITE_COLUMNS) {
  const page = /** @type {{pointOrCloudSprites?: Map<string, Promise<Sprite>>}} */ (globalThis);
  const shared = (page.pointOrCloudSprites ??= new Map());
  let promise = shared.get(url);
  if (!promise) {
    promise = decodeSprite(url, columns);
    promise.catch(() => shared.delete(url));
    shared.set(url, promise);
  }
  return promise;
}

/**
 * As `loadSprite`, for a picture that is looked at once: it is not kept.
 * @param {string} url @param {number} columns
 * @returns {Promise<Sprite>}
 */
export async function decodeSprite(url, columns) {
  const picture = new Image();
  picture.src = url;
  await picture.decode().catch(() => Promise.reject(new Error("the images did not arrive")));
  const whole = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
  const context = contextOf(whole, { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const image = (/** @type {number} */ i) => {
    const { data } = context.getImageData((i % columns) * SIDE, Math.floor(i / columns) * SIDE, SIDE, SIDE);
    return Float32Array.from({ length: PIXELS }, (_, p) => data[4 * p] / 255);
  };
  const images = (/** @type {number} */ n) => {
    const all = new Float32Array(n * PIXELS);
    for (let i = 0; i < n; i++) all.set(image(i), i * PIXELS);
    return all;
  };
  return { picture, image, images };
}
