/* Many images of 28x28 as the tiles of one canvas; which images represent their classes. */

import { contextOf } from "./canvas.js";
import { PIXELS, SIDE } from "./image.js";

/** @type {WeakMap<HTMLCanvasElement, ImageData>} pixels of the canvases that `paintGrid` fills */
const grids = new WeakMap();

/**
 * Tiles of 28x28 with a pixel between them.
 * @param {HTMLCanvasElement} canvas @param {number} columns @param {number} rows
 * @param {(i: number) => [ArrayLike<number>, number, number] | null} tile images, which of them, brightness; null
 *   leaves the tile to what is behind the canvas
 */
export function paintGrid(canvas, columns, rows, tile) {
  const pitch = SIDE + 1,
    width = columns * pitch - 1,
    height = rows * pitch - 1;
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    grids.delete(canvas);
    canvas.style.aspectRatio = `${width} / ${height}`;
  }
  const context = contextOf(canvas),
    pixels = grids.get(canvas) ?? context.createImageData(width, height);
  grids.set(canvas, pixels);
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < columns * rows; i++) {
    const found = tile(i);
    let to = Math.floor(i / columns) * pitch * width + (i % columns) * pitch;
    if (!found) {
      for (let y = 0; y < SIDE; y++, to += width) words.fill(0, to, to + SIDE);
      continue;
    }
    const [array, index, brightness] = found;
    let from = index * PIXELS;
    for (let y = 0; y < SIDE; y++, to += width)
      for (let x = 0; x < SIDE; x++) words[to + x] = greyWord(brightness * array[from++]);
  }
  context.putImageData(pixels, 0, 0);
}

/**
 * A grey level of [0, 1] as an opaque pixel.
 * @param {number} level
 */
function greyWord(level) {
  return 0xff000000 | (((level * 255 + 0.5) | 0) * 0x010101);
}

/**
 * The first image of each class, at most `most`.
 * @param {ArrayLike<number>} labels @param {number} most
 */
export function firstOfEach(labels, most) {
  /** @type {Map<number, number>} */
  const first = new Map();
  for (let i = labels.length - 1; i >= 0; i--) first.set(labels[i], i);
  return [...first]
    .sort(([a], [b]) => a - b)
    .slice(0, most)
    .map(([, i]) => i);
}
