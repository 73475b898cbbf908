/* Settings that a component shares with the page: the other half of tests/dashboard/test_shared_settings.py. */

import assert from "node:assert/strict";
import test from "node:test";

import { SharedSettings } from "../../dashboard/web/settings.js";

const START = { values: { noise: 0, source: "prior" }, sequence: 1 };

test("the page's first settings and those of a followed link are adopted, the same number again is not", () => {
  const shared = new SharedSettings();
  assert.equal(shared.receive(START), true);
  shared.set({ noise: 5 });
  assert.equal(shared.receive(START), false);
  assert.equal(shared.values.noise, 5, "an answer that was on its way does not move the controls back");
  assert.equal(shared.receive({ values: { noise: 9, source: "mixture" }, sequence: 2 }), true);
  assert.deepEqual(shared.values, { noise: 9, source: "mixture" });
});

test("what rests is reported once, whole, with the page's number", () => {
  const shared = new SharedSettings();
  shared.receive(START);
  assert.equal(shared.rest(), null, "nothing has changed");
  assert.equal(shared.set({ noise: 0 }), false);
  assert.equal(shared.set({ noise: 3 }), true);
  assert.deepEqual(shared.rest(), { values: { noise: 3, source: "prior" }, sequence: 1 });
  assert.equal(shared.rest(), null, "the page has it");
});

test("moved and back again is no news", () => {
  const shared = new SharedSettings();
  shared.receive(START);
  shared.set({ noise: 3 });
  shared.set({ noise: 0 });
  assert.equal(shared.rest(), null);
});
