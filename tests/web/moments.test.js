/* Means and spreads agree with their definitions. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { moments, rootMeanSquare } from "../../dashboard/web/moments.js";
import { close, numbers } from "./tools.js";

test("each column's mean and standard deviation, with n and with n - 1", () => {
  const [n, columns] = [50, 3];
  const values = numbers(n * columns, 1, -2, 5);
  for (let j = 0; j < columns; j++) {
    const column = Array.from({ length: n }, (_, i) => values[i * columns + j]);
    const mean = column.reduce((sum, value) => sum + value) / n;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
    const found = moments(values, columns, j);
    close([found.mean, found.deviation], [mean, Math.sqrt(variance)], 1e-12);
    close([moments(values, columns, j, 1).deviation], [Math.sqrt((variance * n) / (n - 1))], 1e-12);
  }
});

test("shifting moves the mean alone; scaling scales both", () => {
  const values = numbers(40, 2);
  const { mean, deviation } = moments(values, 1, 0);
  const changed = moments(
    Float64Array.from(values, (value) => 3 * value + 7),
    1,
    0,
  );
  close([changed.mean, changed.deviation], [3 * mean + 7, 3 * deviation], 1e-12);
  assert.equal(moments([4, 4, 4], 1, 0).deviation, 0);
});

test("the root mean square of differences", () => {
  close([rootMeanSquare([1, 2, 3, 4], [1, 2, 3, 8]), rootMeanSquare([5], [5])], [2, 0]);
});
