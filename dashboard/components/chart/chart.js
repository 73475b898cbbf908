/* Draws a plotly figure as SVG: lines, marks, bars, levels, a legend, and the values under the pointer.

   plotly.js is 4.7 MB of script, which takes a page about a second to read before anything of it is seen. The pages'
   charts use a small part of it (dashboard/plots/charts.py); this draws that part, at the first paint and in files that
   are taken home. What it does not know (another kind of trace) it says instead of leaving out.

   Everything is an attribute, nothing a style sheet's, so that the picture of the page (picture.js) can draw the
   element alone. Data: `ChartData` in data.d.ts. */

import { Axis, formatted } from "./chart_axes.js";

const DASHES = { dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" };
const REACH = 28; // pixels: how near the pointer has to come to a point
const TICK = 4;
const charts = new WeakMap();

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").ChartData>} component */
export default function ({ data, parentElement }) {
  if (!charts.has(parentElement)) charts.set(parentElement, new Chart(parentElement.querySelector(".chart")));
  const chart = charts.get(parentElement);
  chart.update(data);
  return () => chart.destroy();
}

/** @type {OffscreenCanvasRenderingContext2D | null} */
let ruled = null;

/** What measures text. */
function ruler() {
  ruled ??= new OffscreenCanvas(1, 1).getContext("2d");
  return /** @type {OffscreenCanvasRenderingContext2D} */ (ruled);
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** "a line<br>another" as lines of plain text; other tags are left out. */
const linesOf = (text) =>
  String(text)
    .split(/<br>/)
    .map((line) => line.replace(/<[^>]*>/g, ""));

class Chart {
  /** @type {import("../../web/data.js").ChartData["figure"]} */
  figure;
  /** What it shows, in words. */
  alt = "";
  // Sizes in CSS pixels.
  width = 0;
  height = 0;
  size = 13; // of the type
  left = 0;
  right = 0;
  top = 0;
  bottom = 0;
  legendHeight = 0;
  ink = "currentColor";
  family = "sans-serif";
  /** @type {any[]} those that are shown */
  traces = [];
  /** @type {{x: number, y: number, trace: any, i: number, bar?: number}[]} what the pointer finds */
  points = [];
  /** @type {Axis} */
  x;
  /** @type {Axis} */
  y;
  /** @type {SVGElement} */
  picture;
  /** @type {SVGElement} */
  legend;
  /** @type {SVGElement | undefined} */
  tip;

  constructor(root) {
    this.root = root;
    this.hidden = new Set(); // names of traces that a click on the legend has hidden
    this.watch = new ResizeObserver(() => this.root.clientWidth !== this.width && this.draw());
    root.onpointermove = root.onpointerdown = (event) => this.point(event);
    root.onpointerleave = () => this.tip?.replaceChildren();
  }

  update({ figure, alt }) {
    this.figure = figure;
    this.alt = alt;
    this.draw();
    this.watch.observe(this.root);
  }

  destroy() {
    this.watch.disconnect();
  }

  draw() {
    const { layout } = this.figure;
    this.width = this.root.clientWidth;
    this.height = layout.height ?? 360;
    this.root.style.minHeight = `${this.height}px`;
    if (!this.width) return; // in something closed: drawn when it opens
    this.size = layout.font?.size ?? 13;
    this.ink = layout.font?.color ?? "currentColor";
    this.family = getComputedStyle(this.root).fontFamily;
    this.traces = this.figure.data.filter((trace) => !this.hidden.has(trace.legendgroup ?? trace.name));
    this.points = [];
    this.scales();
    this.picture = svg("svg", {
      width: this.width,
      height: this.height,
      viewBox: `0 0 ${this.width} ${this.height}`,
      role: "img",
      "aria-label": this.alt,
      "font-family": this.family,
      "font-size": this.size,
      fill: this.ink,
    });
    const inside = svg("g", { "clip-path": "url(#inside)" });
    this.picture.append(this.clip(), this.axes(), inside);
    for (const shape of layout.shapes ?? []) inside.append(this.shape(shape));
    for (const trace of this.traces) {
      if (trace.type === "bar") this.bars(trace, inside);
      else if (trace.type === "scatter") this.scatter(trace, inside);
      else
        this.picture.append(
          this.text(`A chart of type ${trace.type} cannot be drawn here.`, this.left, this.top + this.size),
        );
    }
    for (const annotation of layout.annotations ?? []) this.picture.append(this.annotation(annotation));
    const tip = (this.tip = svg("g", { "pointer-events": "none" }));
    this.picture.append(this.legend, tip);
    this.root.replaceChildren(this.picture);
  }

  /* ---- where things are ---- */

  scales() {
    const { layout } = this.figure,
      all = this.figure.data;
    const refers = (thing, axis) => (thing[`${axis}ref`] ?? axis) === axis;
    const extra = (axis) => [
      ...(layout.shapes ?? [])
        .filter((shape) => refers(shape, axis))
        .flatMap((shape) => [shape[`${axis}0`], shape[`${axis}1`]]),
      ...(layout.annotations ?? [])
        .filter((a) => refers(a, axis))
        .map((a) => (layout[`${axis}axis`]?.type === "log" ? 10 ** a[axis] : a[axis])),
    ];
    const values = (axis) => [...all.flatMap((trace) => trace[axis] ?? []), ...extra(axis)];
    const bars = all.some(({ type }) => type === "bar");
    this.x = new Axis(layout.xaxis ?? {}, values("x"), { pad: bars ? 0.02 : 0.05 });
    this.y = new Axis(layout.yaxis ?? {}, values("y"), { pad: 0.06, zero: bars });
    // Rows of the legend and the widths of the ticks' labels decide what is left for the chart itself.
    this.layLegend();
    const rough = this.y.ticks(this.height / 45);
    this.left =
      8 +
      Math.max(0, ...rough.map(({ text }) => this.measure(text))) +
      TICK +
      4 +
      (layout.yaxis?.title?.text ? 1.5 * this.size : 0);
    this.right = this.width - Math.max(layout.margin?.r ?? 8, 8);
    this.top = Math.max(layout.margin?.t ?? 28, this.legendHeight + 8, 0.7 * this.size);
    this.bottom = this.height - 6 - TICK - 1.25 * this.size - (layout.xaxis?.title?.text ? 1.45 * this.size : 0);
  }

  X = (value) => this.left + this.x.share(value) * (this.right - this.left);
  Y = (value) => this.bottom - this.y.share(value) * (this.bottom - this.top);

  measure(text, size = this.size) {
    const context = ruler();
    context.font = `${size}px ${this.family}`;
    return context.measureText(text).width;
  }

  text(content, x, y, attributes = {}) {
    return svg("text", { x: x.toFixed(1), y: y.toFixed(1), ...attributes }, content);
  }

  clip() {
    const { left, right, top, bottom } = this;
    return svg(
      "clipPath",
      { id: "inside" },
      svg("rect", {
        x: left - 1,
        y: top - 1,
        width: Math.max(right - left + 2, 0),
        height: Math.max(bottom - top + 2, 0),
      }),
    );
  }

  axes() {
    const { layout } = this.figure,
      { left, right, top, bottom, size } = this;
    const group = svg("g"),
      line = (x1, y1, x2, y2, stroke) => group.append(svg("line", { x1, y1, x2, y2, stroke, "stroke-width": 1 }));
    for (const { share, text } of this.y.ticks(Math.max((bottom - top) / 45, 2))) {
      const y = bottom - share * (bottom - top),
        color = layout.yaxis?.gridcolor;
      if (layout.yaxis?.showgrid !== false) line(left, y, right, y, color);
      line(left - TICK, y, left, y, layout.yaxis?.tickcolor ?? color);
      group.append(this.text(text, left - TICK - 4, y + 0.35 * size, { "text-anchor": "end" }));
    }
    let free = -Infinity; // labels that would run into the one before are left out
    for (const { share, text } of this.x.ticks(Math.max((right - left) / 90, 3))) {
      const x = left + share * (right - left),
        color = layout.xaxis?.gridcolor,
        half = this.measure(text) / 2;
      if (layout.xaxis?.showgrid !== false) line(x, top, x, bottom, color);
      line(x, bottom, x, bottom + TICK, layout.xaxis?.tickcolor ?? color);
      if (x - half < free + 3) continue;
      free = x + half;
      group.append(
        this.text(text, Math.min(x, this.width - half), bottom + TICK + 1.05 * size, { "text-anchor": "middle" }),
      );
    }
    const [across, up] = [layout.xaxis?.title?.text, layout.yaxis?.title?.text];
    if (across) group.append(this.text(across, (left + right) / 2, this.height - 6, { "text-anchor": "middle" }));
    if (up) {
      const [x, y] = [size, (top + bottom) / 2];
      group.append(this.text(up, x, y, { "text-anchor": "middle", transform: `rotate(-90 ${x} ${y})` }));
    }
    return group;
  }

  /* ---- traces ---- */

  scatter(trace, inside) {
    const mode = trace.mode ?? "lines",
      group = svg("g", { opacity: trace.opacity });
    const at = trace.x.map((x, i) => [this.X(x), this.Y(trace.y[i])]).map((p) => (p.every(Number.isFinite) ? p : null));
    if (mode.includes("lines")) {
      const d = at.map((p, i) => (p ? `${at[i - 1] ? "L" : "M"}${p[0].toFixed(1)} ${p[1].toFixed(1)}` : "")).join("");
      group.append(
        svg("path", {
          d,
          fill: "none",
          stroke: trace.line?.color,
          "stroke-width": trace.line?.width ?? 2,
          "stroke-dasharray": DASHES[trace.line?.dash],
          "stroke-linejoin": "round",
        }),
      );
    }
    at.forEach((p, i) => {
      if (!p) return;
      if (mode.includes("markers")) group.append(this.mark(trace.marker ?? {}, trace.line?.color, ...p));
      if (trace.hoverinfo !== "skip") this.points.push({ x: p[0], y: p[1], trace, i });
    });
    inside.append(group);
    if (mode.includes("text"))
      at.forEach(
        (p, i) =>
          p &&
          this.picture.append(
            this.text(trace.text[i], p[0] + 5, p[1] - 6, {
              fill: trace.textfont?.color,
              "font-size": trace.textfont?.size,
            }),
          ),
      );
  }

  mark(marker, lineColor, x, y) {
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

  bars(trace, inside) {
    const gap = this.figure.layout.bargap ?? 0.2,
      unit = (this.right - this.left) / (this.x.range[1] - this.x.range[0]);
    const one = (value, i) => (Array.isArray(value) ? value[i] : value);
    trace.x.forEach((x, i) => {
      const width = Math.max(unit * (one(trace.width, i) ?? 1 - gap), 1),
        middle = this.X(x),
        [y, zero] = [this.Y(trace.y[i]), this.Y(0)];
      const { color, line, opacity } = trace.marker ?? {};
      inside.append(
        svg("rect", {
          x: (middle - width / 2).toFixed(1),
          y: Math.min(y, zero).toFixed(1),
          width: width.toFixed(1),
          height: Math.abs(zero - y).toFixed(1),
          fill: one(color, i),
          stroke: line?.color,
          "stroke-width": line?.width,
          opacity,
        }),
      );
      this.points.push({ x: middle, y, trace, i, bar: width / 2 });
    });
  }

  /** A place in the figure: in the data's units, or as a share of the chart (plotly's "paper" and "x domain"). */
  place(thing, axis, value, logarithm = false) {
    const share =
      (thing[`${axis}ref`] ?? axis) === axis
        ? logarithm
          ? this[axis].shareOfLinear(value)
          : this[axis].share(value)
        : value;
    return axis === "x" ? this.left + share * (this.right - this.left) : this.bottom - share * (this.bottom - this.top);
  }

  shape(shape) {
    const [x1, x2] = [shape.x0, shape.x1].map((v) => this.place(shape, "x", v)),
      [y1, y2] = [shape.y0, shape.y1].map((v) => this.place(shape, "y", v));
    return svg("line", {
      x1,
      x2,
      y1,
      y2,
      stroke: shape.line?.color,
      "stroke-width": shape.line?.width ?? 2,
      "stroke-dasharray": DASHES[shape.line?.dash],
    });
  }

  annotation(a) {
    // On a logarithmic axis plotly gives an annotation's place as its logarithm.
    const size = a.font?.size ?? 0.92 * this.size,
      x = this.place(a, "x", a.x, this.x.log) + (a.xshift ?? 0),
      y = this.place(a, "y", a.y, this.y.log) - (a.yshift ?? 0);
    const anchor = { left: "start", right: "end" }[a.xanchor] ?? "middle",
      down = { top: 1.05 * size, bottom: -4 }[a.yanchor] ?? 0.35 * size;
    const room = { start: 3, end: -3, middle: 0 }[anchor];
    return this.text(linesOf(a.text).join(" "), x + room, y + down, {
      "text-anchor": anchor,
      "font-size": size,
      fill: a.font?.color,
    });
  }

  /* ---- legend ---- */

  layLegend() {
    const { showlegend, legend: look = {} } = this.figure.layout;
    this.legend = svg("g");
    this.legendHeight = 0;
    const named = this.figure.data.filter((trace) => trace.name && trace.showlegend !== false);
    if (showlegend === false || named.length < 2) return;
    const size = look.font?.size ?? this.size,
      row = 1.5 * size,
      sample = 26;
    let x = 2,
      y = size;
    for (const trace of named) {
      const width = sample + 6 + this.measure(trace.name, size) + 14;
      if (x > 2 && x + width > this.width) [x, y] = [2, y + row];
      const key = trace.legendgroup ?? trace.name,
        color = trace.line?.color ?? trace.marker?.color,
        middle = y - 0.33 * size;
      const item = svg("g", { opacity: this.hidden.has(key) ? 0.4 : 1, cursor: "pointer" });
      // what a click can hit
      item.append(svg("rect", { x, y: y - size, width: width - 8, height: row, fill: "transparent" }));
      if (!trace.mode || trace.mode.includes("lines"))
        item.append(
          svg("line", {
            x1: x,
            x2: x + sample,
            y1: middle,
            y2: middle,
            stroke: color,
            "stroke-width": trace.line?.width ?? 2,
            "stroke-dasharray": DASHES[trace.line?.dash],
          }),
        );
      if (trace.mode?.includes("markers"))
        item.append(
          this.mark({ ...trace.marker, size: Math.min(trace.marker?.size ?? 6, 10) }, color, x + sample / 2, middle),
        );
      item.append(this.text(trace.name, x + sample + 6, y, { "font-size": size }));
      item.addEventListener("click", () => {
        if (!this.hidden.delete(key)) this.hidden.add(key);
        this.draw();
      });
      this.legend.append(item);
      x += width;
    }
    this.legendHeight = y + 0.4 * size;
  }

  /* ---- the values under the pointer ---- */

  point(event) {
    if (!this.tip) return;
    const box = this.root.getBoundingClientRect(),
      [px, py] = [event.clientX - box.left, event.clientY - box.top];
    /** @type {(point: typeof this.points[0]) => boolean} */
    const inBar = ({ bar = 0, x, y }) => bar > 0 && Math.abs(px - x) <= bar && py >= y - 8 && py <= this.bottom;
    const distance = (point) => (inBar(point) ? 0 : point.bar ? Infinity : Math.hypot(point.x - px, point.y - py));
    /** @type {typeof this.points[0] | null} */
    let near = null;
    for (const point of this.points) if (!near || distance(point) < distance(near)) near = point;
    this.tip.replaceChildren();
    if (!near || distance(near) > REACH) return;
    const lines = linesOf(this.words(near)),
      size = this.size;
    const width = Math.max(...lines.map((line) => this.measure(line))) + 16,
      height = lines.length * 1.3 * size + 8;
    const x = near.x + 12 + width > this.width ? Math.max(near.x - 12 - width, 0) : near.x + 12,
      y = Math.min(Math.max(near.y - height / 2, 0), this.height - height);
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim() || "#fff";
    const color =
      near.trace.line?.color ?? (typeof near.trace.marker?.color === "string" ? near.trace.marker.color : this.ink);
    this.tip.append(
      svg("rect", { x, y, width, height, rx: 4, fill: background, stroke: color }),
      ...lines.map((line, i) => this.text(line, x + 8, y + 4 + (1.3 * i + 1) * size, { fill: this.ink })),
    );
  }

  /** plotly's hover template of a point: %{x}, %{y:.2f}, %{customdata[0]:g}. */
  words({ trace, i }) {
    const template = (trace.hovertemplate ?? `${trace.name ? `${trace.name}: ` : ""}%{x}, %{y}`).replace(
      /<extra>.*?<\/extra>/,
      "",
    );
    return template.replace(/%\{(\w+)(?:\[(\d+)\])?(?::([^}]*))?\}/g, (_, name, index, pattern) =>
      formatted(index === undefined ? trace[name]?.[i] : trace[name]?.[i]?.[index], pattern),
    );
  }
}
