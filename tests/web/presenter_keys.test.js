/* Keys of the walkthrough. */

import assert from "node:assert/strict";
import test from "node:test";

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
