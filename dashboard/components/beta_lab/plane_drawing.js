/* The parts of the rate-distortion plane: axes, lines of equal -ELBO, curves, trained networks, where the knob is. */

import { disc, ring } from "../../web/marks.js";
import { short, withMinus } from "../../web/measures.js";
import { ticks } from "../../web/ticks.js";

/** @import { CurvePoint, Figures, TrainedBeta } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @typedef {{right: number, low: number, high: number}} Bounds the largest rate, both ends of the distortion */

const TOP = 8; // pixels above the plane,
const MARGIN = 8; // right of it,
const BELOW = 34; // and below it

/**
 * What spans the axes: everything that is drawn, with room for labels.
 * @param {{rate: number, distortion: number}[]} points @param {number | null} ae the AE's distortion
 * @returns {Bounds}
 */
export function boundsOf(points, ae) {
  const rates = points.map(({ rate }) => rate),
    distortions = [...points.map(({ distortion }) => distortion), ...(ae === null ? [] : [ae])];
  const middle = (Math.min(...distortions) + Math.max(...distortions)) / 2,
    half = Math.max(Math.max(...distortions) - middle, 15); // a single run is no plane
  const [low, high] = [middle - half, middle + half];
  return {
    right: 1.12 * Math.max(...rates, 12),
    low: low - 0.12 * (high - low) - 1,
    high: high + 0.06 * (high - low) + 1,
  };
}

export class PlaneDrawing {
  /**
   * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height in CSS pixels
   * @param {Bounds} bounds @param {Look} look
   */
  constructor(context, width, height, bounds, look) {
    this.context = context;
    this.width = width;
    this.height = height;
    this.bounds = bounds;
    this.look = look;
    this.scale = ticks(bounds.low, bounds.high, 5).map((value) => ({ value, words: withMinus(value) }));
    this.left = 40 + 6 * Math.max(0, ...this.scale.map(({ words }) => words.length - 3));
    this.right = width - MARGIN;
    this.bottom = height - BELOW;
  }

  /** @param {number} rate */
  X(rate) {
    return this.left + (rate / this.bounds.right) * (this.right - this.left);
  }

  /** @param {number} distortion */
  Y(distortion) {
    const { low, high } = this.bounds;
    return this.bottom - ((distortion - low) / (high - low)) * (this.bottom - TOP);
  }

  /**
   * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 in pixels
   * @param {string} color @param {number[]} dash
   */
  line(x0, y0, x1, y1, color, dash = [], width = 1) {
    const { context } = this;
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
    context.setLineDash([]);
  }

  /**
   * @param {{rate: number, distortion: number}[]} points @param {string} color @param {number} width
   * @param {number[]} dash
   */
  curve(points, color, width, dash = []) {
    const { context } = this;
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.setLineDash(dash);
    context.beginPath();
    for (const { rate, distortion } of points) context.lineTo(this.X(rate), this.Y(distortion));
    context.stroke();
    context.setLineDash([]);
  }

  /**
   * @param {string} words @param {number} x @param {number} y in pixels @param {string} color
   * @param {CanvasTextAlign} align @param {number} size in pixels
   */
  text(words, x, y, color, align = "left", size = 11) {
    Object.assign(this.context, { fillStyle: color, textAlign: align, font: `${size}px ${this.look.font}` });
    this.context.fillText(words, x, y);
  }

  /**
   * A disc with a halo.
   * @param {{rate: number, distortion: number}} point @param {number} radius @param {string} color
   * @param {string} halo @param {number} width of the halo
   */
  dot({ rate, distortion }, radius, color, halo, width = 1.5) {
    const { context } = this,
      [x, y] = [this.X(rate), this.Y(distortion)];
    context.fillStyle = color;
    disc(context, x, y, radius);
    ring(context, x, y, radius, halo, width);
  }

  axes() {
    const { context, left, right, bottom, bounds, look } = this;
    this.line(left, TOP, left, bottom, look.faint);
    this.line(left, bottom, right, bottom, look.faint);
    for (const rate of ticks(0, bounds.right, 5))
      this.text(String(rate), this.X(rate), bottom + 14, look.muted, "center");
    for (const { value, words } of this.scale) this.text(words, left - 5, this.Y(value) + 4, look.muted, "right");
    this.text("rate R, nats", (left + this.width) / 2, this.height - 4, look.muted, "center");
    context.save();
    context.translate(10, (TOP + bottom) / 2);
    context.rotate(-Math.PI / 2);
    this.text("distortion D, nats", 0, 0, look.muted, "center");
    context.restore();
  }

  /**
   * Draws what must not leave the plane.
   * @param {() => void} draw
   */
  inside(draw) {
    const { context, left, right, bottom } = this;
    context.save();
    context.beginPath();
    context.rect(left, TOP, right - left, bottom - TOP);
    context.clip();
    draw();
    context.restore();
  }

  /**
   * Lines of equal -ELBO = D + R, named at the right edge where nothing else is written; and the AE's distortion, a
   * level, since it has no rate.
   * @param {number | null} ae the AE's distortion @param {string} color its colour
   */
  levels(ae, color) {
    const { bounds, bottom, look } = this,
      [start, end] = [this.X(0), this.X(bounds.right)];
    for (const elbo of ticks(bounds.low, bounds.high + bounds.right, 8)) {
      this.line(start, this.Y(elbo), end, this.Y(elbo - bounds.right), look.faint, [2, 3]);
      const y = this.Y(elbo - bounds.right) - 3,
        free = ae === null || Math.abs(y - this.Y(ae)) >= 12;
      if (y > TOP + 34 && y < bottom - 4 && free) this.text(`−ELBO ${elbo}`, end - 3, y, look.muted, "right", 9);
    }
    if (ae === null) return;
    this.line(start, this.Y(ae), end, this.Y(ae), color, [6, 4], 1.5);
    this.text("AE: no rate", start + 5, this.Y(ae) + 13, color);
  }

  /**
   * A trained network, with the spread over seeds where there are several; a ring if it was trained in this browser.
   * @param {TrainedBeta} run @param {string} color
   */
  trained(run, color) {
    const { spread, rate, distortion } = run,
      [x, y] = [this.X(rate), this.Y(distortion)];
    if (spread) {
      this.line(this.X(spread.rate[0]), y, this.X(spread.rate[1]), y, color, [], 1.5);
      this.line(x, this.Y(spread.distortion[0]), x, this.Y(spread.distortion[1]), color, [], 1.5);
    }
    if (run.where === "browser") this.dot(run, 3.5, this.look.background, color, 2.5);
    else this.dot(run, 4.5, color, this.look.background);
  }

  /**
   * A network in training, from epoch to epoch.
   * @param {Figures[]} path @param {string} color
   */
  training(path, color) {
    if (!path.length) return;
    this.context.globalAlpha = 0.7;
    this.curve(path, color, 1.2);
    this.context.globalAlpha = 1;
    this.dot(path[path.length - 1], 4.5, this.look.background, color);
  }

  /**
   * Where the knob is, and the slope that its weight asks for.
   * @param {CurvePoint} point
   */
  current({ rate, distortion, beta }) {
    const { bounds, look } = this,
      [start, end] = [distortion + beta * rate, distortion - beta * (bounds.right - rate)];
    this.line(this.X(0), this.Y(start), this.X(bounds.right), this.Y(end), look.text);
    ring(this.context, this.X(rate), this.Y(distortion), 8, look.text, 2.5);
  }

  /** Names the slope. @param {number} beta */
  slope(beta) {
    this.text(`slope −β = −${short(beta)}`, this.width - 12, TOP + 12, this.look.text, "right", 12);
  }
}
