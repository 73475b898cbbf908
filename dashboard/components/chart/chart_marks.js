/* What a figure shows, as SVG: traces of lines, marks and bars; shapes; annotations; the axes. */

import { TICK } from "./chart_frame.js";
import { dashes, svg, text } from "./svg.js";

/** @import { Annotation, Figure, Marker, Shape, Trace } from "../../web/data.js" */
/** @import { Frame, Measure } from "./chart_frame.js" */
/**
 * What the pointer can find: value i of a trace, and for a bar half its width.
 * @typedef {{x: number, y: number, trace: Trace, i: number, bar?: number}} Point
 */
/**
 * `names` may leave the chart's frame, `elements` may not.
 * @typedef {{elements: SVGElement[], names: SVGElement[], points: Point[]}} Drawn
 */

/**
 * "a line<br>another" as lines of plain text; other tags are left out.
 * @param {string} text
 */
export const linesOf = (text) => text.split(/<br>/).map((line) => line.replace(/<[^>]*>/g, ""));

/**
 * Lines, marks and names of points.
 * @param {Trace} trace @param {Frame} frame
 * @returns {Drawn}
 */
export function scatter(trace, frame) {
  const mode = trace.mode ?? "lines",
    group = svg("g", { opacity: trace.opacity });
  /** @type {Point[]} */
  const points = [],
    /** @type {SVGElement[]} */
    names = [];
  const at = trace.x.map((x, i) => {
    const place = { x: frame.X(x), y: frame.Y(trace.y[i]) };
    return Number.isFinite(place.x) && Number.isFinite(place.y) ? place : null;
  });
  if (mode.includes("lines")) {
    const step = (/** @type {number} */ i) => (at[i - 1] ? "L" : "M");
    const d = at.map((p, i) => (p ? `${step(i)}${p.x.toFixed(1)} ${p.y.toFixed(1)}` : "")).join("");
    group.append(svg("path", { d, fill: "none", ...stroke(trace), "stroke-linejoin": "round" }));
  }
  at.forEach((p, i) => {
    if (!p) return;
    if (mode.includes("markers")) group.append(mark(trace.marker ?? {}, trace.line?.color, p.x, p.y));
    if (trace.hoverinfo !== "skip") points.push({ ...p, trace, i });
    const look = { fill: trace.textfont?.color, "font-size": trace.textfont?.size };
    if (mode.includes("text")) names.push(text(trace.text[i], p.x + 5, p.y - 6, look));
  });
  return { elements: [group], names, points };
}

/**
 * @param {Marker} marker @param {string | undefined} lineColor @param {number} x @param {number} y
 */
export function mark(marker, lineColor, x, y) {
  const radius = (marker.size ?? 6) / 2;
  const look = {
    fill: marker.color ?? lineColor,
    stroke: marker.line?.color,
    "stroke-width": marker.line ? (marker.line.width ?? 1) : undefined,
    "fill-opacity": marker.opacity,
  };
  if (marker.symbol !== "diamond") return svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: radius, ...look });
  const reach = 1.3 * radius;
  return svg("path", { d: `M${x} ${y - reach}L${x + reach} ${y}L${x} ${y + reach}L${x - reach} ${y}Z`, ...look });
}

/**
 * @param {Trace} trace @param {Frame} frame @param {number} gap share of a bar's room that stays free
 * @returns {Drawn}
 */
export function bars(trace, frame, gap = 0.2) {
  const unit = (frame.right - frame.left) / (frame.x.range[1] - frame.x.range[0]),
    { color, line, opacity } = trace.marker ?? {},
    zero = frame.Y(0);
  /** @type {(value: any, i: number) => any} */
  const one = (value, i) => (Array.isArray(value) ? value[i] : value);
  const found = trace.x.map((x, i) => {
    const width = Math.max(unit * (one(trace.width, i) ?? 1 - gap), 1);
    return { width, point: { x: frame.X(x), y: frame.Y(trace.y[i]), trace, i, bar: width / 2 } };
  });
  const elements = found.map(({ width, point: { x, y, i } }) =>
    svg("rect", {
      x: (x - width / 2).toFixed(1),
      y: Math.min(y, zero).toFixed(1),
      width: width.toFixed(1),
      height: Math.abs(zero - y).toFixed(1),
      fill: one(color, i),
      stroke: line?.color,
      "stroke-width": line?.width,
      opacity,
    }),
  );
  return { elements, names: [], points: found.map(({ point }) => point) };
}

/** @param {Shape} shape @param {Frame} frame */
export function shape(shape, frame) {
  const [x1, x2] = [shape.x0, shape.x1].map((v) => frame.place(shape, "x", v)),
    [y1, y2] = [shape.y0, shape.y1].map((v) => frame.place(shape, "y", v));
  return svg("line", { x1, x2, y1, y2, ...stroke(shape) });
}

/** @param {Annotation} a @param {Frame} frame @param {number} type size of the chart's type */
export function annotation(a, frame, type) {
  // On a logarithmic axis plotly gives an annotation's place as its logarithm.
  const size = a.font?.size ?? 0.92 * type,
    x = frame.place(a, "x", a.x, frame.x.log) + (a.xshift ?? 0),
    y = frame.place(a, "y", a.y, frame.y.log) - (a.yshift ?? 0);
  const [anchor, room] = { left: ["start", 3], right: ["end", -3] }[a.xanchor ?? ""] ?? ["middle", 0],
    down = { top: 1.05 * size, bottom: -4 }[a.yanchor ?? ""] ?? 0.35 * size;
  const look = { "text-anchor": String(anchor), "font-size": size, fill: a.font?.color };
  return text(linesOf(a.text).join(" "), x + Number(room), y + down, look);
}

/** @param {{line?: import("../../web/data.js").Stroke}} thing */
export const stroke = ({ line }) => ({
  stroke: line?.color,
  "stroke-width": line?.width ?? 2,
  "stroke-dasharray": dashes(line?.dash),
});

/**
 * Grid, ticks with their labels, and the axes' titles.
 * @param {Figure["layout"]} layout @param {Frame} frame @param {number} height @param {number} size of the type
 * @param {Measure} measure
 */
export function axes({ xaxis = {}, yaxis = {} }, frame, height, size, measure) {
  const { left, right, top, bottom } = frame,
    group = svg("g");
  /** @type {(x1: number, y1: number, x2: number, y2: number, stroke: string | undefined) => void} */
  const line = (x1, y1, x2, y2, stroke) => group.append(svg("line", { x1, y1, x2, y2, stroke, "stroke-width": 1 }));
  for (const tick of frame.y.ticks(Math.max((bottom - top) / 45, 2))) {
    const y = frame.up(tick.share);
    if (yaxis.showgrid !== false) line(left, y, right, y, yaxis.gridcolor);
    line(left - TICK, y, left, y, yaxis.tickcolor ?? yaxis.gridcolor);
    group.append(text(tick.text, left - TICK - 4, y + 0.35 * size, { "text-anchor": "end" }));
  }
  let free = -Infinity; // labels that would run into the one before are left out
  for (const tick of frame.x.ticks(Math.max((right - left) / 90, 3))) {
    const x = frame.across(tick.share),
      half = measure(tick.text) / 2;
    if (xaxis.showgrid !== false) line(x, top, x, bottom, xaxis.gridcolor);
    line(x, bottom, x, bottom + TICK, xaxis.tickcolor ?? xaxis.gridcolor);
    if (x - half < free + 3) continue;
    free = x + half;
    const place = Math.min(x, frame.width - half);
    group.append(text(tick.text, place, bottom + TICK + 1.05 * size, { "text-anchor": "middle" }));
  }
  const across = xaxis.title?.text,
    up = yaxis.title?.text,
    middle = (top + bottom) / 2;
  if (across) group.append(text(across, (left + right) / 2, height - 6, { "text-anchor": "middle" }));
  if (up) group.append(text(up, size, middle, { "text-anchor": "middle", transform: `rotate(-90 ${size} ${middle})` }));
  return group;
}
