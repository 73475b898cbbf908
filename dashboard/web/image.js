/* What the images of a data set are: grey or in colour, and how large. Everything that depends on it starts here.

   An image is a flat array of numbers in [0, 1] in torch's order: channel, y, x. */

/**
 * `channels`: 1 for grey, 3 for red, green and blue; `area`: numbers a channel; `pixels`: numbers an image.
 * @typedef {{channels: number, side: number, area: number, pixels: number}} Format
 */

/**
 * The format of images (C, H, W); grey 28 x 28 where nothing says what they are.
 * @param {ArrayLike<number> | null} [shape]
 * @returns {Format}
 */
export function formatOf(shape) {
  const [channels, side] = shape ? Array.from(shape) : [1, 28];
  return { channels, side, area: side * side, pixels: channels * side * side };
}

export const GREY_28 = formatOf();
