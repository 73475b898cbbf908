/* Which network the KL-weight lab says its pictures are of. */

import assert from "node:assert/strict";
import test from "node:test";

import { source } from "../../dashboard/components/beta_lab/lab_words.js";

/** @param {object} changes to a knob at rest on beta = 2.7, of which nothing is trained */
const words = (changes) =>
  source(
    /** @type {any} */ ({
      beta: 2.7,
      label: "2.7",
      predicts: true,
      real: null,
      run: undefined,
      training: null,
      live: false,
      resting: true,
      wantsReal: true,
      failed: "",
      ...changes,
    }),
  );
const run = { beta: 2.7, weights: "address", where: "server" };

test("a prediction is called one, a trained network's pictures are not", () => {
  assert.match(words({}), /^Prediction .*No network has been trained for β = 2\.7 yet/);
  assert.equal(words({ real: run, run }), "Trained at β = 2.7 on the server. ");
  assert.match(words({ run }), /^Prediction .*fetching the trained network/);
  assert.match(words({ run, wantsReal: false }), /^Prediction .*There is a trained network/);
  assert.equal(words({ resting: false }), "Prediction of the multi-rate model. ");
});

test("the line says where a network was trained, in one wording", () => {
  for (const [where, expected] of [
    ["shipped", /supplied/],
    ["server", /on the server/],
    ["browser", /in this browser/],
  ])
    assert.match(words({ real: { ...run, where }, run }), expected);
  const training = { epoch: 1, epochs: 6 };
  assert.match(words({ real: { ...run, where: "browser" }, training }), /^In training .* in this browser/);
});

test("a network in training is named with its epoch once its pictures are there", () => {
  const training = { epoch: 3, epochs: 8 };
  assert.match(words({ training, live: true }), /^Bright: .*3 of 8 epochs\. Dim: .*prediction/);
  assert.match(words({ training }), /^Prediction .*is being trained/);
});

test("without a multi-rate model the nearest network is named by its own weight", () => {
  const other = { beta: 2, weights: "address" };
  assert.match(words({ predicts: false, real: other }), /^Nearest trained network: β = 2\. .*β = 2\.7/);
  assert.equal(words({ predicts: false, real: run }), "Trained at β = 2.7 on the server. ");
});

test("a failure is named before what is shown instead", () => {
  assert.match(words({ run, failed: "It failed. " }), /^It failed\. Prediction of the multi-rate model $/);
});
