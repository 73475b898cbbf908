/* One of the two maps: its canvas with heading and caption, what pointer and keys do on it, and how it is drawn. */

import { contextOf, prepare } from "../../web/canvas.js";
import { make } from "../../web/elements.js";
import { arrow } from "../../web/keys.js";
import { inked } from "../../web/look.js";
import { normals } from "../../web/posterior.js";
import { Scatter } from "../../web/scatter.js";
import { SPRITE_COLUMNS } from "../../web/sprites.js";
import { apart, nearest } from "./map_points.js";

/** @import { MapData, Side } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Place } from "../../web/scatter.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/**
 * What a map shows of the images.
 * @typedef {object} Content
 * @property {string[]} colors a palette
 * @property {ArrayLike<number>} which for each point its place in the palette
 * @property {Uint8Array} level for each point 1 if it is drawn in full
 * @property {number} current the image pointed at; -1: none
 * @property {Record<string, boolean>} layers
 * @property {Float32Array} codes (n, dim)
 * @property {Float32Array | undefined} sigma (n, 2), in a map that is the latent space itself
 * @property {Sprite | undefined} sprite
 * @property {boolean} pictures whether images are drawn in place of their points
 */
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

export const NEIGHBOURS = 8;
const SPREAD = 400; // prior samples drawn on a native map
const REACH = { mouse: 14, touch: 24 }; // pixels
const PICTURE = 26; // pixels of an image in place of its point
const SMALL = 4; // pixels: a smaller trail is a click

/**
 * Where image i lies in a sprite of this side: left, top, width, height.
 * @param {number} i @param {number} side @returns {[number, number, number, number]}
 */
export function spritePlace(i, side) {
  return [(i % SPRITE_COLUMNS) * side, Math.floor(i / SPRITE_COLUMNS) * side, side, side];
}

/**
 * Whether a polygon is large enough to select by.
 * @param {Place[]} polygon
 */
export function encloses(polygon) {
  return [0, 1].every((axis) => {
    const values = polygon.map((place) => place[axis]);
    return Math.max(...values) - Math.min(...values) > SMALL;
  });
}

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
    const own = look.dark ? info.color_dark : info.color,
      { current, layers, level } = content,
      sigma = info.native ? content.sigma : undefined;
    this.heading.style.color = inked(own);
    const context = prepare(this.canvas, width, height);
    this.resize(width, height);
    const pictures = content.pictures ? content.sprite : undefined;
    this.stamp(context, content.colors, content.which, pictures ? level.map(() => 0) : level, look.background);
    this.canvas.dataset.pictures = String(pictures ? this.drawPictures(context, content, pictures) : 0);
    if (info.native && layers.circles) this.circles(context, look.muted);
    if (info.native && layers.prior) this.drawPrior(context, look.text);
    /** @type {(i: number, width: number, color: string, alpha?: number) => void} */
    const ellipse = (i, width, color, alpha) => {
      if (sigma) this.ellipse(context, this.placeOf(i), sigma.subarray(2 * i, 2 * i + 2), width, color, alpha);
    };
    if (layers.ellipses) for (let i = 0; i < level.length; i++) if (level[i]) ellipse(i, 1, look.text, 0.16);
    if (current >= 0) {
      context.lineWidth = 1.2;
      for (const width of [1, 2]) ellipse(current, width, own);
      if (layers.neighbours) this.drawNeighbours(context, content, info.dim, look);
      this.drawMarked(context, content, own, look);
    }
    if (this.trail) this.drawTrail(context, this.trail.polygon, look);
  }

  /** @param {number} i @returns {Place} */
  placeOf(i) {
    return [this.points[2 * i], this.points[2 * i + 1]];
  }

  /**
   * Images in place of their points, as many as fit beside each other, framed in the points' colours. Returns how many
   * of them there are, out of sight included.
   * @param {CanvasRenderingContext2D} context @param {Content} content @param {Sprite} sprite
   */
  drawPictures(context, { colors, which, level }, { picture, format }) {
    const half = PICTURE / 2;
    context.lineWidth = 2;
    const chosen = apart(this.points, this.scale * this.view.zoom, PICTURE + 2, level);
    for (const i of chosen) {
      const [x, y] = this.toScreen(...this.placeOf(i));
      if (x < -half || y < -half || x > this.width + half || y > this.height + half) continue;
      context.drawImage(picture, ...spritePlace(i, format.side), x - half, y - half, PICTURE, PICTURE);
      context.strokeStyle = colors[which[i] % colors.length];
      context.strokeRect(x - half + 1, y - half + 1, PICTURE - 2, PICTURE - 2);
    }
    return chosen.length;
  }

  /**
   * Lines to the nearest codes.
   * @param {CanvasRenderingContext2D} context @param {Content} content @param {number} dim @param {Look} look
   */
  drawNeighbours(context, { codes, current }, dim, look) {
    context.strokeStyle = look.text;
    for (const j of nearest(codes, dim, current, NEIGHBOURS)) {
      context.beginPath();
      context.moveTo(...this.toScreen(...this.placeOf(current)));
      context.lineTo(...this.toScreen(...this.placeOf(j)));
      context.stroke();
    }
  }

  /**
   * A ring round the image pointed at, and the image itself beside it, kept inside the map.
   * @param {CanvasRenderingContext2D} context @param {Content} content @param {string} color @param {Look} look
   */
  drawMarked(context, { current, sprite }, color, look) {
    const [x, y] = this.toScreen(...this.placeOf(current));
    Object.assign(context, { lineWidth: 4.5, strokeStyle: look.background });
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.stroke();
    Object.assign(context, { lineWidth: 2.5, strokeStyle: color });
    context.stroke();
    if (!sprite || x < 0 || y < 0 || x > this.width || y > this.height) return;
    const size = 44,
      left = x + 14 + size > this.width ? x - 14 - size : x + 14,
      top = Math.min(Math.max(y - size / 2, 3), this.height - size - 3);
    context.imageSmoothingEnabled = false;
    context.drawImage(sprite.picture, ...spritePlace(current, sprite.format.side), left, top, size, size);
    context.imageSmoothingEnabled = true;
    context.lineWidth = 1.5;
    context.strokeRect(left, top, size, size);
  }

  /** @param {CanvasRenderingContext2D} context @param {string} color */
  drawPrior(context, color) {
    const next = normals(1);
    Object.assign(context, { strokeStyle: color, globalAlpha: 0.5 });
    context.beginPath();
    for (let i = 0; i < SPREAD; i++) {
      const [x, y] = this.toScreen(next(), next());
      context.moveTo(x - 2.5, y - 2.5);
      context.lineTo(x + 2.5, y + 2.5);
      context.moveTo(x - 2.5, y + 2.5);
      context.lineTo(x + 2.5, y - 2.5);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} context @param {Place[]} polygon @param {Look} look */
  drawTrail(context, polygon, look) {
    Object.assign(context, { strokeStyle: look.text, lineWidth: 1.5 });
    context.setLineDash([4, 3]);
    context.beginPath();
    for (const place of polygon) context.lineTo(...place);
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }
}

/**
 * A tile with an image of the sprite; empty while there is none.
 * @param {Sprite | undefined} sprite @param {number} i
 */
export function spriteTile(sprite, i) {
  const side = sprite?.format.side ?? 28,
    canvas = make("canvas", { class: "tile", width: side, height: side });
  if (sprite) contextOf(canvas).drawImage(sprite.picture, ...spritePlace(i, side), 0, 0, side, side);
  return canvas;
}
