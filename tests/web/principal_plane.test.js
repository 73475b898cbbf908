/* The plane in which codes vary most: against known directions, steady from one moment to the next. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { normals } from "../../dashboard/web/posterior.js";
import { inPlane, principalPlane } from "../../dashboard/web/principal_plane.js";

/** Codes whose units have these standard deviations. @param {number[]} deviations */
function codesOf(deviations, n = 400, seed = 3) {
  const draw = normals(seed);
  return Float32Array.from({ length: n * deviations.length }, (_, i) => draw() * deviations[i % deviations.length] + 5);
}

test("with two units the plane is the latent space itself, and with one its line", () => {
  assert.deepEqual(inPlane([1, 2, 3, 4], 2, principalPlane([1, 2, 3, 4], 2, null)), Float32Array.of(1, 2, 3, 4));
  assert.deepEqual(inPlane([1, 3], 1, principalPlane([1, 3], 1, null)), Float32Array.of(1, 0, 3, 0));
});

test("it is spanned by the units that vary most, is orthonormal, and its origin is the mean", () => {
  const codes = codesOf([0.3, 4, 0.2, 2, 0.1]),
    { basis } = principalPlane(codes, 5, null);
  assert.ok(Math.abs(basis[0][1]) > 0.99 && Math.abs(basis[1][3]) > 0.99);
  const dot = (/** @type {Float64Array} */ a, /** @type {Float64Array} */ b) => a.reduce((s, v, j) => s + v * b[j], 0);
  assert.ok(Math.abs(dot(basis[0], basis[0]) - 1) < 1e-9 && Math.abs(dot(basis[0], basis[1])) < 1e-9);
  const places = inPlane(codes, 5, principalPlane(codes, 5, null));
  const mean = places.reduce((s, v) => s + v, 0) / places.length;
  assert.ok(Math.abs(mean) < 1e-4);
});

test("a moment later it has not turned over", () => {
  const first = principalPlane(codesOf([0.3, 4, 0.2, 2]), 4, null),
    flipped = { ...first, basis: first.basis.map((axis) => axis.map((v) => -v)) };
  for (const before of [first, flipped]) {
    const after = principalPlane(codesOf([0.3, 4.1, 0.2, 2.1], 400, 4), 4, before);
    for (const a of [0, 1]) assert.ok(after.basis[a].reduce((s, v, j) => s + v * before.basis[a][j], 0) > 0.95);
  }
});

test("where all codes are alike any plane will do, and nothing is NaN", () => {
  const codes = new Float32Array(12).fill(2),
    places = inPlane(codes, 3, principalPlane(codes, 3, null));
  assert.deepEqual([...places], new Array(8).fill(0));
});
