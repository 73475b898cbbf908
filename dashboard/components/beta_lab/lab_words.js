/* The KL-weight lab in words, for eyes and for screen readers: whose pictures these are, what they show, what they
   cost. */

import { make, putText, unitName } from "../../web/canvas.js";
import { SAMPLES, drawFigures } from "./lab_views.js";
import { short } from "./rd_plane.js";

/** Whose pictures these are; real ones and predicted ones never look alike. */
function source(lab, label) {
  const { real, base, run, training, state, knob, failed } = lab;
  if (!base)
    return real.run.beta === lab.beta
      ? `Trained at β = ${label}. `
      : `${failed}Nearest trained network: β = ${short(real.run.beta, 4)}. There is no multi-rate model here to predict β = ${label} with. `;
  if (real) return `Trained at β = ${label}. `;
  if (training)
    return lab.live
      ? `Bright: β = ${label}'s own network after ${training.epoch} of ${training.epochs} epochs. Dim: the multi-rate model's prediction. `
      : `Prediction of the multi-rate model; β = ${label}'s own network is being trained. `;
  if (run?.weights && state.real && knob.resting)
    return `${failed}Prediction of the multi-rate model${failed ? "" : "; fetching the trained network…"} `;
  return `Prediction of the multi-rate model. ${run ? "There is a trained network. " : knob.resting ? `No network has been trained for β = ${label} yet. ` : ""}`;
}

/** Everything the lab says: `at`, the figures of the weight shown; `figures`, those it is compared by. */
export function describe(lab, at, label, figures, codes) {
  const { data, base, real, run, state, knob } = lab;
  lab.slide.value = knob.t;
  lab.slide.setAttribute(
    "aria-label",
    "KL weight beta, logarithmic. Arrow keys move it, Page Up and Page Down go to trained weights.",
  );
  lab.slide.setAttribute("aria-valuetext", `beta ${label}${run ? ", a trained weight" : ""}`);
  putText(lab.find(".beta"), `β = ${label}`);
  const whose = lab.find(".whose"),
    text = source(lab, label);
  if (whose.dataset.text !== text) {
    whose.dataset.text = text;
    whose.className = real ? "whose real" : "whose";
    const toggle =
      base &&
      run?.weights &&
      knob.resting &&
      make(
        "button",
        {
          onclick: () => {
            state.real = !state.real;
            lab.version++;
            lab.choose();
          },
        },
        state.real ? "show the prediction" : "show the trained network",
      );
    whose.replaceChildren(text, toggle || "");
  }
  drawFigures(
    lab.find(".figures"),
    figures,
    lab.beta,
    data.latent_dim,
    base
      ? figures.live
        ? `In training, epoch ${lab.training.path.length - 1}`
        : "Trained"
      : `Trained, β = ${short(real.run.beta, 4)}`,
  );
  const asleep = data.latent_dim - at.active_units,
    network = real?.run.run_id ?? data.prediction.run_id;
  const say = (selector, words) => putText(lab.find(selector), words);
  say(".samples h4", "Samples from the same noise");
  say(".samples .muted", "z ~ N(0, I), fixed while β varies");
  say(".cloud h4", `Clouds of ${data.n} test images`);
  say(
    ".cloud p",
    data.latent_dim > 2
      ? "In the two units that stay active longest: dot = mean, disc = σ; rings: 1, 2, 3 σ of the prior."
      : "Dot = mean, disc = σ; rings: 1, 2, 3 σ of the prior.",
  );
  say(".copies h4", "Unseen images and their reconstructions");
  say(".copies p", `Decoded in the browser from the mean of each cloud, by ${network}.`);
  say(".plane h4", "Rate–distortion plane");
  say(
    ".plane p",
    `${base ? "Dashed: multi-rate model. " : ""}Dots: ${lab.trained.length} trained network${lab.trained.length > 1 ? "s" : ""}; press one to go there.${base ? "" : " No multi-rate model was trained for these images and this latent size, so between them the nearest one is shown."}`,
  );
  say(".units h4", `Rate of each latent unit${asleep ? `: ${asleep} of ${data.latent_dim} inactive` : ""}`);
  if (knob.resting) {
    // What the pictures are called changes when the knob rests: nobody can follow it at the screen's rate.
    lab
      .find(".plane canvas")
      .setAttribute(
        "aria-label",
        `Rate-distortion plane. At beta ${label}: rate ${at.rate.toFixed(1)}, distortion ${at.distortion.toFixed(1)} nats. ${lab.trained.map((r) => `beta ${short(r.beta)}: rate ${r.rate.toFixed(1)}, distortion ${r.distortion.toFixed(1)}`).join("; ")}.`,
      );
    lab.find(".samples canvas").setAttribute("aria-label", `${SAMPLES} samples at beta ${label}`);
    lab
      .find(".cloud canvas")
      .setAttribute(
        "aria-label",
        `Posterior means and widths of ${data.n} test images in two latent units at beta ${label}`,
      );
    lab
      .find(".copies canvas")
      .setAttribute(
        "aria-label",
        `${lab.copied.length} test images above, their reconstructions at beta ${label} below`,
      );
  }
  let remark = `Nats per image. Dashed: inactive, below ${data.active}. Press a unit to disable it.`;
  if (state.off.size && codes) {
    const names = [...state.off].map((j) => `${unitName(j)} (${at.rate_per_dim[j].toFixed(2)} nats)`).join(", ");
    remark = `Disabled, held at the prior's mean 0: ${names}. The reconstructions change by ${lab.effect(codes).toFixed(4)} grey levels (root mean square, of a range of 1).`;
  }
  say(".units p", remark);
  for (const tick of lab.find(".ticks").children)
    tick.setAttribute("aria-current", Number(tick.dataset.beta) === lab.beta);
}
