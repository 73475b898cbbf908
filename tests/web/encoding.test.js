/* One image through a model: figures, sampled codes, where they lie on a map, and the sentences about them. */

import assert from "node:assert/strict";
import test from "node:test";

import { enlargementOf, placeOf, shadowOf } from "../../dashboard/components/encode_decode/code_map.js";
import { DRAWS, encodeDecode, shifted, spread } from "../../dashboard/components/encode_decode/encoding.js";
import { describeImage, lead, repeated } from "../../dashboard/components/encode_decode/words.js";
import { GREY_28 } from "../../dashboard/web/image.js";
import { close } from "./tools.js";

const { pixels: PIXELS, side: SIDE } = GREY_28;

/** A network of two latent numbers whose mean is (1, -1) and whose pictures are grey 0.5; with variances, a cloud. */
function network(logvar) {
  const encoded = [];
  const repeated = (values, n) => Float32Array.from({ length: 2 * n }, (_, i) => values[i % 2]);
  return {
    encoded,
    latentDim: 2,
    isCloud: Boolean(logvar),
    config: { likelihood: "bernoulli" },
    logSigma: () => 0,
    encode(_, n = 1) {
      encoded.push(n);
      return { mean: repeated([1, -1], n), logvar: logvar && repeated(logvar, n) };
    },
    decode: (_, n) => new Float32Array(n * PIXELS),
    decodeImage: () => new Float32Array(PIXELS).fill(0.5),
  };
}
const outcome = (made, again = false) =>
  encodeDecode(/** @type {any} */ (made), new Float32Array(PIXELS).fill(1), 3, again);

test("a point has no rate, and its samples coincide", () => {
  const found = outcome(network(null));
  assert.equal(found.rate, null);
  assert.equal(found.largest, 0);
  assert.deepEqual([...found.sigma], [0, 0]);
});

test("a cloud's figures are those of its definition", () => {
  const found = outcome(network([0, 0]));
  close([found.rate], [1], 1e-6); // half the squared length of the mean: its variances are the prior's
  close([found.nats], [PIXELS * Math.log(2)], 1e-4);
  close([found.squared], [0.25], 1e-6);
  assert.equal(found.codes.length, 2 * DRAWS);
  for (const deviation of found.deviation) assert.ok(deviation > 0.7 && deviation < 1.4, String(deviation));
  assert.deepEqual(outcome(network([0, 0])).codes, found.codes, "the same seed, the same samples");
});

test("the encoder runs once for every sample only if asked to", () => {
  const once = network([0, 0]),
    often = network([0, 0]);
  assert.deepEqual(outcome(once).codes, outcome(often, true).codes);
  assert.deepEqual([once.encoded, often.encoded], [[1], [1, DRAWS]]);
});

test("the spread of codes is found in every number", () => {
  const { largest, deviation } = spread(Float32Array.from([0, 5, 1, 5, 2, 5]), 2);
  assert.equal(largest, 2);
  close(deviation, [1, 0], 1e-6);
});

test("a shifted image leaves black behind and loses what leaves it", () => {
  const image = new Float32Array(PIXELS);
  image[0] = 1;
  const moved = shifted(image, [1, 2], GREY_28);
  assert.equal(moved[2 * SIDE + 1], 1);
  assert.equal(moved.filter(Boolean).length, 1);
  assert.ok(shifted(image, [-1, 0], GREY_28).every((value) => value === 0));
});

test("on a map a code is offset + B z and its covariance B diag(sigma^2) B^T", () => {
  const projection = { basis: [1, 0, 2, 0, 1, 1], offset: [10, 20] };
  assert.deepEqual(placeOf([1, 2, 3], projection), [17, 25]);
  assert.deepEqual(shadowOf(Float32Array.from([1, 2, 3]), projection), [37, 18, 13]);
});

test("the lens fills to the same share whatever the cloud's size and the map's scale", () => {
  const filled = (variance, scale) =>
    2 * Math.sqrt(variance) * scale * enlargementOf([variance, 0, variance], 50, scale);
  close([filled(0.01, 30), filled(4, 7)], [40, 40], 1e-9);
});

test("sentences name the better model, and no one where there is no difference", () => {
  const found = (a, b) => ({
    left: { ...outcome(network(null)), squared: a },
    right: { ...outcome(network([0, 0])), squared: b },
  });
  assert.ok(lead(found(0.02, 0.01)).some((part) => typeof part === "string" && /by 50%/.test(part)));
  assert.deepEqual(
    lead(found(0.02, 0.01))
      .filter((part) => typeof part !== "string")
      .pop(),
    { name: "right" },
  );
  assert.deepEqual(
    lead(found(0.01, 0.02))
      .filter((part) => typeof part !== "string")
      .pop(),
    { name: "left" },
  );
  assert.match(String(lead(found(0.01, 0.01)).pop()), /equally precise/);
  assert.match(repeated(found(1, 1)).map(String).join(""), /coincide exactly .*times the drawn σ/);
});

test("the image is called what it is", () => {
  const data = { classes: ["zero", "one"], class_word: "digit" };
  assert.match(describeImage({ source: "test", index: 7 }, { 7: 1, length: 8 }, data), /^Test image 7, digit one: /);
  assert.match(describeImage({ source: "upload", name: "a.png", edited: true }, [], data), /^a\.png, edited, /);
  assert.match(describeImage({ source: "drawing" }, [], data), /^As the networks see it/);
});
