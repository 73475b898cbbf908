/* Sprites: many images of one size as tiles of one picture. */

import { contextOf } from "./canvas.js";

/** @import { Format } from "./image.js" */

export const SPRITE_COLUMNS = 50; // as sprites.py lays tiles out

/**
 * `image(i)` gives tile i as numbers in [0, 1], channel by channel, `images(n)` the first n tiles, one after another.
 * @typedef {object} Sprite
 * @property {HTMLImageElement} picture
 * @property {Format} format
 * @property {(i: number) => Float32Array} image
 * @property {(n: number) => Float32Array} images
 */

/**
 * A sprite at a URL.
 * @param {string} url @param {Format} format of its tiles @param {number} [columns]
 * @returns {Promise<Sprite>}
 */
export function loadSprite(url, format, columns = SPRITE_COLUMNS) {
  const page = /** @type {{pointOrCloudSprites?: Map<string, Promise<Sprite>>}} */ (globalThis);
  const shared = (page.pointOrCloudSprites ??= new Map());
  let promise = shared.get(url);
  if (!promise) {
    promise = decodeSprite(url, format, columns);
    promise.catch(() => shared.delete(url));
    shared.set(url, promise);
  }
  return promise;
}

/**
 * As `loadSprite`, for a picture that is looked at once: it is not kept.
 * @param {string} url @param {Format} format @param {number} columns
 * @returns {Promise<Sprite>}
 */
export async function decodeSprite(url, format, columns) {
  const picture = new Image(),
    { side, pixels } = format;
  picture.src = url;
  await picture.decode().catch(() => Promise.reject(new Error("the images did not arrive")));
  const whole = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
  const context = contextOf(whole, { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const read = (/** @type {number} */ i, /** @type {Float32Array} */ to, /** @type {number} */ start) => {
    const { data } = context.getImageData(...tilePlace(i, side, columns));
    readTile(data, side, 0, format, to, start, 255);
  };
  const image = (/** @type {number} */ i) => {
    const one = new Float32Array(pixels);
    read(i, one, 0);
    return one;
  };
  const images = (/** @type {number} */ n) => {
    const all = new Float32Array(n * pixels);
    for (let i = 0; i < n; i++) read(i, all, i * pixels);
    return all;
  };
  return { picture, format, image, images };
}

/**
 * Where tile i lies in a sprite of tiles of this side: left, top, width, height.
 * @param {number} i @param {number} side @returns {[number, number, number, number]}
 */
export function tilePlace(i, side, columns = SPRITE_COLUMNS) {
  return [(i % columns) * side, Math.floor(i / columns) * side, side, side];
}

/**
 * A tile's numbers, channel by channel, from a canvas's.
 * @param {Uint8ClampedArray} data @param {number} width of the canvas @param {number} left where the tile begins
 * @param {Format} format @param {Float32Array | Uint8Array} to @param {number} start @param {number} white
 */
export function readTile(data, width, left, { channels, side }, to, start, white) {
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0, from = 4 * (y * width + left) + c; x < side; x++, from += 4) to[start++] = data[from] / white;
}

/**
 * The first n tiles of a picture, read a row of tiles at a time.
 * @param {HTMLImageElement | ImageBitmap} picture @param {number} n @param {Format} format @param {number} columns
 */
export function tilesOf(picture, n, format, columns) {
  const images = new Float32Array(n * format.pixels);
  eachTile(picture, n, format, columns, (data, width, left, i) =>
    readTile(data, width, left, format, images, i * format.pixels, 255),
  );
  return images;
}

/**
 * @param {HTMLImageElement | ImageBitmap} picture @param {number} n @param {Format} format @param {number} columns
 * @param {(data: Uint8ClampedArray, width: number, left: number, i: number) => void} each a row of tiles with tile i
 */
export function eachTile(picture, n, { side }, columns, each) {
  const width = columns * side,
    row = new OffscreenCanvas(width, side).getContext("2d", { willReadFrequently: true });
  if (!row) throw new Error("this browser draws no pictures beside the page");
  for (let first = 0; first < n; first += columns) {
    row.drawImage(picture, 0, (-first / columns) * side);
    const { data } = row.getImageData(0, 0, width, side);
    for (let i = first; i < Math.min(n, first + columns); i++) each(data, width, (i - first) * side, i);
  }
}
