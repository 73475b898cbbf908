/* Which points of the linked maps are shown, how they move, and what selecting and isolating mean. */

import assert from "node:assert/strict";
import test from "node:test";

import {
  apart,
  between,
  encloses,
  format,
  isolate,
  levelColors,
  levelOf,
  meanOf,
  nearest,
  onRamp,
  shownOf,
} from "../../dashboard/components/maps/map_points.js";
import { colouringOf, paletteOf, placesIn, stateFor } from "../../dashboard/components/maps/maps_state.js";
import { tilePlace } from "../../dashboard/web/sprites.js";
import { numbers } from "./tools.js";

test("pictures in place of points do not overlap, are as many as fit, and more at a larger scale", () => {
  const points = numbers(600, 7),
    level = new Uint8Array(300).fill(1),
    size = 28;
  let before = 0;
  for (const scale of [40, 100, 400, 4000]) {
    const found = apart(points, scale, size, level);
    /** @type {(i: number, j: number) => boolean} */
    const overlap = (i, j) => [0, 1].every((a) => Math.abs(points[2 * i + a] - points[2 * j + a]) * scale < size);
    for (const i of found) for (const j of found) assert.ok(i === j || !overlap(i, j));
    for (let i = 0; i < 300; i++) assert.ok(found.includes(i) || found.some((j) => overlap(i, j)), "there was no room");
    assert.ok(found.length >= before);
    before = found.length;
  }
  assert.ok(before > 280);
  level.fill(0, 0, 299);
  assert.deepEqual(apart(points, 1, size, level), [299], "only those that are shown");
});

test("isolated classes are shown alone; without any, all are", () => {
  assert.deepEqual([...shownOf([0, 1, 2, 1], [])], [1, 1, 1, 1]);
  assert.deepEqual([...shownOf([0, 1, 2, 1], [1, 2])], [0, 1, 1, 1]);
});

test("a selection stands out among those shown, and adds none", () => {
  const shown = Uint8Array.from([1, 0, 1]);
  assert.equal(levelOf(shown, []), shown);
  assert.deepEqual([...levelOf(shown, [1, 2])], [0, 0, 1]);
});

test("a press isolates a class, a second shows all again; with Shift classes are added and removed", () => {
  assert.deepEqual(isolate([], 3, false), [3]);
  assert.deepEqual(isolate([3], 3, false), []);
  assert.deepEqual(isolate([3, 4], 3, false), [3]);
  assert.deepEqual(isolate([3], 4, true), [3, 4]);
  assert.deepEqual(isolate([3, 4], 3, true), [4]);
});

test("values fill the ramp between low and high, and stay on it; a single value has a place too", () => {
  assert.deepEqual([...onRamp([0, 5, 10, -3, 99], 0, 10)], [0, 32, 63, 0, 63]);
  assert.deepEqual([...onRamp([7], 7, 7)], [0]);
});

test("points begin and end where they should, and are half way in the middle", () => {
  const from = Float32Array.from([0, 0]),
    to = Float32Array.from([2, 4]);
  assert.deepEqual([...between(from, to, 0)], [0, 0]);
  assert.deepEqual([...between(from, to, 0.5)], [1, 2]);
  assert.equal(between(from, to, 1), to);
  assert.equal(between(new Float32Array(4), to, 0.5), to, "other images do not glide");
});

test("nearest codes are nearest in all numbers, without the code itself", () => {
  assert.deepEqual(nearest([0, 0, 3, 0, 0, 1, 2, 2], 2, 0, 2), [2, 3]);
});

test("only what is wide and high enough selects", () => {
  assert.ok(
    encloses([
      [0, 0],
      [9, 0],
      [9, 9],
    ]),
  );
  assert.ok(
    !encloses([
      [0, 0],
      [9, 1],
    ]),
  );
  assert.ok(!encloses([[5, 5]]));
});

test("sprites are rows of fifty tiles; figures have about three digits", () => {
  assert.deepEqual(
    [tilePlace(0, 28), tilePlace(51, 28), tilePlace(102, 32)],
    [
      [0, 0, 28, 28],
      [28, 28, 28, 28],
      [64, 64, 32, 32],
    ],
  );
  assert.deepEqual([123.4, 12.34, 1.234, 0.1234, 0.01234, NaN, undefined].map(format), [
    "123",
    "12.3",
    "1.23",
    "0.123",
    "0.0123",
    "n/a",
    "n/a",
  ]);
  assert.equal(meanOf([1, 2, 6], [0, 2]), 3.5);
});

test("levels of a factor have their own colours, or lie evenly on the ramp", () => {
  const ramp = (/** @type {number} */ share) => String(share);
  assert.deepEqual(levelColors({ levels: ["a", "b", "c"], colors: [] }, ramp), ["0", "0.5", "1"]);
  assert.deepEqual(levelColors({ levels: ["a", "b"], colors: ["red", "blue"] }, ramp), ["red", "blue"]);
  assert.deepEqual(levelColors({ levels: ["a"], colors: [] }, ramp), ["0"]);
});

test("what was set up stays with the images it is about, and with colourings that exist", () => {
  const data = { key: "k", sprite: "a", start: 3, colourings: [/** @type {any} */ ({ id: "error" })] },
    kept = new Map();
  const first = stateFor(kept, data);
  assert.equal(first.current, 3);
  first.colour = "error";
  assert.equal(stateFor(kept, data), first);
  assert.equal(stateFor(kept, { ...data, colourings: [] }).colour, "class");
  assert.notEqual(stateFor(kept, { ...data, sprite: "b" }), first);
  assert.notEqual(stateFor(kept, { ...data, key: "other", sprite: "b" }), kept.get("k"));
});

test("points are coloured by class, by a factor's levels, or by a value on the ramp", () => {
  const labels = [1, 0, 1],
    at = (/** @type {number} */ share) => `at ${share}`;
  const values = /** @type {any} */ ({ id: "error", label: "error", low: 0, high: 2, levels: [] }),
    factor = /** @type {any} */ ({ id: "scale", label: "scale", levels: ["small", "large"], colors: [] });
  const byClass = colouringOf([values, factor], "nothing");
  assert.deepEqual(paletteOf(byClass, ["red", "blue"], ["dark"], at), ["red", "blue"]);
  assert.equal(placesIn(byClass, undefined, labels), labels);
  assert.deepEqual(paletteOf(colouringOf([values], "error"), ["red"], ["dark", "bright"], at), ["dark", "bright"]);
  assert.deepEqual([...placesIn(values, [0, 1, 2], labels)], [0, 32, 63]);
  assert.deepEqual(paletteOf(factor, ["red"], ["dark"], at), ["at 0", "at 1"]);
  assert.deepEqual(placesIn(factor, [1, 0, 1], labels), [1, 0, 1]);
});
