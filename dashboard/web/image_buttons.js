/* Test images as buttons. */

import { paint } from "./canvas.js";
import { make } from "./elements.js";

/** @import { ImagesData } from "./data.js" */
/** @import { Sprite } from "./sprites.js" */

/**
 * What a test image is called.
 * @param {number} i @param {ArrayLike<number>} labels @param {Pick<ImagesData, "classes" | "class_word">} data
 */
export const imageName = (i, labels, { classes, class_word }) => `Test image ${i}, ${class_word} ${classes[labels[i]]}`;

/**
 * A button for each of these test images.
 * @param {number[]} indices @param {Sprite} sprite @param {ArrayLike<number>} labels
 * @param {Pick<ImagesData, "classes" | "class_word">} data @param {(i: number) => void} onPress
 */
export const imageButtons = (indices, sprite, labels, data, onPress) =>
  indices.map((i) => {
    const canvas = make("canvas", { class: "tile" }),
      name = imageName(i, labels, data);
    paint(canvas, sprite.image(i), sprite.format);
    return make("button", { "data-image": i, "aria-label": name, title: name, onclick: () => onPress(i) }, canvas);
  });
