/* What stands below the planes: the legend of what is shown, and what the measured maps say about the prior. */

import { make } from "../../web/elements.js";
import { rampImage } from "../../web/look.js";
import { inkOf } from "../../web/models.js";

/** @import { LaneData, PlanesData } from "../../web/data.js" */
/** @typedef {"codes" | "grid" | "holes" | "regions"} Mode */

export const TILES = 15; // the picture grid's side
const MANY = 20; // classes; more have no legend that fits the page
export const ENOUGH = 20; // real images: of fewer, "what 95 % exceed" is less than one image

/** @param {string} words */
const note = (words) => make("span", { class: "muted" }, words);

/**
 * @param {Mode} mode @param {PlanesData} data @param {{low: number, high: number}} scale of likeness
 * @param {boolean} judged whether a classifier names what is decoded
 * @returns {HTMLElement[]}
 */
export function legend(mode, { classes, class_colors: colors, class_word }, scale, judged) {
  if (mode === "holes") {
    return [
      make("span", { class: "number" }, `alike ${scale.high.toFixed(2)}`),
      make("i", { class: "bar", style: `background:${rampImage()}` }),
      make("span", { class: "number" }, `unlike ${scale.low.toFixed(2)}`),
      note("cosine similarity between the decoded image and the most similar real image"),
    ];
  }
  if (mode === "grid")
    return [
      note(
        `${TILES} × ${TILES} codes at equal steps of probability ` +
          "(quantiles of a Gaussian with the codes' own mean and spread), decoded.",
      ),
    ];
  if (classes.length > MANY)
    return [
      note(
        `${classes.length} classes share ${new Set(colors).size} colours; ` +
          "that of the picture under the cursor is named below.",
      ),
    ];
  const names = classes.map((name, c) =>
    make("span", {}, make("i", { class: "swatch", style: `background:${colors[c]}` }), name),
  );
  if (mode === "codes") return names;
  const whose = judged
    ? "that a classifier trained on the same images predicts for the decoded image"
    : "of the real image most similar to the decoded image";
  return [...names, note(`the ${class_word} ${whose}`)];
}

/** @param {number} count of real images */
export const tooFew = (count) =>
  `How much of N(0, I) decodes to a hole needs at least ${ENOUGH} test images to compare with; there are ${count}.`;

/**
 * What share of the prior decodes to holes, as parts of one line.
 * @param {{lane: LaneData, share: number}[]} found in per cent @param {number} least @param {boolean} dark
 * @returns {(string | Node)[]}
 */
export function finding(found, least, dark) {
  const parts = found.flatMap(({ lane, share }, i) => [
    i ? ", " : "",
    make("b", { style: `color:${inkOf(lane, dark)}` }, lane.short),
    ` ${share.toFixed(share < 10 ? 1 : 0)}%`,
  ]);
  const none = Math.max(...found.map(({ share }) => share)) < 1;
  return [
    "Codes drawn from N(0, I) that decode to a hole (less similar to every real image than " +
      `${least.toFixed(2)}, which 95% of real images exceed): `,
    ...parts,
    `. ${none ? "With two latent numbers, neither plane has a hole where the prior has mass." : ""}`,
  ];
}
