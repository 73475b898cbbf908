/* Keys: arrows in the plane, deleting, and the keys of a slider. */

import assert from "node:assert/strict";
import test from "node:test";

import { arrow, clears, slideTo } from "../../dashboard/web/keys.js";

test("arrows point right and down on the screen; other keys point nowhere", () => {
  assert.deepEqual(arrow({ key: "ArrowUp" }), [0, -1]);
  assert.deepEqual(arrow({ key: "ArrowRight" }), [1, 0]);
  for (const key of ["Enter", "constructor", "toString"]) assert.equal(arrow({ key }), undefined);
});

test("a slider's keys go one step, one page or to an end, upwards and downwards", () => {
  const to = (key) => slideTo({ key }, { step: (way) => way, page: (way) => 10 * way, end: (way) => 100 * way });
  for (const [key, value] of Object.entries({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }))
    assert.equal(to(key), value, key);
  assert.deepEqual([to("PageUp"), to("PageDown"), to("Home"), to("End")], [10, -10, -100, 100]);
  for (const key of ["Enter", " ", "constructor"]) assert.equal(to(key), undefined);
});

test("a key that leads to 0 counts as one that moves the slider", () => {
  const zero = () => 0;
  assert.equal(slideTo({ key: "Home" }, { step: zero, page: zero, end: zero }), 0);
});

test("Delete and Backspace clear, other keys do not", () => {
  assert.deepEqual(
    ["Delete", "Backspace", "Escape", "d"].map((key) => clears({ key })),
    [true, true, false, false],
  );
});
