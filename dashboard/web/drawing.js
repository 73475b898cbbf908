/* From strokes on a pad (drawing_pad.js) to what the networks take. In colour, strokes stay where they are, on the
   ground that the images have in common. Grey ones become what MNIST's digits are:

   "The original black and white images were size normalized to fit in a 20x20 pixel box while preserving their aspect
   ratio. The resulting images contain grey levels as a result of the anti-aliasing technique [...] the images were
   centered in a 28x28 image by computing the center of mass of the pixels" (LeCun, Cortes & Burges, the MNIST page). */

import { GREY_28 } from "./image.js";

/** @import { Format } from "./image.js" */

const BOX = 20 / 28; // of an image's side
const SEEN = 200; // images whose edges decide on the ground
/**
 * The ground that images in colour have in common: the median of what lies along their edges, channel by channel; black
 * for grey ones.
 * @param {Float32Array} images @param {Format} format
 */
export function groundOf(images, { channels, side, area, pixels }) {
  if (channels === 1) return [0];
  return Array.from({ length: channels }, (_, c) => {
    const edge = [];
    for (let start = c * area; start < Math.min(images.length, SEEN * pixels); start += pixels)
      for (let i = 0; i < side; i++)
        for (const p of [i, area - side + i, i * side, i * side + side - 1]) edge.push(images[start + p]);
    return edge.sort((a, b) => a - b)[edge.length >> 1] ?? 0;
  });
}

/**
 * Grey levels (to * to) in [0, 1] from ink (side * side values in [0, 1]); all zeros for an empty pad.
 *
 * Every pixel is the exact mean of the ink under it, wherever the pixel's edges fall, so nothing jumps while drawing.
 * @param {ArrayLike<number>} ink @param {number} side
 */
export function fitLikeMnist(ink, side, to = GREY_28.side) {
  let left = side,
    right = -1,
    top = side,
    bottom = -1,
    mass = 0,
    cx = 0,
    cy = 0;
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      const v = ink[i];
      if (v < 0.05) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      mass += v;
      cx += v * (x + 0.5);
      cy += v * (y + 0.5);
    }
  if (!mass) return new Float32Array(to * to);
  const step = Math.max(right - left + 1, bottom - top + 1) / (BOX * to); // ink pixels a grey pixel
  return resample(ink, side, to, step, cx / mass - (to / 2) * step, cy / mass - (to / 2) * step);
}

/**
 * Ink averaged over to x to squares of side `step`, the first one's corner at (x0, y0).
 * @param {ArrayLike<number>} ink @param {number} side
 */
export function resample(ink, side, to = GREY_28.side, step = side / to, x0 = 0, y0 = 0) {
  const image = new Float32Array(to * to),
    across = new Float32Array(to * side);
  average(ink, side, 1, side, across, step, x0, to, 1); // along x: (side, side) -> (side, to)
  average(across, side, to, 1, image, step, y0, 1, to); // along y: (side, to) -> (to, to)
  return image;

  /**
   * Means along one axis of `from`, whose steps are `stride`, for each of the lines `line` apart.
   * @param {ArrayLike<number>} from @param {number} length @param {number} stride @param {number} line
   * @param {Float32Array} out @param {number} step @param {number} start @param {number} toLine
   * @param {number} toStride
   */
  function average(from, length, stride, line, out, step, start, toLine, toStride) {
    const lines = stride === 1 ? length : to;
    for (let l = 0; l < lines; l++)
      for (let p = 0; p < to; p++) {
        const a = start + p * step,
          b = a + step;
        let sum = 0;
        for (let i = Math.max(Math.floor(a), 0); i < Math.min(Math.ceil(b), length); i++)
          sum += from[l * line + i * stride] * (Math.min(b, i + 1) - Math.max(a, i));
        out[l * toLine + p * toStride] = sum / step;
      }
  }
}

/**
 * Strokes in colour over an image, which keep their place.
 * @param {ArrayLike<number>[]} ink how much of each pixel of the pad is covered, and that times each channel
 * @param {number} side of the pad @param {Format} format @param {ArrayLike<number>} under the image
 */
export function overlaid(ink, side, format, under) {
  const [covered, ...parts] = ink.map((values) => resample(values, side, format.side)),
    image = new Float32Array(format.pixels);
  parts.forEach((part, c) => {
    for (let i = 0, to = c * format.area; i < format.area; i++, to++)
      image[to] = part[i] + (1 - covered[i]) * under[to];
  });
  return image;
}

/**
 * An image of one colour.
 * @param {ArrayLike<number>} color @param {Format} format
 */
export function flat(color, { channels, area, pixels }) {
  const image = new Float32Array(pixels);
  for (let c = 0; c < channels; c++) image.fill(color[c], c * area, (c + 1) * area);
  return image;
}
