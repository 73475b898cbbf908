/* Posterior, divergence, distortion and noise obey their definitions. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GREY_28 } from "../../dashboard/web/image.js";
import { distortion, klPerDim, normals, reparameterise, stddev } from "../../dashboard/web/posterior.js";
import { close, numbers } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

test("sigma is the root of the variance, and 0 for a point", () => {
  const logvar = numbers(20, 1, -8, 4);
  close(
    stddev(logvar, 20).map((s) => 2 * Math.log(s)),
    logvar,
    1e-6,
  );
  assert.deepEqual([...stddev(null, 3)], [0, 0, 0]);
});

test("the divergence is the integral of q log(q / p), and 0 only for the prior itself", () => {
  const density = (z, mean, sigma) => Math.exp(-0.5 * ((z - mean) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
  for (const [mean, logvar] of [
    [0, 0],
    [1.5, 0],
    [0, -2],
    [-0.7, 1],
  ]) {
    const sigma = Math.exp(logvar / 2),
      step = sigma / 200;
    let integral = 0;
    for (let z = mean - 9 * sigma; z < mean + 9 * sigma; z += step) {
      const q = density(z, mean, sigma);
      integral += step * q * Math.log(q / density(z, 0, 1));
    }
    close(klPerDim([mean], [logvar]), [integral], 1e-5);
  }
  const rates = klPerDim([...numbers(50, 2, -3, 3)], [...numbers(50, 3, -5, 2)]);
  assert.ok(rates.every((rate) => rate > 0));
  assert.equal(klPerDim([1], null), null);
});

test("a sample is the mean where the noise is 0, and linear in the noise", () => {
  const [mean, logvar, noise] = [1, 2, 3].map((seed) => numbers(6, seed));
  close(reparameterise(mean, logvar, new Float32Array(6)), mean, 0);
  const once = reparameterise(mean, logvar, noise),
    twice = reparameterise(
      mean,
      logvar,
      noise.map((e) => 2 * e),
    );
  close(
    twice.map((z, i) => z - mean[i]),
    once.map((z, i) => 2 * (z - mean[i])),
    1e-6,
  );
  const point = reparameterise(mean, null, noise);
  close(point, mean, 0);
  assert.notEqual(point, mean);
});

test("Bernoulli distortion is the cross entropy of the probabilities, and stays finite for extreme logits", () => {
  const logits = numbers(PIXELS, 4, -6, 6),
    image = numbers(PIXELS, 5, 0, 1);
  const naive = image.reduce((sum, x, i) => {
    const p = 1 / (1 + Math.exp(-logits[i]));
    return sum - x * Math.log(p) - (1 - x) * Math.log(1 - p);
  }, 0);
  close([distortion(logits, image)], [naive], 1e-5);
  close([distortion(new Float32Array(PIXELS).fill(500), new Float32Array(PIXELS).fill(1))], [0], 1e-12);
  assert.equal(distortion(new Float32Array(PIXELS).fill(500), new Float32Array(PIXELS)), 500 * PIXELS);
});

test("Gaussian distortion is the negative log density, sigma = 0.1", () => {
  const logits = numbers(PIXELS, 6, -3, 3),
    image = numbers(PIXELS, 7, 0, 1);
  const naive = image.reduce((sum, x, i) => {
    const p = 1 / (1 + Math.exp(-logits[i]));
    return sum - Math.log(Math.exp(-((x - p) ** 2) / 0.02) / (0.1 * Math.sqrt(2 * Math.PI)));
  }, 0);
  close([distortion(logits, image, "gaussian")], [naive], 1e-5);
});

test("noise: the same for the same seed, another for another, standard normal in mean, spread and tails", () => {
  const draw = (seed, n) => Array.from({ length: n }, normals(seed));
  assert.deepEqual(draw(3, 5), draw(3, 5));
  assert.notDeepEqual(draw(3, 5), draw(4, 5));
  const n = 100_000,
    values = draw(0, n);
  const moment = (power) => values.reduce((sum, value) => sum + value ** power, 0) / n;
  close([moment(1), moment(2), moment(3), moment(4)], [0, 1, 0, 3], 0.015);
  const beyond = values.filter((value) => Math.abs(value) > 1.96).length / n;
  assert.ok(Math.abs(beyond - 0.05) < 0.003, `${beyond} beyond 1.96`);
  assert.ok(values.every(Number.isFinite));
});
