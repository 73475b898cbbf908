/* A small chart along the path: a line for every method, and where on the path one stands. */

import { prepare } from "../../web/canvas.js";
import { disc } from "../../web/marks.js";
import { multiples, roundStep } from "../../web/ticks.js";

/** @import { Look } from "../../web/look.js" */
/**
 * @typedef {object} Line
 * @property {number[]} values
 * @property {number[]} at where on the path each value is, from 0 to 1
 * @property {string} color
 * @property {boolean} dashed
 */

const TICKS = 4; // above 0, at most
const MARGIN = { left: 34, right: 10, top: 8, bottom: 20 };

/**
 * @param {HTMLCanvasElement} canvas @param {Line[]} lines @param {number} at from 0 to 1
 * @param {number} height in CSS pixels @param {Look} look
 */
export function drawChart(canvas, lines, at, height, look) {
  const width = canvas.clientWidth;
  if (!width) return;
  const context = prepare(canvas, width, height);
  if (!lines.length) return;
  const most = Math.max(1e-6, ...lines.flatMap(({ values }) => values)) * 1.08,
    right = width - MARGIN.right,
    bottom = height - MARGIN.bottom;
  /** @type {(t: number) => number} */
  const x = (t) => MARGIN.left + t * (right - MARGIN.left);
  /** @type {(value: number) => number} */
  const y = (value) => bottom - (value / most) * (bottom - MARGIN.top);
  Object.assign(context, { font: `11px ${look.font}`, fillStyle: look.muted, strokeStyle: look.faint, lineWidth: 1 });
  Object.assign(context, { textAlign: "right", textBaseline: "middle" });
  for (const value of multiples(0, most, roundStep(most / TICKS))) {
    line(context, [
      [MARGIN.left, y(value)],
      [right, y(value)],
    ]);
    context.fillText(String(value), MARGIN.left - 5, y(value));
  }
  context.textBaseline = "alphabetic";
  ["from", "to"].forEach((word, end) => {
    context.textAlign = end ? "right" : "left";
    context.fillText(word, x(end), height - 5);
  });
  context.strokeStyle = look.muted;
  line(context, [
    [x(at), MARGIN.top],
    [x(at), bottom],
  ]);
  context.lineWidth = 2;
  for (const { values, at: places, color, dashed } of lines) {
    Object.assign(context, { strokeStyle: color, fillStyle: color });
    context.setLineDash(dashed ? [5, 4] : []);
    line(
      context,
      values.map((value, i) => [x(places[i]), y(value)]),
    );
    context.setLineDash([]);
    values.forEach((value, i) => disc(context, x(places[i]), y(value), 2.5));
  }
}

/** @param {CanvasRenderingContext2D} context @param {[number, number][]} points */
function line(context, points) {
  context.beginPath();
  for (const point of points) context.lineTo(...point);
  context.stroke();
}
