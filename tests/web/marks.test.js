/* Dots of codes on a map, by what reaches the canvas. */

import assert from "node:assert/strict";
import test from "node:test";

import { within } from "../../dashboard/components/encode_decode/code_map.js";
import { drawCodes, onCanvas, ring } from "../../dashboard/web/marks.js";
import { close } from "./tools.js";

/** A context that notes what is filled or stroked: the shape, its numbers, colour and opacity. */
function noting() {
  /** @type {any[]} */
  const drawn = [];
  /** @type {any[]} */
  let shape = [];
  const context = {
    globalAlpha: 1,
    beginPath: () => (shape = []),
    arc: (/** @type {number[]} */ ...numbers) => (shape = ["arc", ...numbers.slice(0, 3)]),
    ellipse: (/** @type {number[]} */ ...numbers) => (shape = ["ellipse", ...numbers.slice(0, 4)]),
    fillRect: (/** @type {number[]} */ ...numbers) =>
      drawn.push(["rect", ...numbers, context.fillStyle, context.globalAlpha]),
    fill: () => drawn.push([...shape, context.fillStyle, context.globalAlpha]),
    stroke: () => drawn.push([...shape, context.strokeStyle, context.lineWidth]),
    fillStyle: "",
    strokeStyle: "",
    lineWidth: 0,
  };
  return { context: /** @type {any} */ (context), drawn };
}

test("codes are dots in the colours of their classes, and the palette begins again", () => {
  const { context, drawn } = noting();
  drawCodes(context, [1, 2, 3, 4, 5, 6], [0, 1, 2], ["red", "blue"], { radius: 2, opacity: 0.5 });
  assert.deepEqual(drawn, [
    ["arc", 1, 2, 2, "red", 0.5],
    ["arc", 3, 4, 2, "blue", 0.5],
    ["arc", 5, 6, 2, "red", 0.5],
  ]);
  assert.equal(context.globalAlpha, 1);
});

test("dots too small to be seen as discs are squares", () => {
  const { context, drawn } = noting();
  drawCodes(context, [10, 20], [0], ["red"], { radius: 1.5, opacity: 0.5 });
  assert.deepEqual(drawn, [["rect", 8.5, 18.5, 3, 3, "red", 0.5]]);
});

test("a posterior's disc lies behind its dot and is fainter", () => {
  const { context, drawn } = noting();
  drawCodes(context, [1, 2], [0], ["red"], { spread: [7, 8] });
  const [[kind, x, y, across, up, , faint], [dot, , , , , full]] = drawn;
  assert.deepEqual([kind, x, y, across, up, dot], ["ellipse", 1, 2, 7, 8, "arc"]);
  assert.ok(faint < full);
});

test("a ring is a line of its own colour and width", () => {
  const { context, drawn } = noting();
  ring(context, 1, 2, 7, "black", 2.5);
  assert.deepEqual(drawn, [["arc", 1, 2, 7, "black", 2.5]]);
});

test("places of a plane go up where the canvas goes down", () => {
  close(onCanvas([0, 0, 1, 2], 100, 50, 10), [100, 50, 110, 30]);
});

test("what lies within reach of a place", () => {
  assert.deepEqual(within([0, 0, 3, 4, 6, 8, 3, 3.9], [0, 0], 5), [0, 1, 3]);
});
