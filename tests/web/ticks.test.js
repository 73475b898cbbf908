/* Ticks: round numbers at equal steps within the range, about as many as asked for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { multiples, roundStep, ticks } from "../../dashboard/web/ticks.js";
import { uniform } from "./tools.js";

test("ticks are multiples of 1, 2 or 5 times a power of ten, equally spaced, as many as asked for", () => {
  const next = uniform(1);
  for (let round = 0; round < 500; round++) {
    const span = 10 ** (4 * next()),
      low = 1000 * span * next(),
      high = low + span,
      count = 2 + Math.round(4 * (next() + 1));
    const found = ticks(low, high, count);
    assert.ok(
      found.length >= Math.floor(count / 2.5) && found.length <= count + 1,
      `${found.length} ticks for ${count} of [${low}, ${high}]`,
    );
    const slack = 1e-6 * (high - low);
    assert.ok(found.every((tick) => tick >= low - slack && tick <= high + slack));
    if (found.length < 2) continue;
    const step = found[1] - found[0];
    for (let i = 1; i < found.length; i++) assert.ok(Math.abs(found[i] - found[i - 1] - step) < 1e-6 * step);
    const digit = step / 10 ** Math.floor(Math.log10(step) + 1e-6);
    assert.ok(
      [1, 2, 5, 10].some((round) => Math.abs(digit - round) < 1e-4),
      `a step of ${step}`,
    );
    assert.ok(found[0] - low < step * 1.001 && high - found.at(-1) < step * 1.001, "none is missing at the ends");
  }
});

test("a step is the smallest round one that suffices, or that nearly does", () => {
  assert.deepEqual([0.9, 1, 1.0005, 1.1, 2.4, 6, 0].map(roundStep), [1, 1, 1, 2, 5, 10, 1]);
  for (const most of [0.03, 0.9, 1, 3.7, 8, 11, 250, 1e4]) {
    const found = multiples(0, most, roundStep(most / 4));
    assert.ok(found.length >= 2 && found.length <= 5 && found[0] === 0, `${most}: ${found}`);
  }
});

test("ends that are multiples are included, below 0 too", () => {
  assert.deepEqual(multiples(-0.2, 0.3, 0.1), [-0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  assert.deepEqual(multiples(0.01, 0.09, 0.1), []);
});
