/* The strips of the traversal: one latent number at a time. */

import assert from "node:assert/strict";
import test from "node:test";

import { stripCodes } from "../../dashboard/components/traverse/traverse.js";

test("a strip goes from one end of a number's range to the other, the other numbers staying as they are", () => {
  const codes = stripCodes(Float32Array.of(5, 6), [
    { j: 1, low: -3, high: 3 },
    { j: 0, low: 0, high: 6 },
  ]);
  assert.deepEqual(
    Array.from({ length: 7 }, (_, s) => [...codes.subarray(2 * s, 2 * s + 2)]),
    [-3, -2, -1, 0, 1, 2, 3].map((value) => [5, value]),
  );
  assert.deepEqual(
    Array.from({ length: 7 }, (_, s) => [...codes.subarray(14 + 2 * s, 16 + 2 * s)]),
    [0, 1, 2, 3, 4, 5, 6].map((value) => [value, 6]),
  );
});
