/* One of the two maps: its canvas with heading and caption, and what pointer and keys do on it.
   map_drawing.js draws it. */

import { prepare } from "../../web/canvas.js";
import { make } from "../../web/elements.js";
import { arrow } from "../../web/keys.js";
import { inkOf } from "../../web/models.js";
import { Scatter } from "../../web/scatter.js";
import { drawMap } from "./map_drawing.js";

/** @import { MapData, Side } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Place } from "../../web/scatter.js" */
/** @import { Content } from "./map_drawing.js" */
/**
 * What a map asks of the component it is part of.
 * @typedef {object} Owner
 * @property {() => string} tool "move", "lasso" or "box"
 * @property {() => Uint8Array} level for each point 1 if it can be pointed at
 * @property {() => number} current
 * @property {(i: number) => void} show an image that is pointed at
 * @property {(plot: Plot, polygon: Place[]) => void} select what is inside a polygon; nothing if it is very small
 * @property {() => void} clear the selection
 * @property {() => void} reset all views
 * @property {(i: number) => void} open an image in both models
 * @property {() => void} redraw
 */

const REACH = { mouse: 14, touch: 24 }; // pixels

export class Plot extends Scatter {
  /** @type {Map<number, Place>} fingers that are down, by their pointer's id */
  fingers = new Map();
  /** @type {{kind: string, polygon: Place[]} | null} what is being drawn round points */
  trail = null;

  /** @param {Side} side @param {Owner} owner */
  constructor(side, owner) {
    const canvas = make("canvas", { tabindex: 0, role: "application", "data-side": side });
    super(canvas);
    this.owner = owner;
    this.heading = make("h2");
    this.caption = make("p", { class: "caption muted small" });
    this.panel = make("div", { class: "map" }, this.heading, this.caption, canvas);
    canvas.onpointerdown = (event) => this.down(event);
    canvas.onpointermove = (event) => this.move(event);
    canvas.onpointerup = canvas.onpointercancel = (event) => this.up(event);
    canvas.ondblclick = (event) => this.zoom(1.8, event.offsetX, event.offsetY);
    canvas.onkeydown = (event) => this.key(event);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  /** @param {MapData} info @param {number} count of images */
  take({ title, caption, color, color_dark }, count) {
    this.heading.textContent = title;
    this.caption.textContent = caption;
    this.panel.style.setProperty("--light", color);
    this.panel.style.setProperty("--dark", color_dark);
    this.canvas.setAttribute(
      "aria-label",
      `${title}: map of ${count} test images. ${caption} ` +
        "Arrow keys move from point to point, plus and minus zoom, Escape clears.",
    );
  }

  /* ---- pointing, dragging, keys ---- */

  /** @param {PointerEvent} event */
  down(event) {
    const { offsetX: x, offsetY: y } = event,
      tool = this.owner.tool();
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, [x, y]);
    if (this.fingers.size > 1) this.trail = null;
    else if (tool !== "move") this.trail = { kind: tool, polygon: [[x, y]] };
    else if (event.shiftKey) this.trail = { kind: "lasso", polygon: [[x, y]] };
    this.point(x, y, event.pointerType === "touch" ? REACH.touch : REACH.mouse);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { offsetX: x, offsetY: y } = event,
      before = this.fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") this.point(x, y);
      return;
    }
    if (this.trail) {
      const [[x0, y0]] = this.trail.polygon;
      if (this.trail.kind === "box")
        this.trail.polygon = [
          [x0, y0],
          [x, y0],
          [x, y],
          [x0, y],
        ];
      else this.trail.polygon.push([x, y]);
    } else if (this.fingers.size === 2) {
      const [other] = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      /** @type {(place: Place) => number} */
      const span = ([ax, ay]) => Math.hypot(ax - other[0], ay - other[1]) || 1;
      this.zoomAt(span([x, y]) / span(before), (x + other[0]) / 2, (y + other[1]) / 2);
      this.pan((x - before[0]) / 2, (y - before[1]) / 2);
    } else if (event.pointerType === "touch") this.point(x, y, REACH.touch);
    else {
      this.canvas.classList.add("dragging");
      this.pan(x - before[0], y - before[1]);
    }
    this.fingers.set(event.pointerId, [x, y]);
    this.owner.redraw();
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.fingers.delete(event.pointerId);
    this.canvas.classList.remove("dragging");
    const { trail } = this;
    if (!trail) return;
    this.trail = null;
    this.owner.select(this, trail.polygon);
  }

  /**
   * A wheel over the page scrolls the page; over a map one is working on (focused), or with Ctrl, it zooms.
   * @param {WheelEvent} event
   */
  wheel(event) {
    const { activeElement } = /** @type {ShadowRoot} */ (this.canvas.getRootNode());
    if (!event.ctrlKey && !event.metaKey && activeElement !== this.canvas) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * 0.002), event.offsetX, event.offsetY);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const direction = arrow(event),
      { owner } = this,
      current = owner.current();
    if (direction) owner.show(current < 0 ? owner.level().indexOf(1) : this.step(current, ...direction, owner.level()));
    else if (event.key === "Escape") owner.clear();
    else if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(1 / 1.4);
    else if (event.key === "0") owner.reset();
    else if (event.key === "Enter" && current >= 0) owner.open(current);
    else return;
    event.preventDefault();
  }

  /** @param {number} x @param {number} y @param {number} reach in pixels */
  point(x, y, reach = REACH.mouse) {
    const i = this.at(x, y, reach, this.owner.level());
    if (i >= 0) this.owner.show(i);
  }

  /** @param {number} factor @param {number} [x] @param {number} [y] the place that stays */
  zoom(factor, x, y) {
    this.zoomAt(factor, x, y);
    this.owner.redraw();
  }

  /* ---- drawing ---- */

  /**
   * @param {number} width @param {number} height in CSS pixels @param {MapData} info @param {Content} content
   * @param {Look} look
   */
  draw(width, height, info, content, look) {
    this.heading.style.color = inkOf(info, look.dark);
    const context = prepare(this.canvas, width, height);
    this.resize(width, height);
    this.canvas.dataset.pictures = String(drawMap(context, this, info, content, look));
    if (this.trail) drawTrail(context, this.trail.polygon, look);
  }
}

/**
 * What is being drawn round points.
 * @param {CanvasRenderingContext2D} context @param {Place[]} polygon @param {Look} look
 */
function drawTrail(context, polygon, look) {
  Object.assign(context, { strokeStyle: look.text, lineWidth: 1.5 });
  context.setLineDash([4, 3]);
  context.beginPath();
  for (const place of polygon) context.lineTo(...place);
  context.closePath();
  context.stroke();
  context.setLineDash([]);
}
