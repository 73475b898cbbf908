/* The walkthrough's keys, its clock, and when it goes on automatically. */

import assert from "node:assert/strict";
import test from "node:test";

import { goesOn } from "../../dashboard/components/presenter/autoplay.js";
import { clockText } from "../../dashboard/components/presenter/notes_window.js";
import { meaningOf } from "../../dashboard/components/presenter/presenter_keys.js";

const DATA = { present: true, choices: ["point", "cloud"], revealed: false };
const press = (key, more = {}, data = {}, covered = false) =>
  meaningOf(
    { key, early: false, used: false, inField: false, onControl: false, ...more },
    { ...DATA, ...data },
    covered,
  );

test("a clicker's keys always go while presenting, before the page has them; nothing else does", () => {
  assert.equal(press("PageDown", { early: true, used: true }), "next");
  assert.equal(press("PageUp", { early: true }), "back");
  assert.equal(press("ArrowRight", { early: true }), null);
  assert.equal(press("PageDown", { early: true }, { present: false }), null);
  assert.equal(press("PageDown"), null, "it has gone already");
});

test("a key that the page has used, or that belongs to a field, is left alone", () => {
  assert.equal(press("ArrowRight"), "next");
  assert.equal(press("ArrowRight", { used: true }), null);
  assert.equal(press("ArrowRight", { inField: true }), null);
  assert.equal(press("b", { used: true }), null);
  assert.equal(press(" ", { onControl: true }), null);
});

test("outside presenter mode only the arrows and the ends go", () => {
  for (const [key, what] of [
    ["ArrowLeft", "back"],
    ["Home", "first"],
    ["End", "last"],
  ])
    assert.equal(press(key, {}, { present: false }), what);
  for (const key of [" ", "Escape", "1", "b", "q"]) assert.equal(press(key, {}, { present: false }), null);
});

test("Escape uncovers a covered screen first", () => {
  assert.equal(press("Escape", {}, {}, true), "uncover");
  assert.equal(press("Escape"), "leave");
});

test("digits choose until the answer is shown; letters in either case", () => {
  assert.equal(press("2"), "choice:cloud");
  assert.equal(press("3"), null);
  assert.equal(press("2", {}, { revealed: true }), null);
  assert.deepEqual(
    ["B", ".", "n", "A", "f", "Q"].map((key) => press(key)),
    ["blank", "blank", "notes", "auto", "full", "link"],
  );
});

test("a scene stays for its time, its answer a little shorter, and neither while the page is out of sight", () => {
  const scene = { seconds: 10, revealed: false },
    now = { shown: 9, idle: 100, hidden: false };
  assert.ok(!goesOn(scene, now) && goesOn({ ...scene, revealed: true }, now));
  assert.ok(goesOn(scene, { ...now, shown: 10 }) && !goesOn(scene, { ...now, shown: 10, hidden: true }));
});

test("after a touch it waits for four times the scene's time, 45 seconds at most", () => {
  const now = { shown: 100, hidden: false };
  assert.deepEqual(
    [19, 20].map((idle) => goesOn({ seconds: 5, revealed: false }, { ...now, idle })),
    [false, true],
  );
  assert.deepEqual(
    [44, 45].map((idle) => goesOn({ seconds: 60, revealed: false }, { ...now, shown: 61, idle })),
    [false, true],
  );
});

test("the clock tells how long the talk has lasted", () => {
  const since = new Date(2024, 0, 1, 9, 30).getTime();
  assert.match(clockText(since, since + 1000 * (62 * 60 + 5)), /10.32.* · .*62:05$/);
  assert.match(clockText(since, since + 9999), / 0:09$/);
});
