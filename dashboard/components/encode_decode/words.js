/* What both models make of one image, in sentences. Parts of a sentence are texts and, in the model's colour, names. */

import { imageName } from "../../web/image_buttons.js";
import { DRAWS } from "./encoding.js";

/** @import { EncodeDecodeData, ImageInfo, Side } from "../../web/data.js" */
/** @import { Outcome } from "./encoding.js" */
/** @typedef {{name: Side}} Name where the model's name goes */
/** @typedef {(string | Name)[]} Sentence */

const SAME = 0.02; // errors that differ by less count as equal

/**
 * What the image on the pad is.
 * @param {ImageInfo} info @param {ArrayLike<number>} labels
 * @param {Pick<EncodeDecodeData, "classes" | "class_word" | "shape">} data
 */
export function describeImage({ source, index = 0, edited, name }, labels, { classes, class_word, shape }) {
  const change = edited ? ", edited" : "",
    [channels, side] = shape ?? [1, 28],
    size = `${side}×${side}`,
    levels = channels > 1 ? `${size} pixels in colour` : `${size} grey levels`;
  if (source === "test")
    return `${imageName(index, labels, { classes, class_word })}${change}: ${levels}, as the networks see it.`;
  if (source === "upload") return `${name}${change}, as the networks see it: ${levels}.`;
  if (channels > 1) return `As the networks see it: ${levels}, each the mean of what is drawn there.`;
  const box = Math.round((20 * side) / 28);
  return (
    `As the networks see it: fitted into ${box}×${box} pixels, its centre of mass in the middle of ${size}, ` +
    "the way MNIST was made."
  );
}

/**
 * How each model encodes and reconstructs the image, and which is more precise.
 * @param {Record<Side, Pick<Outcome, "isCloud" | "sigma" | "rate" | "squared">>} found
 * @returns {Sentence}
 */
export function lead(found) {
  /** @type {(side: Side) => string} */
  const made = (side) => {
    const { squared, rate, sigma, isCloud } = found[side];
    const mean = sigma.reduce((sum, s) => sum + s, 0) / sigma.length;
    const code = isCloud ? `a cloud with mean σ ${mean.toFixed(2)} and a rate of ${rate?.toFixed(1)} nats` : "a point";
    return ` encodes the image as ${code}, and reconstructs it with squared error ${squared.toFixed(4)}`;
  };
  const a = found.left.squared,
    b = found.right.squared,
    by = 1 - Math.min(a, b) / Math.max(a, b);
  /** @type {Sentence} */
  const verdict =
    by < SAME
      ? [": equally precise."]
      : [". More precise here: the ", { name: a < b ? "left" : "right" }, `, by ${(100 * by).toFixed(0)}%.`];
  return ["The ", { name: "left" }, made("left"), "; the ", { name: "right" }, made("right"), ...verdict];
}

/**
 * How far the codes of the same image differ.
 * @param {Record<Side, Pick<Outcome, "isCloud" | "sigma" | "largest" | "deviation">>} found
 * @returns {Sentence}
 */
export function repeated(found) {
  /** @type {(side: Side) => string} */
  const differ = (side) => {
    const { largest, deviation, sigma, isCloud } = found[side];
    if (isCloud) {
      const ratio = deviation.reduce((sum, s, j) => sum + s / sigma[j], 0) / sigma.length;
      return `differ by up to ${largest.toFixed(2)}; their standard deviation is ${ratio.toFixed(2)} times the drawn σ`;
    }
    if (largest === 0) return "coincide exactly (largest difference 0)";
    return `differ by up to ${largest.toExponential(1)}`;
  };
  const left = `'s codes ${differ("left")}`,
    right = `'s codes ${differ("right")}`;
  return [" The ", { name: "left" }, left, "; the ", { name: "right" }, `${right}.`];
}

/** What comes before `repeated`. */
export const ENCODED = `Encoded ${DRAWS} times.`;
