/* Many images as the tiles of one canvas; which images represent their classes. */

import { contextOf } from "./canvas.js";

/** @import { Format } from "./image.js" */
/** @type {WeakMap<HTMLCanvasElement, ImageData>} pixels of the canvases that `paintGrid` fills */
const grids = new WeakMap();

/**
 * Tiles with a pixel between them.
 * @param {HTMLCanvasElement} canvas @param {number} columns @param {number} rows @param {Format} format
 * @param {(i: number) => [ArrayLike<number>, number, number] | null} tile images, which of them, brightness; null
 *   leaves the tile to what is behind the canvas
 */
export function paintGrid(canvas, columns, rows, { channels, side, area, pixels: size }, tile) {
  const pitch = side + 1,
    width = columns * pitch - 1,
    height = rows * pitch - 1;
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    grids.delete(canvas);
    canvas.style.aspectRatio = `${width} / ${height}`;
    canvas.style.background = channels > 1 ? "none" : ""; // no black between images that are not on black
  }
  const context = contextOf(canvas),
    pixels = grids.get(canvas) ?? context.createImageData(width, height);
  grids.set(canvas, pixels);
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < columns * rows; i++) {
    const found = tile(i);
    let to = Math.floor(i / columns) * pitch * width + (i % columns) * pitch;
    if (!found) {
      for (let y = 0; y < side; y++, to += width) words.fill(0, to, to + side);
      continue;
    }
    const [array, index, brightness] = found;
    let from = index * size;
    for (let y = 0; y < side; y++, to += width)
      if (channels === 1) for (let x = 0; x < side; x++) words[to + x] = greyWord(brightness * array[from++]);
      else
        for (let x = 0; x < side; x++, from++)
          words[to + x] = colorWord(
            brightness * array[from],
            brightness * array[from + area],
            brightness * array[from + 2 * area],
          );
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
 * A colour, each part in [0, 1], as an opaque pixel.
 * @param {number} red @param {number} green @param {number} blue
 */
function colorWord(red, green, blue) {
  return 0xff000000 | ((blue * 255 + 0.5) << 16) | ((green * 255 + 0.5) << 8) | (red * 255 + 0.5);
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
