/* What the sampler says: what was drawn, which figures describe it, and why there are none. Functions of their
   arguments only. A figure is shown only beside samples from the source and at the temperature that it was measured
   at. */

import { SIDES } from "../../web/models.js";
import { sourcesOf } from "./samples.js";

/** @import { SampleFigures, SamplerData, SampleSettings, Side } from "../../web/data.js" */

/**
 * The figures of one model's samples by these settings; undefined if they have not been measured.
 * @param {SampleFigures[]} figures @param {string} source of this model's codes @param {number} temperature
 */
export const figuresOf = (figures, source, temperature) =>
  figures.find((at) => at.source === source && at.temperature === temperature);

/**
 * What the figures of both models say.
 * @param {SamplerData["verdicts"]} verdicts @param {SampleSettings} settings
 */
export function verdictOf(verdicts, settings) {
  const { left, right } = sourcesOf(settings);
  return verdicts.find((at) => at.left === left && at.right === right && at.temperature === settings.temperature)?.text;
}

/**
 * How many samples of a class are classified as that class.
 * @param {Pick<SamplerData, "left" | "right" | "class_word">} data @param {SampleSettings} settings
 * @param {Record<Side, number>} hits
 */
export function classified(data, settings, hits) {
  const { number, class: name } = settings;
  return (
    `Of ${number} samples from the codes of ${data.class_word} ${name}, the scorecard's classifier takes ` +
    `${hits.left} of the :orange[**${data.left.short}**]'s and ${hits.right} of the :blue[**${data.right.short}**]'s ` +
    `for ${data.class_word} ${name}.`
  );
}

/**
 * Why there are no figures beside the samples, as a sentence; "" if there are.
 * @param {Pick<SamplerData, "left" | "right" | "unmeasured" | "class_word">} data @param {SampleSettings} settings
 */
export function whyNone(data, settings) {
  const sources = sourcesOf(settings),
    { temperature } = settings;
  if (settings.source === "class")
    return (
      `Fréchet distance, density and coverage compare samples with unseen images of every ${data.class_word}, ` +
      `so they are not measured for samples of one ${data.class_word}.`
    );
  if (SIDES.every((side) => figuresOf(data[side].figures, sources[side], temperature))) return "";
  if (data.unmeasured) return data.unmeasured;
  return `Fréchet distance, density and coverage have not been measured at temperature ${temperature} yet.`;
}
