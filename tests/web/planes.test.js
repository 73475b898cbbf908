/* The latent planes: the picture grid's quantiles, the measured maps and what is concluded from them. */

import assert from "node:assert/strict";
import test from "node:test";

import {
  CELLS,
  areaOf,
  centreOf,
  holes,
  measurePlane,
  measureReal,
  scaleOf,
} from "../../dashboard/components/planes/measured.js";
import { fromGrid, gridCodes, onGrid } from "../../dashboard/components/planes/plane.js";
import { normalCdf, normalQuantile } from "../../dashboard/components/planes/quantiles.js";
import { GREY_28 } from "../../dashboard/web/image.js";
import { work } from "../../dashboard/web/slices.js";
import { close } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

/** What a generator returns. */
function result(generator) {
  for (;;) {
    const { value, done } = generator.next();
    if (done) return value;
  }
}

test("the normal distribution function has its known values, and the quantile inverts it", () => {
  close([normalCdf(0), normalCdf(1), normalCdf(-1.959964)], [0.5, 0.8413447, 0.025], 1e-6);
  for (const u of [0.001, 0.2, 0.5, 0.77, 0.999]) close([normalCdf(normalQuantile(u))], [u], 1e-9);
});

test("places of the picture grid and codes are inverse to each other", () => {
  /** @type {[number, number][]} */
  const axes = [
    [1, 2],
    [-3, 0.5],
  ];
  close(onGrid(fromGrid([0.3, 0.9], axes), axes), [0.3, 0.9], 1e-9);
  const codes = gridCodes(axes);
  assert.ok(codes[0] < 1 && codes[1] > -3, "the first tile is at the top left");
  close(codes.slice(codes.length / 2 - 1, codes.length / 2 + 1), [1, -3], 1e-6); // the tile in the middle is the mean
});

test("cells cover the area row by row from the top", () => {
  const area = areaOf([-10, -20, 10, 20]);
  assert.deepEqual(area, { x0: -11, y0: -22, width: 22, height: 44 });
  const [x, y] = centreOf(area, 0),
    [right, bottom] = centreOf(area, CELLS * CELLS - 1);
  assert.ok(x < right && y > bottom);
  close([x + right, y + bottom], [0, 0], 1e-9);
});

test("every cell gets the likeness and the class of what is decoded at its centre", () => {
  const network = {
    decodeImage: (z, n) => Float32Array.from({ length: n * PIXELS }, (_, p) => z[2 * Math.floor(p / PIXELS)]),
  };
  const nearest = {
    find: (images, m) => Array.from({ length: m }, (_, k) => ({ index: 5, likeness: images[k * PIXELS] })),
  };
  const area = { x0: 0, y0: 0, width: CELLS, height: 1 };
  const found = result(
    measurePlane(/** @type {any} */ (network), nearest, area, (images, offset, similar) => images[offset] + similar),
  );
  assert.deepEqual([...found.likeness.slice(0, 3)], [0.5, 1.5, 2.5]);
  assert.deepEqual([...found.named.slice(CELLS, CELLS + 3)], [5, 6, 7]);
});

test("the baseline: the median likeness of real images and what 95 % exceed; none is compared with itself", () => {
  const asked = [];
  const nearest = {
    find: (images, m, own) => {
      asked.push(...own);
      return Array.from({ length: m }, (_, k) => ({ index: 0, likeness: images[k * PIXELS] }));
    },
  };
  const images = new Float32Array(100 * PIXELS);
  for (let i = 0; i < 100; i++) images[i * PIXELS] = (99 - i) / 100;
  const { typical, least } = result(measureReal(nearest, images, 100));
  close([typical, least], [0.5, 0.05], 1e-6);
  assert.deepEqual(asked, [...Array(100).keys()]);
});

test("holes are weighted by the prior", () => {
  const cells = { x0: -4, y0: -4, width: 8, height: 8 },
    likeness = new Float32Array(CELLS * CELLS).fill(1);
  assert.equal(holes(/** @type {any} */ ({ cells, likeness }), 0.5), 0);
  for (let i = 0; i < CELLS * CELLS; i++) if (centreOf(cells, i)[0] < 0) likeness[i] = 0;
  close([holes(/** @type {any} */ ({ cells, likeness }), 0.5)], [50], 1e-6);
  for (let i = 0; i < CELLS * CELLS; i++)
    if (centreOf(cells, i)[0] < 0) likeness[i] = centreOf(cells, i)[0] < -3 ? 0 : 1;
  assert.ok(holes(/** @type {any} */ ({ cells, likeness }), 0.5) < 1, "an eighth of the area, far from the centre");
});

test("one scale for several maps leaves out the extremes; without maps it is 0 to 1", () => {
  assert.deepEqual(scaleOf([[], []]), { low: 0, high: 1 });
  const values = Array.from({ length: 101 }, (_, i) => i);
  assert.deepEqual(scaleOf([values.slice(50), values.slice(0, 50)]), { low: 2, high: 98 });
});

test("jobs are worked off in order; the share is that of the one that is left", () => {
  const done = [];
  function* job(name) {
    yield 0.25;
    done.push(name);
  }
  const jobs = [job("a"), job("b")];
  assert.equal(work(jobs, 10_000), 0);
  assert.deepEqual([done, jobs.length], [["a", "b"], 0]);
  const left = [job("c")];
  assert.equal(work(left, 0), 0, "no time, no work");
  assert.equal(left.length, 1);
});
