/* Axes: their ranges, shares, ticks and formats, which are d3's. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Axis, formatted } from "../../dashboard/components/chart/chart_axes.js";
import { close, uniform } from "./tools.js";

test("an axis of numbers leaves room on both sides; one of bars starts at 0", () => {
  const axis = new Axis({}, [10, 30]);
  close(axis.range, [8.8, 31.2], 1e-12);
  assert.deepEqual(new Axis({}, [10, 30], { zero: true }).range[0], 0);
  assert.deepEqual(new Axis({ rangemode: "tozero" }, [-30, -10]).range[1], 0);
  assert.deepEqual(new Axis({ range: [0, 7] }, [10, 30]).range, [0, 7]);
  for (const values of [[], [5], [0], [NaN, Infinity]]) {
    const { range } = new Axis({}, values);
    assert.ok(range[0] < range[1] && range.every(Number.isFinite), `range ${range} of ${values}`);
  }
});

test("shares run from 0 to 1 over the range, in equal ratios on a logarithmic axis", () => {
  const linear = new Axis({ range: [-2, 6] }, []);
  close(
    [-2, 0, 6].map((value) => linear.share(value)),
    [0, 0.25, 1],
    1e-12,
  );
  const log = new Axis({ type: "log" }, [0.1, 10]);
  close([log.share(1)], [0.5], 1e-12);
  close([log.share(10) - log.share(1)], [log.share(1) - log.share(0.1)], 1e-12);
  assert.deepEqual(
    log.ticks(5).map(({ text }) => text),
    ["0.1", "1", "10"],
  );
});

test("names stand in the middle of equal places, in the order they come in", () => {
  const axis = new Axis({}, ["b", "a", "b", "c"]);
  assert.deepEqual(
    axis.ticks(2).map(({ text }) => text),
    ["b", "a", "c"],
  );
  close(
    ["b", "a", "c"].map((name) => axis.share(name)),
    [1 / 6, 1 / 2, 5 / 6],
    1e-12,
  );
});

test("every written tick lies on the axis, where its number says", () => {
  const next = uniform(2);
  for (let round = 0; round < 100; round++) {
    const axis = new Axis({}, [100 * next(), 100 * next(), 100 * next()]);
    const ticks = axis.ticks(5);
    assert.ok(ticks.length >= 2);
    for (const { share, text } of ticks) {
      assert.ok(share > -1e-5 && share < 1 + 1e-5);
      close([axis.range[0] + share * (axis.range[1] - axis.range[0])], [Number(text)], 1e-5);
    }
  }
});

test("ticks and texts that the figure names are taken as they are; those outside the range are left out", () => {
  const axis = new Axis({ range: [0, 10], tickvals: [0, 5, 20], ticktext: ["none", "half", "beyond"] }, []);
  assert.deepEqual(axis.ticks(9), [
    { share: 0, text: "none" },
    { share: 0.5, text: "half" },
  ]);
  assert.deepEqual(
    new Axis({ range: [0, 1], dtick: 0.25, tickformat: ".0%" }, []).ticks(9).map(({ text }) => text),
    ["0%", "25%", "50%", "75%", "100%"],
  );
});

test("numbers are written as their pattern says", () => {
  assert.equal(formatted(0.12345, ".2f"), "0.12");
  assert.equal(formatted(0.256, ".0%"), "26%");
  assert.equal(formatted(0.1 + 0.2), "0.3");
  assert.equal(formatted(1234567, "g"), "1234570");
  assert.equal(formatted("VAE", ".2f"), "VAE");
  assert.equal(formatted(null), "");
});
