/* The sampler: codes of the same noise for both models, pictures in turns, figures only beside what they describe. */

import assert from "node:assert/strict";
import test from "node:test";

import { seedOf } from "../../dashboard/components/sampler/sampler_controls.js";
import { classified, figuresOf, verdictOf, whyNone } from "../../dashboard/components/sampler/sampler_words.js";
import { MOST, Samples, codesOf, noiseOf, only, prior, sourcesOf } from "../../dashboard/components/sampler/samples.js";
import { GREY_28 } from "../../dashboard/web/image.js";
import { inParts } from "../../dashboard/web/sentences.js";
import { close } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

const D = 2;
const SETTINGS = {
  source: "prior",
  class: "b",
  temperature: 1,
  noise: 0,
  number: 36,
  nearest: false,
  vae_prior: false,
};
/** Two components at (±10, 0), one of standard deviation 1, one of 2 and 3 with a correlation. */
const MIXTURE = {
  means: Float32Array.of(-10, 0, 10, 0),
  roots: Float32Array.of(1, 0, 0, 1, 2, 0, 1, 3),
  ends: Float32Array.of(0.25, 1),
};
/** A picture is its code's sum in every pixel. */
const network = {
  latentDim: D,
  decodeImage: (z, n = 1) =>
    Float32Array.from(
      { length: n * PIXELS },
      (_, p) => z[D * Math.floor(p / PIXELS)] + z[D * Math.floor(p / PIXELS) + 1],
    ),
};

/** Samples whose densities are those of a mixture for both models. */
function samples() {
  const made = new Samples(),
    densities = { mixture: MIXTURE, class: MIXTURE };
  made.take({ left: network, right: network }, { left: densities, right: densities });
  return made;
}

test("the codes of N(0, I) are the noise, scaled by the temperature", () => {
  const noise = noiseOf(3, D);
  close(codesOf(prior(D), noise, 1, MOST, D), Float32Array.from(noise.normal), 1e-7);
  close(
    codesOf(prior(D), noise, 0.5, 4, D),
    Float32Array.from(noise.normal.slice(0, 4 * D), (v) => v / 2),
    1e-7,
  );
});

test("a mixture's components have their shares, and at temperature 0 only their means are left", () => {
  const noise = noiseOf(0, D),
    cold = codesOf(MIXTURE, noise, 0, MOST, D),
    firsts = noise.uniform.filter((u) => u < 0.25).length;
  assert.equal(cold.filter((v, i) => i % 2 === 0 && v === -10).length, firsts);
  assert.equal(cold.filter((v, i) => i % 2 === 0 && v === 10).length, MOST - firsts);
});

test("a code is its component's mean plus the Cholesky factor times the noise", () => {
  const noise = { normal: Float64Array.of(1, -1), uniform: Float64Array.of(0.9) };
  close(codesOf(MIXTURE, noise, 1, 1, D), [10 + 2, 1 - 3]);
  close(
    codesOf(only(MIXTURE, 0, D), noise, 1, 1, D),
    [-10 + 1, -1],
    1e-7,
    "the first class, whatever the uniform number",
  );
});

test("both models get the same noise; a class is drawn by both", () => {
  const made = samples();
  made.draw(SETTINGS, 0);
  assert.deepEqual(made.codes.left, made.codes.right);
  assert.deepEqual(sourcesOf({ source: "mixture", vae_prior: true }), { left: "mixture", right: "prior" });
  assert.deepEqual(sourcesOf({ source: "class", vae_prior: true }), { left: "class", right: "class" });
  made.draw({ ...SETTINGS, source: "class", temperature: 0 }, 1);
  assert.ok(made.codes.left.every((value, i) => value === (i % 2 ? 0 : 10)));
});

test("pictures are decoded in turns, until all show the codes", () => {
  const made = samples();
  made.draw(SETTINGS, 0);
  let frames = 1;
  while (!made.decode(-1)) frames++;
  assert.equal(frames, 2 * 3, "36 samples in chunks of 16, for two models");
  for (const side of /** @type {const} */ (["left", "right"]))
    for (let i = 0; i < 36; i++)
      close([made.tiles[side][i * PIXELS]], [made.codes[side][2 * i] + made.codes[side][2 * i + 1]]);
  made.draw({ ...SETTINGS, noise: 1 }, 0);
  assert.equal(made.decode(-1), false, "a change makes all of them out of date");
  assert.equal(made.decode(1e9), true);
});

test("a source that has not arrived is refused", () => {
  assert.equal(samples().draw({ ...SETTINGS, source: "gaussian" }, 0), false);
  assert.equal(new Samples().draw(SETTINGS, 0), false);
});

const FIGURES = [{ source: "prior", temperature: 1, fd: "20.0", density: "0.50", coverage: "50%" }];
const data = /** @type {any} */ ({
  left: { short: "AE", figures: FIGURES },
  right: { short: "VAE", figures: FIGURES },
  unmeasured: "",
  class_word: "class",
});

test("figures stand beside samples of their source and temperature only", () => {
  assert.equal(figuresOf(FIGURES, "prior", 1)?.fd, "20.0");
  assert.equal(figuresOf(FIGURES, "prior", 0.95), undefined);
  assert.equal(figuresOf(FIGURES, "mixture", 1), undefined);
  const verdicts = [{ left: "prior", right: "prior", temperature: 1, text: "closer" }];
  assert.equal(verdictOf(verdicts, SETTINGS), "closer");
  for (const change of [{ temperature: 0.5 }, { source: "mixture" }, { source: "mixture", vae_prior: true }])
    assert.equal(verdictOf(verdicts, { ...SETTINGS, ...change }), undefined);
});

test("where there are none, it says why", () => {
  assert.equal(whyNone(data, SETTINGS), "");
  assert.match(whyNone(data, { ...SETTINGS, temperature: 0.5 }), /not been measured at temperature 0.5/);
  assert.match(whyNone(data, { ...SETTINGS, source: "class" }), /not measured for samples of one class/);
  const untrained = { ...data, unmeasured: "The classifier is being trained." };
  assert.equal(whyNone(untrained, { ...SETTINGS, temperature: 0.5 }), "The classifier is being trained.");
});

test("models' names in a sentence are found", () => {
  assert.deepEqual(inParts("the :orange[**AE**]'s are closer"), ["the ", { name: "AE" }, "'s are closer"]);
  const told = inParts(classified(data, { ...SETTINGS, source: "class" }, { left: 30, right: 35 }));
  assert.equal(told.filter((part) => typeof part === "object").length, 2);
  assert.match(told.filter((part) => typeof part === "string").join(""), /30 of the .* 35 of the .* for class b\.$/);
});

test("a seed is a whole number of at most four digits, whatever is typed", () => {
  assert.deepEqual(["17", "2.6", "-3", "123456", "", "x"].map(seedOf), [17, 3, 0, 9999, 0, 0]);
});
