/* Two maps of the same images, linked: what is pointed at, selected or isolated in one is so in the other.
   Data: `MapsData` in data.d.ts. What a person set up survives reruns, kept by data.key. */

import {
  SPRITE_COLUMNS,
  arrow,
  contextOf,
  inked,
  loadSprite,
  make,
  prepare,
  ramp,
  roomFor,
  theme,
} from "../../web/canvas.js";
import { mount } from "../../web/component.js";
import { SIDE } from "../../web/image.js";
import { normals } from "../../web/posterior.js";
import { Scatter, boundsOf } from "../../web/scatter.js";
import { loadArrays } from "../../web/weights.js";
import { MapPanels, NEIGHBOURS, SIDES } from "./maps_panels.js";

/** @import { Side, Tell } from "../../web/data.js" */
/** @typedef {Scatter & {panel: HTMLElement, heading: HTMLElement, caption: HTMLElement, side: Side, fingers: Map<number, [number, number]>}} Plot */

const SPREAD = 400; // prior samples drawn on a native map
const TOOLS = { move: "Pan", lasso: "Lasso", box: "Box" };
const kept = new Map();

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").MapsData>} component */
export default function (component) {
  return mount(component, ".maps", LinkedMaps);
}

class LinkedMaps extends MapPanels {
  /** @type {Tell} */
  trigger;
  /** @type {Record<Side, Plot>} */
  plots;
  /** Of the images. */
  count = 0;
  /** @type {Uint8Array} for each point 1 if its class is shown */
  shown;
  /** @type {Uint8Array} for each point 1 if it is drawn in full */
  level;
  /** @type {Record<Side, ArrayLike<number>>} for each point its place in the palette */
  which;
  /** @type {{plot: Plot, kind: string, polygon: [number, number][]} | null} what is being drawn round points */
  trail = null;
  /** @type {string[] | undefined} */
  ramps;
  /** The frame of a movement under way. */
  gliding = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.plots = { left: this.makePlot("left"), right: this.makePlot("right") };
    this.find(".colour").onchange = (event) => this.set({ colour: event.target.value });
    this.find(".linked").onchange = (event) => this.link(event.target.checked);
    this.find(".reset").onclick = () => this.resetView();
    for (const [name, label] of Object.entries(TOOLS))
      this.find(".tools").append(make("button", { "data-tool": name, onclick: () => this.set({ tool: name }) }, label));
  }

  /** @param {Side} side @returns {Plot} */
  makePlot(side) {
    const canvas = make("canvas", { tabindex: 0, role: "application", "data-side": side });
    const heading = make("h2"),
      caption = make("p", { class: "caption muted small" });
    const panel = make("div", { class: "map" }, heading, caption, canvas);
    this.find(".pair").append(panel);
    const plot = Object.assign(new Scatter(canvas), { panel, heading, caption, side, fingers: new Map() });
    canvas.onpointerdown = (event) => this.down(plot, event);
    canvas.onpointermove = (event) => this.move(plot, event);
    canvas.onpointerup = canvas.onpointercancel = (event) => this.up(plot, event);
    canvas.ondblclick = (event) => this.zoom(plot, 1.8, event.offsetX, event.offsetY);
    canvas.onkeydown = (event) => this.key(plot, event);
    // A wheel over the page scrolls the page; over a map one is working on (focused), or with Ctrl, it zooms.
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (
          !event.ctrlKey &&
          !event.metaKey &&
          /** @type {ShadowRoot} */ (this.root.getRootNode()).activeElement !== canvas
        )
          return;
        event.preventDefault();
        this.zoom(plot, Math.exp(-event.deltaY * 0.002), event.offsetX, event.offsetY);
      },
      { passive: false },
    );
    return plot;
  }

  /* ---- data ---- */

  async update(data, trigger) {
    this.trigger = trigger;
    this.data = data;
    this.root.classList.toggle("plain", Boolean(data.plain));
    const same = kept.get(data.key);
    this.state =
      same && same.sprite === data.sprite
        ? same
        : {
            sprite: data.sprite,
            views: {},
            tool: "move",
            linked: false,
            colour: "class",
            current: data.start ?? 0,
            selected: [],
            isolated: [],
            layers: { circles: true },
          };
    kept.set(data.key, this.state);
    if (!data.colourings.some(({ id }) => id === this.state.colour)) this.state.colour = "class";
    const loaded = await this.loaded(
      async () => {
        const arrays = await loadArrays(data.arrays);
        if (this.data !== data) return false; // a newer update has overtaken this one
        this.arrays = arrays;
        this.count = arrays.labels.length;
        if (this.state.current >= this.count) this.state.current = 0;
        this.state.selected = this.state.selected.filter((i) => i < this.count);
        return true;
      },
      (error) => `The maps could not be loaded (${error.message}). Reload the page.`,
    );
    if (!loaded) return;
    loadSprite(data.sprite).then(
      ({ picture }) => {
        if (this.sprite === picture) return;
        this.sprite = picture;
        this.inspect();
        this.gallery();
        this.redraw();
      },
      (error) => this.problem(`The maps are shown without images: ${error.message}.`),
    );
    for (const side of SIDES) {
      const plot = this.plots[side],
        { panel, canvas } = plot,
        { title, caption, color, color_dark } = data[side];
      plot.heading.textContent = title;
      plot.caption.textContent = caption;
      panel.style.setProperty("--light", color);
      panel.style.setProperty("--dark", color_dark);
      canvas.setAttribute(
        "aria-label",
        `${title}: map of ${this.count} test images. ${caption} Arrow keys move from point to point, plus and minus zoom, Escape clears.`,
      );
      this.plots[side].view = this.state.views[side] ??= { zoom: 1, x: 0, y: 0 };
    }
    if (this.state.linked) this.plots.right.view = this.plots.left.view;
    this.move_points();
    this.controls();
    this.set({});
    this.table();
    this.ready();
  }

  /** Points glide to where a new projection puts them, so that one can follow them. */
  move_points() {
    const targets = Object.fromEntries(SIDES.map((side) => [side, this.arrays[`${side}_xy`]]));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const from = Object.fromEntries(SIDES.map((side) => [side, this.plots[side].points]));
    const begin = performance.now();
    cancelAnimationFrame(this.gliding);
    const glide = (now) => {
      const moved = SIDES.some((side) => from[side].length === targets[side].length && from[side] !== targets[side]);
      const t = still || !moved ? 1 : Math.min(Math.max((now - begin) / 700, 0), 1),
        ease = t * t * (3 - 2 * t);
      for (const side of SIDES) {
        const bounds = boundsOf(targets[side]);
        if (this.data[side].native)
          for (const i of [0, 1]) {
            bounds[i] = Math.min(bounds[i], -3.2);
            bounds[i + 2] = Math.max(bounds[i + 2], 3.2);
          }
        const a = from[side],
          b = targets[side];
        this.plots[side].setPoints(
          t === 1 || a.length !== b.length ? b : b.map((value, i) => a[i] + (value - a[i]) * ease),
          bounds,
        );
      }
      this.redraw();
      if (t < 1) this.gliding = requestAnimationFrame(glide);
    };
    glide(begin);
  }

  /** Recompute what depends on the state, and draw. */
  set(changes) {
    Object.assign(this.state, changes);
    const { state, data, arrays } = this;
    const { labels } = arrays;
    const shown = (this.shown = new Uint8Array(this.count).fill(1));
    if (state.isolated.length)
      for (let i = 0; i < this.count; i++) shown[i] = state.isolated.includes(labels[i]) ? 1 : 0;
    const picked = new Set(state.selected);
    this.level = picked.size ? shown.map((value, i) => (picked.has(i) ? value : 0)) : shown;
    this.colouring = data.colourings.find(({ id }) => id === state.colour) ?? { id: "class", label: "class" };
    this.which = { left: labels, right: labels };
    for (const side of SIDES) {
      const values = arrays[`${side}_value_${this.colouring.id}`];
      if (values) {
        const { low = 0, high = 1 } = this.colouring;
        this.which[side] = Uint8Array.from(values, (v) =>
          Math.round(63 * Math.min(Math.max((v - low) / (high - low || 1), 0), 1)),
        );
      }
    }
    for (const button of this.find(".tools").children)
      button.setAttribute("aria-pressed", String(button.dataset.tool === state.tool));
    for (const side of SIDES) this.plots[side].canvas.classList.toggle("whole", state.tool !== "move");
    this.find(".colour").value = this.colouring.id;
    this.find(".linked").checked = state.linked;
    this.legend();
    this.inspect();
    this.gallery();
    this.redraw();
  }

  /* ---- drawing ---- */

  draw() {
    if (!this.arrays || !this.shown) return;
    const look = theme(this.root);
    const ramps = (this.ramps ??= Array.from({ length: 64 }, (_, i) => ramp(i / 63)));
    const colors = this.colouring.id === "class" ? this.data.class_colors : ramps;
    const { current, layers } = this.state;
    const begin = performance.now();
    for (const side of SIDES) {
      const plot = this.plots[side],
        info = this.data[side],
        { arrays } = this;
      const own = look.dark ? info.color_dark : info.color;
      plot.heading.style.color = inked(own);
      const width = plot.panel.clientWidth;
      if (!width) return;
      const height = Math.round(Math.min(width, roomFor(this.data.height, 0.47)));
      const context = prepare(plot.canvas, width, height);
      plot.resize(width, height);
      plot.stamp(context, colors, this.which[side], this.level, look.background);
      if (info.native && layers.circles) plot.circles(context, look.muted);
      if (info.native && layers.prior) this.drawPrior(plot, context, look.text);
      const sigma = arrays[`${side}_sigma`];
      /** @type {(i: number) => [number, number]} */
      const place = (i) => [plot.points[2 * i], plot.points[2 * i + 1]];
      if (info.native && sigma && layers.ellipses)
        for (let i = 0; i < this.count; i++)
          if (this.level[i]) plot.ellipse(context, place(i), sigma.subarray(2 * i, 2 * i + 2), 1, look.text, 0.16);
      if (current < 0) continue;
      context.lineWidth = 1.2;
      if (info.native && sigma)
        for (const width of [1, 2])
          plot.ellipse(context, place(current), sigma.subarray(2 * current, 2 * current + 2), width, own);
      const [x, y] = plot.toScreen(...place(current));
      if (layers.neighbours) {
        context.strokeStyle = look.text;
        for (const j of nearest(arrays[`${side}_codes`], info.dim, current, NEIGHBOURS)) {
          context.beginPath();
          context.moveTo(x, y);
          context.lineTo(...plot.toScreen(...place(j)));
          context.stroke();
        }
      }
      this.drawMarked(plot, context, x, y, own, look);
    }
    if (this.trail) this.drawTrail(this.trail, look);
    this.root.dataset.frame = (performance.now() - begin).toFixed(2); // these two are read by tests and the benchmark
    this.root.dataset.view = SIDES.map((side) => Object.values(this.plots[side].view).join()).join(";");
  }

  /** A ring round the image pointed at, and the image itself beside it, kept inside the map. */
  drawMarked(plot, context, x, y, color, look) {
    context.lineWidth = 4.5;
    context.strokeStyle = look.background;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
    context.lineWidth = 2.5;
    context.strokeStyle = color;
    context.stroke();
    if (!this.sprite || x < 0 || y < 0 || x > plot.width || y > plot.height) return;
    const size = 44,
      left = x + 14 + size > plot.width ? x - 14 - size : x + 14,
      top = Math.min(Math.max(y - size / 2, 3), plot.height - size - 3);
    const [sx, sy] = this.spritePlace(this.state.current);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.sprite, sx, sy, SIDE, SIDE, left, top, size, size);
    context.imageSmoothingEnabled = true;
    context.lineWidth = 1.5;
    context.strokeRect(left, top, size, size);
  }

  drawPrior(plot, context, color) {
    const next = normals(1);
    context.strokeStyle = color;
    context.globalAlpha = 0.5;
    context.beginPath();
    for (let i = 0; i < SPREAD; i++) {
      const [x, y] = plot.toScreen(next(), next());
      context.moveTo(x - 2.5, y - 2.5);
      context.lineTo(x + 2.5, y + 2.5);
      context.moveTo(x - 2.5, y + 2.5);
      context.lineTo(x + 2.5, y - 2.5);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  drawTrail({ plot, polygon }, look) {
    const context = contextOf(plot.canvas);
    context.strokeStyle = look.text;
    context.setLineDash([4, 3]);
    context.lineWidth = 1.5;
    context.beginPath();
    polygon.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }

  /** @param {number} i @returns {[number, number]} */
  spritePlace(i) {
    return [(i % SPRITE_COLUMNS) * SIDE, Math.floor(i / SPRITE_COLUMNS) * SIDE];
  }

  /* ---- pointing, dragging, keys ---- */

  down(plot, event) {
    plot.canvas.setPointerCapture(event.pointerId);
    plot.fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
    const { tool } = this.state;
    const select = tool !== "move" ? tool : event.shiftKey ? "lasso" : null;
    if (select && plot.fingers.size === 1)
      this.trail = { plot, kind: select, polygon: [[event.offsetX, event.offsetY]] };
    else if (plot.fingers.size > 1) this.trail = null;
    this.point(plot, event.offsetX, event.offsetY, event.pointerType === "touch" ? 24 : 14);
  }

  move(plot, event) {
    const { offsetX: x, offsetY: y } = event;
    const before = plot.fingers.get(event.pointerId);
    if (!before) return event.pointerType === "mouse" && this.point(plot, x, y);
    const { trail } = this;
    if (trail && trail.plot === plot) {
      const [x0, y0] = trail.polygon[0];
      if (trail.kind === "box")
        trail.polygon = [
          [x0, y0],
          [x, y0],
          [x, y],
          [x0, y],
        ];
      else trail.polygon.push([x, y]);
    } else if (plot.fingers.size === 2) {
      const [other] = [...plot.fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const span = ([ax, ay]) => Math.hypot(ax - other[0], ay - other[1]) || 1;
      plot.zoomAt(span([x, y]) / span(before), (x + other[0]) / 2, (y + other[1]) / 2);
      plot.pan((x - before[0]) / 2, (y - before[1]) / 2);
    } else if (event.pointerType === "touch") this.point(plot, x, y, 24);
    else {
      plot.canvas.classList.add("dragging");
      plot.pan(x - before[0], y - before[1]);
    }
    plot.fingers.set(event.pointerId, [x, y]);
    this.redraw();
  }

  up(plot, event) {
    plot.fingers.delete(event.pointerId);
    plot.canvas.classList.remove("dragging");
    const { trail } = this;
    if (!trail || trail.plot !== plot) return;
    const { polygon } = trail;
    this.trail = null;
    const xs = polygon.map(([x]) => x),
      ys = polygon.map(([, y]) => y);
    const drawn = Math.max(...xs) - Math.min(...xs) > 4 && Math.max(...ys) - Math.min(...ys) > 4;
    this.set({ selected: drawn ? plot.inside(polygon, this.shown) : [] });
  }

  point(plot, x, y, reach = 14) {
    const i = plot.at(x, y, reach, this.level);
    if (i >= 0) this.show(i);
  }

  show(i) {
    if (i === this.state.current) return;
    this.state.current = i;
    this.inspect();
    this.redraw();
  }

  zoom(plot, factor, x, y) {
    plot.zoomAt(factor, x, y);
    this.redraw();
  }

  link(linked) {
    const { left, right } = this.plots;
    right.view = this.state.views.right = linked ? left.view : { ...right.view };
    this.set({ linked });
  }

  resetView() {
    for (const side of SIDES) Object.assign(this.plots[side].view, { zoom: 1, x: 0, y: 0 });
    this.redraw();
  }

  key(plot, event) {
    const direction = arrow(event);
    const { current } = this.state;
    if (direction) {
      const next = current < 0 ? this.level.indexOf(1) : plot.step(current, ...direction, this.level);
      this.show(next);
    } else if (event.key === "Escape") this.set({ selected: [], isolated: [] });
    else if (event.key === "+" || event.key === "=") this.zoom(plot, 1.4);
    else if (event.key === "-") this.zoom(plot, 1 / 1.4);
    else if (event.key === "0") this.resetView();
    else if (event.key === "Enter" && current >= 0) this.open(current);
    else return;
    event.preventDefault();
  }

  open(i) {
    if (this.data.can_open) this.trigger("open", i);
  }

  destroy() {
    super.destroy();
    cancelAnimationFrame(this.gliding);
  }
}

/** Indices of the k codes nearest to code i, in the latent space itself. */
function nearest(codes, d, i, k) {
  const distances = new Float32Array(codes.length / d);
  for (let j = 0; j < distances.length; j++)
    for (let a = 0; a < d; a++) distances[j] += (codes[j * d + a] - codes[i * d + a]) ** 2;
  distances[i] = Infinity;
  return Array.from(distances.keys())
    .sort((a, b) => distances[a] - distances[b])
    .slice(0, k);
}
