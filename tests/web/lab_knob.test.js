/* The knob of the KL-weight lab: trained weights are its stops, and it says when it has come to rest. */

import assert from "node:assert/strict";
import test, { mock } from "node:test";

import { Knob } from "../../dashboard/components/beta_lab/knob.js";
import { nearestTo, nextFrom, ticksOf, within } from "../../dashboard/components/beta_lab/trained_weights.js";

const RUNS = [0.1, 0.5, 1, 1.5, 2, 10].map((beta) => ({ beta }));

/** A knob with a record of what it says. */
function knob() {
  const slide = /** @type {any} */ ({}),
    said = [];
  const made = new Knob(
    slide,
    (stop) => said.push(["moved", stop?.beta]),
    (message) => said.push(["rested", message?.beta]),
  );
  made.trained = /** @type {any} */ (RUNS);
  made.receive({ beta: 1, sequence: 0 });
  return { made, slide, said };
}

test("near a stop the finger is held by it, elsewhere it is not", () => {
  const { made, slide, said } = knob();
  slide.value = String(Math.log10(2) + 0.01);
  slide.oninput();
  assert.equal(made.beta, 2);
  slide.value = String(Math.log10(3));
  slide.oninput();
  assert.equal(made.beta, 3);
  assert.deepEqual(said, [
    ["moved", 2],
    ["moved", undefined],
  ]);
  made.stop();
});

test("the page hears of a weight when the finger lets go, or does not move for a while and is gone", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { made, slide, said } = knob();
  slide.onpointerdown();
  slide.value = "0.4";
  slide.oninput();
  mock.timers.tick(5000);
  assert.deepEqual(said.pop(), ["rested", undefined], "held: at rest, but nothing is reported");
  assert.ok(made.resting);
  slide.onchange();
  assert.deepEqual(said.pop(), ["rested", made.beta]);
  mock.timers.tick(5000);
  assert.equal(said.length, 1, "one message");
});

test("keys step, jump between stops and go to the ends, and report after a pause", (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const { made, said } = knob();
  const press = (key, shiftKey = false) => made.key(/** @type {any} */ ({ key, shiftKey, preventDefault() {} }));
  press("ArrowRight");
  assert.ok(Math.abs(made.t - 0.01) < 1e-12);
  press("ArrowRight", true);
  assert.ok(Math.abs(made.t - 0.06) < 1e-12);
  press("PageUp");
  assert.equal(made.beta, 1.5);
  press("PageDown");
  assert.equal(made.beta, 1);
  press("End");
  assert.equal(made.beta, 10);
  press("Home");
  assert.equal(made.beta, 0.1);
  assert.ok(said.every(([what]) => what === "moved"));
  mock.timers.tick(700);
  assert.deepEqual(said.pop(), ["rested", 0.1]);
});

test("stops: within reach, the nearest, the next", () => {
  assert.equal(within(RUNS, 0.005, 0.01)?.beta, 1);
  assert.equal(within(RUNS, 0.05, 0.01), undefined);
  assert.equal(nearestTo(RUNS, Math.log10(4))?.beta, 2);
  assert.equal(nearestTo([], 0), undefined);
  assert.equal(nextFrom(RUNS, 1, 1), 1, "nothing above the last");
});

test("every stop has a tick; names do not overlap, and short ones win", () => {
  const runs = /** @type {any} */ (RUNS);
  const wide = ticksOf(runs, 2000);
  assert.deepEqual(
    wide.map(({ name }) => name),
    ["0.1", "0.5", "1", "1.5", "2", "10"],
  );
  assert.deepEqual([wide[0].share, wide[2].share, wide[5].share], [0, 0.5, 1]);
  const narrow = ticksOf(runs, 300);
  assert.equal(narrow.length, 6);
  assert.equal(narrow[3].name, "", "1.5 lies between 1 and 2, which are shorter");
  assert.ok(narrow[2].name && narrow[4].name);
});
