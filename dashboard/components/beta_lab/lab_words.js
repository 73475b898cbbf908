/* The texts of the KL-weight lab, visible ones and those for screen readers: which network made the pictures, what they
   show, how it compares with the prediction. */

import { make, putText, unitName } from "../../web/elements.js";
import { short } from "../../web/measures.js";
import { SAMPLES, drawFigures } from "./lab_views.js";

/** @import { BetaLabData, Figures, TrainedBeta, TrainingData } from "../../web/data.js" */
/** @import { LiveBeta } from "./sources.js" */
/**
 * What is on screen.
 * @typedef {object} Situation
 * @property {BetaLabData} data
 * @property {number} beta the weight under the knob
 * @property {string} label that weight as text
 * @property {boolean} predicts whether there is a multi-rate model
 * @property {TrainedBeta[]} trained
 * @property {TrainedBeta | LiveBeta | null} real the run whose network made the pictures; null: they are predicted
 * @property {TrainedBeta | undefined} run the trained run of the weight under the knob
 * @property {TrainingData | null} training the training under way of that weight
 * @property {boolean} live whether pictures of that training are shown
 * @property {boolean} resting whether the knob is at rest
 * @property {boolean} wantsReal whether a person wants the trained network where there is one
 * @property {string} failed why a trained network is not on screen
 * @property {Figures} at figures of the network that made the pictures
 * @property {{predicted: Figures | null, own: Figures | null, live: boolean}} figures what the table compares
 * @property {number} images that are reconstructed
 * @property {Set<number>} off disabled units
 * @property {number | null} effect of disabling them on the reconstructions; null if none are
 */

/** Where a network was trained. */
const WHERE = { shipped: ", supplied with the dashboard", server: " on the server", browser: " in this browser" };

/**
 * Which network made the pictures; trained and predicted ones never read alike.
 * @param {Omit<Situation, "data" | "trained" | "at" | "figures" | "images" | "off" | "effect">} situation
 */
export function source({ beta, label, predicts, real, run, training, live, resting, wantsReal, failed }) {
  const trained = `Trained at β = ${label}${WHERE[real?.where ?? "server"]}. `,
    prediction = "Prediction of the multi-rate model";
  if (real && training && real.beta === beta) return `In training at β = ${label} in this browser. `;
  if (real && (predicts || real.beta === beta)) return trained;
  if (real)
    return (
      `${failed}Nearest trained network: β = ${short(real.beta, 4)}. ` +
      `There is no multi-rate model here to predict β = ${label} with. `
    );
  if (training && live)
    return (
      `Bright: β = ${label}'s own network after ${training.epoch} of ${training.epochs} epochs. ` +
      "Dim: the multi-rate model's prediction. "
    );
  if (training) return `${prediction}; β = ${label}'s own network is being trained. `;
  if (run?.weights && wantsReal && resting)
    return `${failed}${prediction}${failed ? "" : "; fetching the trained network…"} `;
  if (run) return `${prediction}. There is a trained network. `;
  return `${prediction}. ${resting ? `No network has been trained for β = ${label} yet. ` : ""}`;
}

/**
 * What the plane shows, below its title.
 * @param {boolean} predicts @param {number} count of trained networks
 * @param {boolean} local whether one was trained in this browser
 */
function planeNote(predicts, count, local) {
  const rings = local ? `; rings: trained in this browser` : "";
  const dots = `Dots: ${count} trained network${count > 1 ? "s" : ""}${rings}; press one to go there.`;
  if (predicts) return `Dashed: multi-rate model. ${dots}`;
  return (
    `${dots} No multi-rate model was trained for these images and this latent size, ` +
    "so between them the nearest one is shown."
  );
}

/** @param {Situation} situation */
function unitsNote({ data, at, off, effect }) {
  if (effect === null) return `Nats per image. Dashed: inactive, below ${data.active}. Press a unit to disable it.`;
  const names = [...off].map((j) => `${unitName(j)} (${at.rate_per_dim[j].toFixed(2)} nats)`).join(", ");
  const levels = data.shape?.[0] > 1 ? "levels" : "grey levels";
  return (
    `Disabled, held at the prior's mean 0: ${names}. The reconstructions change by ${effect.toFixed(4)} ${levels} ` +
    "(root mean square, of a range of 1)."
  );
}

/**
 * What each canvas shows, for screen readers: selector -> description.
 * @param {Situation} situation
 * @returns {Record<string, string>}
 */
function descriptions({ data, label, at, trained, images }) {
  const figures = (/** @type {Figures} */ { rate, distortion }) =>
    `rate ${rate.toFixed(1)}, distortion ${distortion.toFixed(1)}`;
  const others = trained.map((run) => `beta ${short(run.beta)}: ${figures(run)}`).join("; ");
  return {
    ".plane": `Rate-distortion plane. At beta ${label}: ${figures(at)} nats. ${others}.`,
    ".samples": `${SAMPLES} samples at beta ${label}`,
    ".cloud": `Posterior means and widths of ${data.n} test images in two latent units at beta ${label}`,
    ".copies": `${images} test images above, their reconstructions at beta ${label} below`,
  };
}

/**
 * Writes all texts of the lab.
 * @param {(selector: string) => any} find @param {Situation} situation
 * @param {() => void} switchSource called when a person asks for the prediction instead of the trained network, or back
 */
export function describe(find, situation, switchSource) {
  const { data, beta, label, predicts, real, run, training, figures, at, trained, resting } = situation;
  const slide = find(".slide");
  slide.setAttribute(
    "aria-label",
    "KL weight beta, logarithmic. Arrow keys move it, Page Up and Page Down go to trained weights.",
  );
  slide.setAttribute("aria-valuetext", `beta ${label}${run ? ", a trained weight" : ""}`);
  putText(find(".beta"), `β = ${label}`);
  writeSource(find(".whose"), situation, switchSource);
  const own = figures.live && training ? `In training, epoch ${training.measured}` : "Trained";
  const name = predicts || !real ? own : `Trained, β = ${short(real.beta, 4)}`;
  drawFigures(find(".figures"), figures, beta, data.latent_dim, name);

  const inactive = data.latent_dim - at.active_units,
    network = real?.where === "browser" ? "the network of this browser" : (real?.run_id ?? data.prediction?.run_id);
  const clouds = "ot = mean, disc = σ; rings: 1, 2, 3 σ of the prior.";
  for (const [selector, words] of Object.entries({
    ".samples h4": "Samples from the same noise",
    ".samples .muted": "z ~ N(0, I), fixed while β varies",
    ".cloud h4": `Clouds of ${data.n} test images`,
    ".cloud p": data.latent_dim > 2 ? `In the two units that stay active longest: d${clouds}` : `D${clouds}`,
    ".copies h4": "Unseen images and their reconstructions",
    ".copies p": `Decoded in the browser from the mean of each cloud, by ${network}.`,
    ".plane h4": "Rate–distortion plane",
    ".plane p": planeNote(
      predicts,
      trained.length,
      trained.some(({ where }) => where === "browser"),
    ),
    ".units h4": `Rate of each latent unit${inactive ? `: ${inactive} of ${data.latent_dim} inactive` : ""}`,
    ".units p": unitsNote(situation),
  }))
    putText(find(selector), words);
  if (resting)
    // The pictures' descriptions change when the knob rests: they cannot be followed at the screen's rate.
    for (const [selector, words] of Object.entries(descriptions(situation)))
      find(`${selector} canvas`).setAttribute("aria-label", words);
  for (const tick of find(".ticks").children) tick.setAttribute("aria-current", Number(tick.dataset.beta) === beta);
}

/**
 * The line that names the network, with the button that changes it.
 * @param {HTMLElement} line @param {Situation} situation @param {() => void} switchSource
 */
function writeSource(line, situation, switchSource) {
  const { predicts, real, run, resting, wantsReal } = situation,
    text = source(situation);
  if (line.dataset.text === text) return;
  line.dataset.text = text;
  line.className = real ? "whose real" : "whose";
  const words = wantsReal ? "show the prediction" : "show the trained network";
  const button = predicts && run?.weights && resting ? [make("button", { onclick: switchSource }, words)] : [];
  line.replaceChildren(text, ...button);
}
