/* The code interpolator: exact for polynomials, the network itself at the nodes, and usable before it is complete. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CodeInterpolator, NODES, chebyshevWeights } from "../../dashboard/web/code_interpolator.js";
import { BETA_RANGE, scaled, unscaled } from "../../dashboard/web/log_beta.js";
import { GREY_28 } from "../../dashboard/web/image.js";
import { close } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

const node = (k) => Math.cos((Math.PI * (k + 0.5)) / NODES);
const BETAS = [0.1, 0.137, 0.5, 1, 2.5, 6.02, 10];

/**
 * A network whose codes are a polynomial of t = scaled(beta): 2 latent numbers per image, from the image's first pixel.
 */
function polynomial(degree, conditioned = true) {
  const calls = [];
  const code = (image, beta) => {
    const t = conditioned ? scaled(beta) : 0;
    let mean = 0;
    for (let power = degree; power >= 0; power--) mean = mean * t + Math.sin(power + image);
    return { mean: [mean, 1 - mean], logvar: [mean / 2, -mean] };
  };
  return {
    calls,
    code,
    latentDim: 2,
    conditioned,
    encode(images, n, beta) {
      calls.push({ n, beta });
      const each = Array.from({ length: n }, (_, i) => code(images[i * PIXELS], beta));
      return {
        mean: Float32Array.from(each.flatMap(({ mean }) => mean)),
        logvar: Float32Array.from(each.flatMap(({ logvar }) => logvar)),
      };
    },
  };
}

function images(n) {
  const out = new Float32Array(n * PIXELS);
  for (let i = 0; i < n; i++) out[i * PIXELS] = i / 10;
  return out;
}

const check = (codes, network, n, beta, tolerance) => {
  const each = Array.from({ length: n }, (_, i) => network.code(Math.fround(i / 10), beta));
  close(
    codes.mean,
    each.flatMap(({ mean }) => mean),
    tolerance,
    `mean at ${beta}:`,
  );
  close(
    codes.logvar,
    each.flatMap(({ logvar }) => logvar),
    tolerance,
    `logvar at ${beta}:`,
  );
};

test("scaling maps the range of beta to [-1, 1], logarithmically, and back", () => {
  assert.deepEqual(BETA_RANGE.map(scaled), [-1, 1]);
  close([scaled(Math.sqrt(BETA_RANGE[0] * BETA_RANGE[1]))], [0], 1e-12);
  for (const beta of BETAS) close([unscaled(scaled(beta))], [beta], 1e-12);
});

test("the weights sum to 1, reproduce every polynomial below the number of nodes, and pick a node at a node", () => {
  for (const t of [-1, -0.63, -0.1, 0.05, 0.5, 0.999, 1]) {
    const weights = chebyshevWeights(t);
    for (let power = 0; power < NODES; power++)
      close([weights.reduce((sum, w, k) => sum + w * node(k) ** power, 0)], [t ** power], 1e-12, `t^${power} at ${t}:`);
  }
  for (let k = 0; k < NODES; k++)
    assert.deepEqual([...chebyshevWeights(node(k))], [...new Float64Array(NODES).fill(1, k, k + 1)]);
});

test("between the nodes too, codes that are polynomials of log beta are exact; a higher degree is not", async () => {
  const n = 20,
    network = polynomial(NODES - 1),
    interpolator = new CodeInterpolator(network, images(n), n);
  await interpolator.fill(1);
  assert.ok(interpolator.ready);
  for (const beta of BETAS) check(interpolator.codes(beta), network, n, beta, 1e-5);
  assert.ok(
    network.calls.every(({ n: at }) => at <= 16),
    "a few images at a time",
  );
  const beyond = polynomial(NODES + 6),
    rough = new CodeInterpolator(beyond, images(n), n);
  await rough.fill(1);
  assert.throws(() => BETAS.forEach((beta) => check(rough.codes(beta), beyond, n, beta, 1e-5)));
});

test("before it is complete: nothing, then the nearest node; nodes near the weight shown come first", async () => {
  const network = polynomial(2),
    seen = [];
  const interpolator = new CodeInterpolator(network, images(1), 1, () => seen.push(interpolator.codes(3).mean.slice()));
  assert.equal(interpolator.codes(1), null);
  assert.ok(!interpolator.ready);
  await interpolator.fill(3);
  assert.equal(seen.length, NODES);
  const distances = network.calls.map(({ beta }) => Math.abs(scaled(beta) - scaled(3)));
  assert.deepEqual(
    distances,
    [...distances].sort((a, b) => a - b),
  );
  close(seen[0], network.code(0, network.calls[0].beta).mean, 1e-6);
});

test("a network of one weight is encoded once and gives the same codes for every beta", async () => {
  const network = polynomial(3, false),
    interpolator = new CodeInterpolator(network, images(3), 3);
  await interpolator.fill(1);
  assert.equal(network.calls.length, 1);
  for (const beta of BETAS) check(interpolator.codes(beta), network, 3, beta, 1e-6);
});

test("once stopped it encodes no further and calls nobody", async () => {
  const network = polynomial(2);
  let called = 0;
  const interpolator = new CodeInterpolator(network, images(40), 40, () => called++);
  const filling = interpolator.fill(1);
  interpolator.stop();
  await filling;
  assert.equal(network.calls.length, 1);
  assert.equal(called, 0);
});
