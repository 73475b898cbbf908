/* The legend: an entry for every named trace, in as many rows as they need. Pressing one hides its traces. */

import { mark, stroke } from "./chart_marks.js";
import { svg, text } from "./svg.js";

/** @import { Figure, Trace } from "../../web/data.js" */
/** @import { Measure } from "./chart_frame.js" */
/** @typedef {{trace: Trace, x: number, y: number, width: number}} Entry */

const SAMPLE = 26; // pixels of the line or mark before a name

/**
 * What traces are hidden by: those of one group together.
 * @param {Trace} trace
 */
export const keyOf = (trace) => trace.legendgroup ?? trace.name ?? "";

/**
 * Where each entry stands, and the height of them all; no entries where there is no choice between traces.
 * @param {Figure} figure @param {number} width of the chart @param {number} size of the type @param {Measure} measure
 * @returns {{entries: Entry[], height: number, size: number}}
 */
export function layOut({ data, layout }, width, size, measure) {
  size = layout.legend?.font?.size ?? size;
  const named = data.filter((trace) => trace.name && trace.showlegend !== false);
  if (layout.showlegend === false || named.length < 2) return { entries: [], height: 0, size };
  let x = 2,
    y = size;
  const entries = named.map((trace) => {
    const room = SAMPLE + 6 + measure(trace.name ?? "", size) + 14;
    if (x > 2 && x + room > width) [x, y] = [2, y + 1.5 * size];
    const entry = { trace, x, y, width: room };
    x += room;
    return entry;
  });
  return { entries, height: y + 0.4 * size, size };
}

/**
 * @param {Entry} entry @param {number} size of the type @param {boolean} hidden @param {() => void} onPress
 */
export function entry({ trace, x, y, width }, size, hidden, onPress) {
  const color = trace.line?.color ?? trace.marker?.color,
    middle = y - 0.33 * size;
  const item = svg("g", { opacity: hidden ? 0.4 : 1, cursor: "pointer" });
  // what a click can hit
  item.append(svg("rect", { x, y: y - size, width: width - 8, height: 1.5 * size, fill: "transparent" }));
  if (!trace.mode || trace.mode.includes("lines"))
    item.append(svg("line", { x1: x, x2: x + SAMPLE, y1: middle, y2: middle, ...stroke(trace), stroke: color }));
  if (trace.mode?.includes("markers")) {
    const marker = { ...trace.marker, size: Math.min(trace.marker?.size ?? 6, 10) };
    item.append(mark(marker, color, x + SAMPLE / 2, middle));
  }
  item.append(text(trace.name ?? "", x + SAMPLE + 6, y, { "font-size": size }));
  item.addEventListener("click", onPress);
  return item;
}
