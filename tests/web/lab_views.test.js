/* The measured curve passes through what was measured; units are ordered by what they carry; classes come once each. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boundsOf } from "../../dashboard/components/beta_lab/plane_drawing.js";
import { byRate, curveAt, difference, figuresAt } from "../../dashboard/components/beta_lab/lab_views.js";
import { firstOfEach } from "../../dashboard/web/tiles.js";
import { close } from "./tools.js";

const ACTIVE = 0.1;
const point = (beta, rates) => ({ beta, rate_per_dim: rates, distortion: 80 + 10 * Math.log(beta) });
const CURVE = [
  point(0.1, [6, 5, 4]),
  point(0.5, [4, 3, 1]),
  point(1, [3, 2, 0.5]),
  point(4, [2, 0.6, 0.02]),
  point(10, [1, 0, 0]),
];

test("at a measured weight the curve is the measurement", () => {
  for (const { beta, rate_per_dim, distortion } of CURVE) {
    const at = curveAt(CURVE, Math.log10(beta), ACTIVE);
    close(at.rate_per_dim, rate_per_dim, 1e-12);
    close([at.distortion], [distortion], 1e-12);
    assert.equal(at.active_units, rate_per_dim.filter((rate) => rate > ACTIVE).length);
  }
});

test("between the weights it is continuous, no rate is negative, and the rates sum to the rate", () => {
  let before = null;
  for (let t = -1; t <= 1; t += 0.005) {
    const at = curveAt(CURVE, t, ACTIVE);
    assert.ok(at.rate_per_dim.every((rate) => rate >= 0));
    close([at.rate], [at.rate_per_dim.reduce((a, b) => a + b)], 1e-12);
    if (before) assert.ok(Math.abs(at.distortion - before.distortion) < 0.5 && Math.abs(at.rate - before.rate) < 0.2);
    before = at;
  }
});

test("where what was measured is a straight line in log beta, so is the curve, at equal steps", () => {
  const steps = [-1, -0.5, 0, 0.5, 1];
  const line = steps.map((t) => ({ beta: 10 ** t, rate_per_dim: [5 - 2 * t], distortion: 90 + 7 * t }));
  for (const t of [-0.4, -0.123, 0.2, 0.499]) {
    const at = curveAt(line, t, ACTIVE);
    close([at.distortion, at.rate], [90 + 7 * t, 5 - 2 * t], 1e-9);
  }
});

test("outside the measured weights the ends are kept", () => {
  close([curveAt(CURVE, -9, ACTIVE).distortion], [CURVE[0].distortion], 1e-12);
  close([curveAt(CURVE, 9, ACTIVE).distortion], [CURVE.at(-1).distortion], 1e-12);
});

test("units are ordered by how long they stay active, each once", () => {
  assert.deepEqual(
    byRate([
      [0.9, 5, 0, 3],
      [0, 2, 0, 0.4],
    ]),
    [1, 3, 0, 2],
  );
  assert.deepEqual(byRate([[0.2, 0.9, 0.5]]), [1, 2, 0]);
});

test("the first image of each class, in the order of the classes, no more than asked for", () => {
  assert.deepEqual(firstOfEach([3, 1, 3, 0, 1, 2], 10), [3, 1, 5, 0]);
  assert.deepEqual(firstOfEach([3, 1, 3, 0, 1, 2], 2), [3, 1]);
});

test("differences carry their sign, except those that are written as 0", () => {
  assert.equal(difference(1.26, 1), "+1.3");
  assert.equal(difference(-1.26, 1), "−1.3");
  assert.equal(difference(-0.01, 1), "0.0");
});

test("a weight's own figures are its trained network's, else those in training, else the nearest network's", () => {
  const [trained, training, nearest] = [CURVE[0], CURVE[1], CURVE[2]].map((at) => ({
    ...at,
    rate: 1,
    active_units: 1,
  }));
  const at = (known) => figuresAt(CURVE, 0, ACTIVE, { trained: null, training: null, nearest: null, ...known });
  assert.deepEqual([at({ trained, training }).own, at({ trained, training }).live], [trained, false]);
  assert.deepEqual([at({ training, nearest }).own, at({ training, nearest }).live], [training, true]);
  assert.deepEqual([at({ nearest }).own, at({}).own, at({ nearest }).live], [nearest, null, false]);
  close([at({}).predicted.distortion], [80], 1e-12);
  assert.equal(figuresAt([], 0, ACTIVE, { trained, training: null, nearest: null }).predicted, null);
});

test("the plane has room for all points and for the AE's level, and is no line where there is one point", () => {
  const points = [
      { rate: 20, distortion: 90 },
      { rate: 5, distortion: 130 },
    ],
    { right, low, high } = boundsOf(points, 80);
  assert.ok(right > 20 && low < 80 && high > 130);
  const single = boundsOf([{ rate: 1, distortion: 100 }], null);
  assert.ok(single.right >= 12 && single.high - single.low >= 30);
});
