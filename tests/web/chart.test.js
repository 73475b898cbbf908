/* A chart without its picture: where values lie, where legend entries stand, what the pointer finds and reads. */

import assert from "node:assert/strict";
import test from "node:test";

import { hoverText, nearest } from "../../dashboard/components/chart/chart.js";
import { Frame } from "../../dashboard/components/chart/chart_frame.js";
import { keyOf, layOut } from "../../dashboard/components/chart/chart_legend.js";
import { linesOf } from "../../dashboard/components/chart/chart_marks.js";
import { close } from "./tools.js";

const measure = (words, size = 10) => words.length * size;
const line = (name, more = {}) => ({ type: "scatter", name, x: [0, 10], y: [0, 100], ...more });
const frameOf = (data, layout = {}) => new Frame({ data, layout }, 400, 300, 10, 0, measure);

test("values lie inside the margins, in proportion, y upwards", () => {
  const frame = frameOf([line("a")]);
  close([frame.X(5)], [(frame.X(0) + frame.X(10)) / 2], 1e-9);
  assert.ok(frame.left < frame.X(0) && frame.X(10) < frame.right);
  assert.ok(frame.bottom > frame.Y(0) && frame.Y(0) > frame.Y(100) && frame.Y(100) > frame.top);
});

test("titles and wide labels take their room from the chart", () => {
  const plain = frameOf([line("a")]),
    titled = frameOf([line("a")], { xaxis: { title: { text: "x" } }, yaxis: { title: { text: "y" } } }),
    wide = frameOf([line("a", { y: [0, 1e6] })]);
  assert.ok(titled.left > plain.left && titled.bottom < plain.bottom && wide.left > plain.left);
});

test("a place is in the data's units or a share of the chart; annotations on a logarithmic axis are logarithms", () => {
  const shape = { x0: 0.5, x1: 1, y0: 0, y1: 1, xref: "paper" },
    frame = frameOf([line("a", { x: [1, 100] })], { xaxis: { type: "log" } });
  close([frame.place(shape, "x", 0.5)], [(frame.left + frame.right) / 2], 1e-9);
  close([frame.place({ ...shape, xref: "x" }, "x", 1, true)], [frame.X(10)], 1e-9);
});

test("shapes and annotations widen the axes that they refer to", () => {
  const far = { x0: 50, x1: 50, y0: 5000, y1: 5000, yref: "paper" },
    frame = frameOf([line("a")], { shapes: [far] });
  assert.ok(frame.X(50) < frame.right && frame.x.share(10) < 0.5);
  assert.ok(frame.y.share(100) > 0.9, "what is relative to the paper does not count");
});

test("legend entries fill rows; one trace alone needs none", () => {
  const three = [line("first"), line("second"), line("third", { showlegend: true })];
  const { entries, height } = layOut({ data: three, layout: {} }, 220, 10, measure);
  assert.deepEqual(
    entries.map(({ y }) => y),
    [10, 10, 25],
  );
  for (const { x, width } of entries) assert.ok(x === 2 || x + width <= 220);
  assert.equal(height, entries[2].y + 4);
  assert.deepEqual(layOut({ data: [line("one"), line("", {})], layout: {} }, 220, 10, measure).entries, []);
  assert.equal(keyOf(line("a", { legendgroup: "both" })), "both");
});

test("the pointer finds the nearest point within reach, and a bar under it", () => {
  const trace = line("a");
  const points = [
    { x: 10, y: 10, trace, i: 0 },
    { x: 60, y: 10, trace, i: 1 },
    { x: 200, y: 50, trace, i: 2, bar: 15 },
  ];
  assert.equal(nearest(points, 50, 20, 100)?.i, 1);
  assert.equal(nearest(points, 100, 90, 100), null);
  assert.equal(nearest(points, 190, 80, 100)?.i, 2, "inside the bar");
  assert.equal(nearest(points, 190, 30, 100), null, "above the bar");
});

test("hover texts follow plotly's template; without one they name the trace and its values", () => {
  const trace = line("a", {
    customdata: [
      [0, 0],
      [1.234, 7],
    ],
    hovertemplate: "%{x}: %{customdata[0]:.1f}<extra>x</extra>",
  });
  assert.equal(hoverText({ trace, i: 1 }), "10: 1.2");
  assert.equal(hoverText({ trace: line("b"), i: 0 }), "b: 0, 0");
  assert.deepEqual(linesOf("<b>one</b><br>two"), ["one", "two"]);
});
