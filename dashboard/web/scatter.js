/* One map of points on a canvas: fits, zooms, pans, draws and answers which point is where. Used by maps.js and others.

   Points are drawn by dots.js. A view {zoom, x, y} is relative to the fitted picture and in units of its
   width: the same view means the same to maps of any size, which is what links two of them. */

import { Dots } from "./dots.js";
import { priorCircles } from "./marks.js";

/** @typedef {[number, number]} Place x and y */
/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {ArrayLike<number> | ArrayLike<boolean> | null} Allowed which points count; null: all */

const PRIOR = 3.2; // standard deviations of the prior that a map of the latent space shows at least

export class Scatter {
  /** @param {HTMLCanvasElement} canvas where to draw; sized by draw(). */
  constructor(canvas) {
    this.canvas = canvas;
    this.view = { zoom: 1, x: 0, y: 0 };
    /** @type {Float32Array} x0 y0 x1 y1 ... */
    this.points = new Float32Array(0);
    /** @type {number[]} x0, y0, x1, y1 */
    this.bounds = [-1, -1, 1, 1];
    this.width = this.height = 1;
    this.scale = 1; // pixels per unit
    /** @type {Place} */
    this.centre = [0, 0];
    this.dots = new Dots();
  }

  /**
   * New points; by default the picture is fitted around them, `bounds` = [x0, y0, x1, y1] overrides that.
   * @param {Float32Array} points @param {number[] | null} bounds
   */
  setPoints(points, bounds = null) {
    this.points = points;
    this.bounds = bounds ?? boundsOf(points);
  }

  /** @param {number} width @param {number} height in CSS pixels */
  resize(width, height) {
    Object.assign(this, { width, height });
    const [x0, y0, x1, y1] = this.bounds;
    // equal on both axes
    this.scale = 0.92 * Math.min(width / Math.max(x1 - x0, 1e-6), height / Math.max(y1 - y0, 1e-6));
    this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  /**
   * Screen position of a data position.
   * @param {number} x @param {number} y @returns {Place}
   */
  toScreen(x, y) {
    const { zoom } = this.view,
      unit = this.width;
    return [
      ((x - this.centre[0]) * this.scale + this.view.x * unit) * zoom + this.width / 2,
      (-(y - this.centre[1]) * this.scale + this.view.y * unit) * zoom + this.height / 2,
    ];
  }

  /**
   * Data position of a screen position.
   * @param {number} px @param {number} py @returns {Place}
   */
  toData(px, py) {
    const { zoom } = this.view,
      unit = this.width;
    return [
      ((px - this.width / 2) / zoom - this.view.x * unit) / this.scale + this.centre[0],
      -((py - this.height / 2) / zoom - this.view.y * unit) / this.scale + this.centre[1],
    ];
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.view.x += dx / this.width / this.view.zoom;
    this.view.y += dy / this.width / this.view.zoom;
  }

  /**
   * Zoom by a factor, keeping what is under (px, py) where it is.
   * @param {number} factor
   */
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const zoom = Math.min(Math.max(this.view.zoom * factor, 0.5), 60);
    const change = (1 / zoom - 1 / this.view.zoom) / this.width;
    this.view.x += (px - this.width / 2) * change;
    this.view.y += (py - this.height / 2) * change;
    this.view.zoom = zoom;
  }

  /**
   * Index of the nearest point within `reach` pixels that `allowed` admits, or -1.
   * @param {number} px @param {number} py @param {number} reach @param {Allowed} allowed
   */
  at(px, py, reach = 14, allowed = null) {
    let best = -1,
      least = reach * reach;
    const s = this.scale * this.view.zoom,
      [ox, oy] = this.toScreen(0, 0),
      { points } = this;
    for (let i = 0; i < points.length / 2; i++) {
      const dx = points[2 * i] * s + ox - px,
        dy = -points[2 * i + 1] * s + oy - py;
      const distance = dx * dx + dy * dy;
      if (distance < least && (!allowed || allowed[i])) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /**
   * From point i to its nearest neighbour on the screen within 45 degrees of a direction, or i itself.
   * @param {number} i @param {number} dx @param {number} dy @param {Allowed} allowed
   */
  step(i, dx, dy, allowed = null) {
    let best = i,
      least = Infinity;
    const [x0, y0] = [this.points[2 * i], this.points[2 * i + 1]];
    for (let j = 0; j < this.points.length / 2; j++) {
      if (j === i || (allowed && !allowed[j])) continue;
      const x = this.points[2 * j] - x0,
        y = y0 - this.points[2 * j + 1];
      const along = x * dx + y * dy,
        across = Math.abs(x * dy) + Math.abs(y * dx);
      if (along > 0 && across <= along && along * along + across * across < least) {
        least = along * along + across * across;
        best = j;
      }
    }
    return best;
  }

  /**
   * Indices of the points inside a polygon of screen positions.
   * @param {Place[]} polygon @param {Allowed} allowed @returns {number[]}
   */
  inside(polygon, allowed = null) {
    /** @type {number[]} */
    const found = [];
    const s = this.scale * this.view.zoom,
      [ox, oy] = this.toScreen(0, 0);
    for (let i = 0; i < this.points.length / 2; i++) {
      if (allowed && !allowed[i]) continue;
      const x = this.points[2 * i] * s + ox,
        y = -this.points[2 * i + 1] * s + oy;
      let odd = false;
      for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
        const [xa, ya] = polygon[a],
          [xb, yb] = polygon[b];
        if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) odd = !odd;
      }
      if (odd) found.push(i);
    }
    return found;
  }

  /** Radius in pixels that suits this many points at this zoom. */
  radius() {
    const density = Math.sqrt(2000 / Math.max(this.points.length / 2, 300));
    return Math.min(Math.max(2.6 * density * (this.width / 420) ** 0.5 * this.view.zoom ** 0.45, 1.3), 9);
  }

  /**
   * Draws every point, on an opaque ground.
   * @param {Context} context
   * @param {string[]} colors a palette
   * @param {ArrayLike<number>} which for each point an index into `colors`
   * @param {ArrayLike<number>} level for each point 1 for a full one, 0 for a faint one
   * @param {string} background
   * @param {number} faint opacity of the faint ones
   */
  stamp(context, colors, which, level, background, faint = 0.13) {
    const ratio = this.canvas.width / this.width,
      [x, y] = this.toScreen(0, 0);
    const place = { x: x * ratio, y: y * ratio, scale: this.scale * this.view.zoom * ratio };
    this.dots.draw(context, this.canvas, this.points, place, this.radius() * ratio, {
      colors,
      which,
      level,
      background,
      faint,
    });
  }

  /**
   * The prior's circles r = 1, 2, 3 and its centre: only where the map is the latent space itself.
   * @param {Context} context @param {string} color
   */
  circles(context, color) {
    const [cx, cy] = this.toScreen(0, 0);
    context.font = "11px sans-serif";
    priorCircles(context, cx, cy, this.scale * this.view.zoom, color, (r, radius) => {
      if (radius > 24 * r) context.fillText(`r = ${r}`, cx + radius * 0.71 + 3, cy - radius * 0.71 - 3);
    });
  }

  /**
   * A Gaussian of covariance [xx, xy, yy] to scale, at `factor` standard deviations.
   * @param {Context} context @param {Place} mean @param {number[]} covariance @param {number} factor
   */
  cloud(context, mean, [xx, xy, yy], factor) {
    const middle = (xx + yy) / 2,
      radius = Math.hypot((xx - yy) / 2, xy); // eigenvalues: middle +- radius
    const s = this.scale * this.view.zoom * factor;
    context.beginPath();
    context.ellipse(
      ...this.toScreen(...mean),
      Math.sqrt(middle + radius) * s,
      Math.sqrt(Math.max(middle - radius, 0)) * s,
      -0.5 * Math.atan2(2 * xy, xx - yy),
      0,
      2 * Math.PI,
    );
    context.stroke();
  }

  /**
   * A posterior to scale: its mean +- `width` standard deviations.
   * @param {Context} context @param {ArrayLike<number>} mean @param {ArrayLike<number>} sigma @param {number} width
   * @param {string} color
   */
  ellipse(context, mean, sigma, width, color, alpha = 1) {
    const [x, y] = this.toScreen(mean[0], mean[1]);
    const s = this.scale * this.view.zoom * width;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.beginPath();
    context.ellipse(x, y, Math.max(sigma[0] * s, 0.5), Math.max(sigma[1] * s, 0.5), 0, 0, 2 * Math.PI);
    context.stroke();
    context.globalAlpha = 1;
  }
}

/**
 * Bounds that leave out the farthest 0.2 % on each side, which would squeeze everything else.
 * @param {Float32Array} points x0 y0 x1 y1 ...
 * @returns {number[]} x0, y0, x1, y1
 */
export function boundsOf(points) {
  /** @type {(offset: number) => Place} */
  const range = (offset) => {
    const values = Float32Array.from({ length: points.length / 2 }, (_, i) => points[2 * i + offset]).sort();
    const cut = Math.floor(values.length * 0.002);
    return [values[cut], values[values.length - 1 - cut]];
  };
  if (points.length < 2) return [-1, -1, 1, 1];
  if (points.length < 4) return [points[0] - 1, points[1] - 1, points[0] + 1, points[1] + 1];
  const [[x0, x1], [y0, y1]] = [range(0), range(1)];
  return [x0, y0, x1, y1];
}

/**
 * As `boundsOf`, for a map that is the latent space itself: the prior's circle r = 3 is inside.
 * @param {Float32Array} points x0 y0 x1 y1 ...
 * @returns {number[]} x0, y0, x1, y1
 */
export function boundsWithPrior(points) {
  const [x0, y0, x1, y1] = boundsOf(points);
  return [Math.min(x0, -PRIOR), Math.min(y0, -PRIOR), Math.max(x1, PRIOR), Math.max(y1, PRIOR)];
}
