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

test("a movement is reported when it rests, a single step at once, and nothing after the view has gone", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {any[]} */
  const told = [];
  const shared = new SharedSettings((message) => told.push(message?.values.noise));
  shared.receive(START);
  assert.equal(shared.change({ noise: 0 }, false), false, "nothing is different");
  for (const noise of [1, 2, 3]) {
    assert.equal(shared.change({ noise }, false), true);
    t.mock.timers.tick(200);
  }
  assert.deepEqual([shared.moving, told], [true, []]);
  t.mock.timers.tick(200);
  assert.deepEqual([shared.moving, told], [false, [3]]);
  shared.change({ noise: 4 }, true);
  assert.equal(shared.moving, false);
  t.mock.timers.tick(0);
  assert.deepEqual(told, [3, 4]);
  shared.change({ noise: 5 }, true);
  shared.stop();
  t.mock.timers.tick(1000);
  assert.deepEqual(told, [3, 4]);
});
