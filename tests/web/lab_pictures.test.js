/* The pictures of the KL-weight lab, with a network whose pictures say which code they were decoded from. */

import assert from "node:assert/strict";
import test from "node:test";

import { SAMPLES } from "../../dashboard/components/beta_lab/lab_views.js";
import { Pictures } from "../../dashboard/components/beta_lab/pictures.js";
import { GREY_28 } from "../../dashboard/web/image.js";

const { pixels: PIXELS } = GREY_28;

const D = 2;
/** Encodes an image as its first two pixels; a picture is the code's sum in every pixel. */
const network = {
  latentDim: D,
  encode: (images) => ({ mean: images.slice(0, D), logvar: null }),
  decodeImage: (z, n = 1) =>
    Float32Array.from(
      { length: n * PIXELS },
      (_, p) => z[D * Math.floor(p / PIXELS)] + z[D * Math.floor(p / PIXELS) + 1],
    ),
};
const predicted = /** @type {any} */ ({ network, run: null });
const trained = /** @type {any} */ ({ network, run: { beta: 1 } });

/** Three images of classes 1, 0, 1: reconstructed are number 1 and number 0. */
function pictures() {
  const made = new Pictures();
  const images = Float32Array.from({ length: 3 * PIXELS }, (_, p) => Math.floor(p / PIXELS) + 1);
  made.take(images, Float32Array.from([1, 0, 1]), new Float32Array(SAMPLES * D).fill(0.25));
  made.seed(0, D);
  return made;
}

/** @param {Pictures} made @param {any[]} arguments_ until all are up to date */
function decodeAll(made, ...arguments_) {
  while (!made.decode(.../** @type {[any, any, number, Set<number>]} */ (arguments_)));
  return Array.from({ length: made.count }, (_, i) => made.tiles[i * PIXELS]);
}

test("samples come first, then the reconstruction of one image per class", () => {
  const made = pictures();
  assert.deepEqual(made.copied, [1, 0]);
  const tiles = decodeAll(made, trained, null, 1, new Set());
  assert.deepEqual(tiles.slice(0, SAMPLES), Array(SAMPLES).fill(0.5));
  assert.deepEqual(tiles.slice(SAMPLES), [4, 2], "encoded here, as there are no codes yet");
});

test("given codes are used instead of encoding; without codes a prediction has none", () => {
  const codes = { mean: Float32Array.from([1, 0, 2, 0, 3, 0]), logvar: new Float32Array(6) };
  assert.deepEqual([...pictures().copyMeans(predicted, codes)], [2, 0, 1, 0]);
  assert.deepEqual([...pictures().copyMeans(predicted, null)], [0, 0, 0, 0]);
});

test("a disabled unit is 0 in every code, and its effect is what the reconstructions lose", () => {
  const made = pictures();
  const tiles = decodeAll(made, trained, null, 1, new Set([1]));
  assert.deepEqual(tiles.slice(SAMPLES - 1), [0.25, 2, 1]);
  assert.equal(made.effect(trained, null, 1, new Set([1])), Math.sqrt((2 ** 2 + 1 ** 2) / 2));
  assert.equal(made.effect(trained, null, 1, new Set()), 0);
});

test("a change is decoded anew; without one nothing is", () => {
  const made = pictures();
  decodeAll(made, trained, null, 1, new Set());
  let decoded = 0;
  const counting = {
    run: { beta: 1 },
    network: { ...network, decodeImage: (z, n) => (decoded += n) && network.decodeImage(z, n) },
  };
  assert.ok(made.decode(/** @type {any} */ (counting), null, 1, new Set()));
  assert.equal(decoded, 0);
  made.seed(1, D);
  decodeAll(made, counting, null, 1, new Set());
  assert.equal(decoded, made.count);
  assert.notEqual(made.tiles[0], 0.5, "another seed's noise");
});
