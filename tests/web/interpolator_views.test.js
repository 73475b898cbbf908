/* What the interpolator shows of a path: names and colours, places on a strip, distances to real images, charts. */

import assert from "node:assert/strict";
import test from "node:test";

import { stylesOf } from "../../dashboard/components/interpolator/method_styles.js";
import { METHODS } from "../../dashboard/components/interpolator/path.js";
import { inWords, linesOf, stepsAlong } from "../../dashboard/components/interpolator/path_charts.js";
import { PathDistances } from "../../dashboard/components/interpolator/path_distances.js";
import { placeOn, positionAt } from "../../dashboard/components/interpolator/path_pictures.js";
import { close } from "./tools.js";

const DATA = {
  left: { title: "", short: "AE", color: "#a00", color_dark: "#f00", weights: "" },
  right: { title: "", short: "VAE", color: "#00a", color_dark: "#00f", weights: "" },
};
const STYLES = stylesOf(DATA, { dark: false, muted: "#777" });

test("each method has its colour of the page, and only the cross-fade is dashed", () => {
  assert.deepEqual(
    METHODS.map((method) => STYLES[method].color),
    ["#a00", "#00a", "#777"],
  );
  const dark = stylesOf(DATA, { dark: true, muted: "#999" });
  assert.deepEqual(
    METHODS.map((method) => [dark[method].color, dark[method].dashed]),
    [
      ["#f00", false],
      ["#00f", false],
      ["#999", true],
    ],
  );
  assert.match(STYLES.left.ink, /#a00/);
  assert.equal(STYLES.right.heading, "VAE, decoded");
});

test("a strip's frames begin and end half a frame from its edges, and both ways agree", () => {
  const places = [0, 0.25, 0.5, 1].map((at) => placeOn(at, 5));
  close(places, [0.1, 0.3, 0.5, 0.9]);
  assert.deepEqual(
    places.map((place) => positionAt(place, 5)),
    [0, 0.25, 0.5, 1],
  );
  assert.deepEqual([positionAt(-3, 5), positionAt(0, 5), positionAt(1, 5), positionAt(2, 5)], [0, 0, 1, 1]);
});

/** A path of two frames of one pixel each. */
const PATH = {
  networks: /** @type {any} */ ({}),
  version: 3,
  count: 2,
  frames: { left: Float32Array.of(1, 2), right: Float32Array.of(3, 5), pixels: Float32Array.of(5, 6) },
};
/** The only real image is black. */
const nearest = { distances: (/** @type {Float32Array} */ images, /** @type {number} */ m) => [...images].slice(0, m) };

test("the frames are measured one method at a time, and again for another path", () => {
  const distances = new PathDistances();
  assert.ok(distances.step(PATH, nearest) && distances.step(PATH, nearest) && !distances.complete(3));
  assert.equal(distances.step(PATH, nearest), false);
  assert.ok(distances.complete(3) && !distances.complete(4));
  assert.deepEqual(distances.at(1), { left: 2, right: 5, pixels: 6 });
  assert.equal(distances.step(PATH, nearest), false, "nothing remains");
  assert.equal(distances.step({ ...PATH, version: 4 }, nearest), true);
  assert.deepEqual(distances.values, { left: [1, 2], right: [], pixels: [] });
});

test("a path without networks is not measured", () => {
  const distances = new PathDistances();
  assert.equal(distances.step({ ...PATH, networks: null }, nearest), false);
  assert.equal(distances.complete(3), false);
});

test("a chart has a line for each method that has values, and says the same in words", () => {
  const { values, at } = stepsAlong({ frames: { left: PATH.frames.left, pixels: PATH.frames.pixels }, count: 2 });
  assert.deepEqual(values, { left: [1], pixels: [1] });
  close(at, [0.5]);
  assert.deepEqual(linesOf(values, at, STYLES), [
    { values: [1], at, color: "#a00", dashed: false },
    { values: [1], at, color: "#777", dashed: true },
  ]);
  assert.equal(inWords({ left: [1, 2.25], pixels: [3] }, STYLES), "AE 1.0, 2.3; cross-fade 3.0");
  assert.equal(inWords({}, STYLES), "");
});
