/* Draws a plotly figure as SVG: lines, marks, bars, levels, a legend, and the values under the pointer.

   plotly.js is 4.7 MB of script, which takes a page about a second to read before anything of it is seen. The pages'
   charts use a small part of it (dashboard/plots/charts.py); this draws that part, at the first paint and in exported
   pages. Another kind of trace is named in the chart instead of being left out.

   Everything is an attribute, nothing a style sheet's, so that the picture of the page (picture.js) can draw the
   element alone. Data: `ChartData` in data.d.ts. */

import { Component, mount } from "../../web/component.js";
import { formatted } from "./chart_axes.js";
import { Frame } from "./chart_frame.js";
import { entry, keyOf, layOut } from "./chart_legend.js";
import { annotation, axes, bars, linesOf, scatter, shape } from "./chart_marks.js";
import { svg, text, widthOf } from "./svg.js";

/** @import { ChartData, Figure, Mount, Trace } from "../../web/data.js" */
/** @import { Drawn, Point } from "./chart_marks.js" */

const REACH = 28; // pixels: how near the pointer has to come to a point

/** @param {Mount<ChartData>} component */
export default function (component) {
  return mount(component, ".chart", Chart);
}

class Chart extends Component {
  /** @type {Figure} */
  figure;
  /** What it shows, in words. */
  alt = "";
  /** @type {Set<string>} keys of traces that a click on the legend has hidden */
  hidden = new Set();
  // Sizes in CSS pixels.
  width = 0;
  height = 0;
  size = 13; // of the type
  ink = "currentColor";
  family = "sans-serif";
  /** @type {Frame} */
  frame;
  /** @type {Point[]} what the pointer finds */
  points = [];
  /** @type {SVGElement | undefined} the values under the pointer */
  tip;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    root.onpointermove = root.onpointerdown = (event) => this.point(event);
    root.onpointerleave = () => this.tip?.replaceChildren();
  }

  /** @param {ChartData} data */
  update({ figure, alt }) {
    this.figure = figure;
    this.alt = alt;
    this.draw();
  }

  /** Colours are part of the figure, so only another width asks for another drawing. */
  look() {
    if (this.figure && this.root.clientWidth !== this.width) this.draw();
  }

  draw() {
    const { root, figure } = this,
      { layout } = figure;
    this.width = root.clientWidth;
    this.height = layout.height ?? 360;
    root.style.minHeight = `${this.height}px`;
    if (!this.width) return; // in something closed: drawn when it opens
    this.size = layout.font?.size ?? 13;
    this.ink = layout.font?.color ?? "currentColor";
    this.family = getComputedStyle(root).fontFamily;
    const { width, height, size, measure } = this,
      legend = layOut(figure, width, size, measure),
      frame = (this.frame = new Frame(figure, width, height, size, legend.height, measure));

    const found = figure.data.filter((trace) => !this.hidden.has(keyOf(trace))).map((trace) => this.drawn(trace));
    this.points = found.flatMap(({ points }) => points);
    this.tip = svg("g", { "pointer-events": "none" });
    const picture = svg(
      "svg",
      {
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: "img",
        "aria-label": this.alt,
        "font-family": this.family,
        "font-size": size,
        fill: this.ink,
      },
      this.clip(),
      axes(layout, frame, height, size, measure),
      svg(
        "g",
        { "clip-path": "url(#inside)" },
        ...(layout.shapes ?? []).map((line) => shape(line, frame)),
        ...found.flatMap(({ elements }) => elements),
      ),
      ...found.flatMap(({ names }) => names),
      ...(layout.annotations ?? []).map((words) => annotation(words, frame, size)),
      svg(
        "g",
        {},
        ...legend.entries.map((place) => {
          const key = keyOf(place.trace);
          return entry(place, legend.size, this.hidden.has(key), () => this.toggle(key));
        }),
      ),
      this.tip,
    );
    root.replaceChildren(picture);
  }

  /** @type {import("./chart_frame.js").Measure} */
  measure = (words, size = this.size) => widthOf(words, size, this.family);

  /** @param {Trace} trace @returns {Drawn} */
  drawn(trace) {
    const { frame, size } = this;
    if (trace.type === "bar") return bars(trace, frame, this.figure.layout.bargap);
    if (trace.type === "scatter") return scatter(trace, frame);
    const words = `A chart of type ${trace.type} cannot be drawn here.`;
    return { elements: [], names: [text(words, frame.left, frame.top + size)], points: [] };
  }

  clip() {
    const { left, right, top, bottom } = this.frame,
      width = Math.max(right - left + 2, 0),
      height = Math.max(bottom - top + 2, 0);
    return svg("clipPath", { id: "inside" }, svg("rect", { x: left - 1, y: top - 1, width, height }));
  }

  /** @param {string} key of traces to hide, or to show again */
  toggle(key) {
    if (!this.hidden.delete(key)) this.hidden.add(key);
    this.draw();
  }

  /* ---- the values under the pointer ---- */

  /** @param {PointerEvent} event */
  point(event) {
    if (!this.tip) return;
    const box = this.root.getBoundingClientRect(),
      near = nearest(this.points, event.clientX - box.left, event.clientY - box.top, this.frame.bottom);
    this.tip.replaceChildren();
    if (!near) return;
    const { size, ink } = this,
      lines = linesOf(hoverText(near)),
      { line, marker } = near.trace;
    const width = Math.max(...lines.map((words) => this.measure(words))) + 16,
      height = lines.length * 1.3 * size + 8;
    const x = near.x + 12 + width > this.width ? Math.max(near.x - 12 - width, 0) : near.x + 12,
      y = Math.min(Math.max(near.y - height / 2, 0), this.height - height);
    const fill = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim() || "#fff",
      stroke = line?.color ?? (typeof marker?.color === "string" ? marker.color : ink);
    this.tip.append(
      svg("rect", { x, y, width, height, rx: 4, fill, stroke }),
      ...lines.map((words, i) => text(words, x + 8, y + 4 + (1.3 * i + 1) * size, { fill: ink })),
    );
  }
}

/**
 * The point nearest to a place, or the bar that it is on; null if there is none within reach.
 * @param {Point[]} points @param {number} px @param {number} py @param {number} bottom of the bars
 */
export function nearest(points, px, py, bottom) {
  /** @type {(point: Point) => number} */
  const distance = ({ x, y, bar }) => {
    if (!bar) return Math.hypot(x - px, y - py);
    return Math.abs(px - x) <= bar && py >= y - 8 && py <= bottom ? 0 : Infinity;
  };
  /** @type {Point | null} */
  let near = null;
  for (const point of points) if (!near || distance(point) < distance(near)) near = point;
  return near && distance(near) <= REACH ? near : null;
}

/**
 * plotly's hover template of a point: %{x}, %{y:.2f}, %{customdata[0]:g}.
 * @param {Pick<Point, "trace" | "i">} point
 */
export function hoverText({ trace, i }) {
  const usual = `${trace.name ? `${trace.name}: ` : ""}%{x}, %{y}`,
    template = String(trace.hovertemplate ?? usual).replace(/<extra>.*?<\/extra>/, "");
  return template.replace(/%\{(\w+)(?:\[(\d+)\])?(?::([^}]*))?\}/g, (_, name, index, pattern) => {
    const value = trace[name]?.[i];
    return formatted(index === undefined ? value : value?.[index], pattern);
  });
}
