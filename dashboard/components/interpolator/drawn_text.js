/* A drawing as text, in the page's address; `drawn_image` in Python reads it, too.

   Grey: 16 levels, two pixels a byte. In colour: words of 16 bits, high byte first, each for a run of equal pixels:

     | length - 1: 4 bits | red: 4 bits | green: 4 bits | blue: 4 bits |

   Bytes are written in base64 for URLs. */

/** @import { Format } from "../../web/image.js" */

const LEVELS = 15;
const RUN = 16; // pixels in a word, at most

/**
 * An image with 16 levels a channel, as its text holds it.
 * @param {ArrayLike<number>} image
 */
export const rounded = (image) => Float32Array.from(image, (v) => Math.round(v * LEVELS) / LEVELS);

/**
 * @param {ArrayLike<number>} image @param {Format} format
 */
export function toText(image, { channels, area }) {
  const bytes = channels === 1 ? greyBytes(image) : colorBytes(image, area);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The image in a text of `toText`; what a text is too short for is black.
 * @param {string} text @param {Format} format
 */
export function fromText(text, { channels, area, pixels }) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)),
    image = new Float32Array(pixels);
  if (channels === 1) return image.map((_, p) => (p % 2 ? bytes[p >> 1] & 15 : bytes[p >> 1] >> 4) / LEVELS);
  for (let i = 0, at = 0; i + 1 < bytes.length; i += 2)
    for (let end = Math.min(area, at + 1 + (bytes[i] >> 4)); at < end; at++) {
      image[at] = (bytes[i] & 15) / LEVELS;
      image[at + area] = (bytes[i + 1] >> 4) / LEVELS;
      image[at + 2 * area] = (bytes[i + 1] & 15) / LEVELS;
    }
  return image;
}

/** @param {ArrayLike<number>} image */
function greyBytes(image) {
  return Uint8Array.from(
    { length: image.length / 2 },
    (_, i) => 16 * Math.round(image[2 * i] * LEVELS) + Math.round(image[2 * i + 1] * LEVELS),
  );
}

/** @param {ArrayLike<number>} image @param {number} area */
function colorBytes(image, area) {
  const level = (/** @type {number} */ p) => Math.round(image[p] * LEVELS),
    color = (/** @type {number} */ p) => (level(p) << 8) | (level(p + area) << 4) | level(p + 2 * area),
    bytes = [];
  for (let at = 0; at < area;) {
    const found = color(at);
    let length = 1;
    while (length < RUN && at + length < area && color(at + length) === found) length++;
    bytes.push(((length - 1) << 4) | (found >> 8), found & 255);
    at += length;
  }
  return bytes;
}
