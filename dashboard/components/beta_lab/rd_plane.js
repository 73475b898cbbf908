/* The plane of rate R (across) and distortion D (up), both in nats per image, drawn at the screen's rate.

   Lines of equal -ELBO = D + R fall at 45 degrees in nats. Minimising D + beta R finds the point where the curve's
   tangent has slope -beta: that tangent is drawn at the current point. An AE has a distortion and no rate: a level, not
   a point. A network in training leaves its path: where it was after every epoch. */

import { prepare } from "../../web/canvas.js";
import { disc, ring } from "../../web/marks.js";
import { plainly } from "../../web/measures.js";
import { ticks } from "../../web/ticks.js";

/** @import { CurvePoint, Figures, TrainedBeta } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/**
 * What can be pointed at.
 * @typedef {CurvePoint & Partial<Pick<TrainedBeta, "spread" | "where">>
 *   & {trained: boolean, x: number, y: number}} Target
 */
/** @typedef {{curve: CurvePoint[], trained: TrainedBeta[], ae: number | null}} Measured `ae`: the AE's distortion */
/** @typedef {{at: CurvePoint, path: Figures[], own: string, aeColor: string, look: Look}} Shown */

export class Plane {
  /** @param {HTMLCanvasElement} canvas @param {(beta: number) => void} onChoose */
  constructor(canvas, onChoose) {
    this.canvas = canvas;
    this.onChoose = onChoose;
    /** @type {(() => void) | null} */
    this.redraw = null;
    /** @type {[number, number] | null} */
    this.pointer = null;
    /** @type {Target[]} */
    this.targets = [];
    canvas.onpointermove = (event) => this.point(event);
    canvas.onpointerleave = () => {
      this.pointer = null;
      this.redraw?.();
    };
    canvas.onclick = (event) => {
      this.point(event);
      const near = this.near();
      if (near) this.onChoose(near.beta);
    };
  }

  /** @param {MouseEvent} event */
  point(event) {
    this.pointer = [event.offsetX, event.offsetY];
    this.redraw?.();
  }

  near() {
    if (!this.pointer) return null;
    const [x, y] = this.pointer;
    /** @type {Target | null} */
    let best = null;
    let least = 22;
    for (const target of this.targets) {
      const distance = Math.hypot(target.x - x, target.y - y) - (target.trained ? 6 : 0);
      if (distance < least) {
        least = distance;
        best = target;
      }
    }
    return best;
  }

  /**
   * What spans the axes: everything that is drawn, with room for labels.
   * @param {Measured} measured
   */
  bounds({ curve, trained, ae }) {
    const points = [...curve, ...trained];
    const rates = points.map((p) => p.rate),
      distortions = [...points.map((p) => p.distortion), ...(ae === null ? [] : [ae])];
    const middle = (Math.min(...distortions) + Math.max(...distortions)) / 2,
      half = Math.max(Math.max(...distortions) - middle, 15); // a single run is no plane
    const [low, high] = [middle - half, middle + half];
    return {
      right: 1.12 * Math.max(...rates, 12),
      low: low - 0.12 * (high - low) - 1,
      high: high + 0.06 * (high - low) + 1,
    };
  }

  /** @param {Measured & Shown} what */
  draw({ curve, trained, ae, at, path, own, aeColor, look }) {
    const { canvas } = this,
      width = canvas.clientWidth,
      height = Math.min(width, 380);
    if (!width) return;
    const context = prepare(canvas, width, height),
      { right, low, high } = this.bounds({ curve, trained, ae });
    const scale = ticks(low, high, 5).map((distortion) => /** @type {const} */ ([distortion, plainly(distortion)])),
      left = 40 + 6 * Math.max(0, ...scale.map(([, words]) => words.length - 3)),
      bottom = height - 34,
      top = 8;
    /** @type {(value: number) => number} */
    const X = (rate) => left + (rate / right) * (width - left - 8);
    /** @type {(value: number) => number} */
    const Y = (distortion) => bottom - ((distortion - low) / (high - low)) * (bottom - top);
    /**
     * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
     * @param {string} color @param {number[]} dash @param {number} weight
     */
    const line = (x0, y0, x1, y1, color, dash = [], weight = 1) => {
      Object.assign(context, { strokeStyle: color, lineWidth: weight });
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
      context.setLineDash([]);
    };
    /** @type {(words: string, x: number, y: number, color: string, align?: CanvasTextAlign, size?: number) => void} */
    const text = (words, x, y, color, align = "left", size = 11) => {
      Object.assign(context, { fillStyle: color, textAlign: align, font: `${size}px ${look.font}` });
      context.fillText(words, x, y);
    };
    // axes
    line(left, top, left, bottom, look.faint);
    line(left, bottom, width - 8, bottom, look.faint);
    for (const rate of ticks(0, right, 5)) text(String(rate), X(rate), bottom + 14, look.muted, "center");
    for (const [distortion, words] of scale) text(words, left - 5, Y(distortion) + 4, look.muted, "right");
    text("rate R, nats", (left + width) / 2, height - 4, look.muted, "center");
    context.save();
    context.translate(10, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    text("distortion D, nats", 0, 0, look.muted, "center");
    context.restore();

    context.save();
    context.beginPath();
    context.rect(left, top, width - 8 - left, bottom - top);
    context.clip();
    // -ELBO = D + R = c, named at the right edge where nothing else is written
    for (const c of ticks(low, high + right, 8)) {
      line(X(0), Y(c), X(right), Y(c - right), look.faint, [2, 3]);
      const y = Y(c - right) - 3;
      if (y > top + 34 && y < bottom - 4 && !(ae !== null && Math.abs(y - Y(ae)) < 12))
        text(`−ELBO ${c}`, X(right) - 3, y, look.muted, "right", 9);
    }
    if (ae !== null) {
      line(X(0), Y(ae), X(right), Y(ae), aeColor, [6, 4], 1.5);
      text("AE: no rate", X(0) + 5, Y(ae) + 13, aeColor);
    }
    // the multi-rate model's curve, dashed: a prediction
    Object.assign(context, { strokeStyle: own, lineWidth: 1.6 });
    context.setLineDash([5, 4]);
    context.beginPath();
    curve.forEach(({ rate, distortion }, i) =>
      i ? context.lineTo(X(rate), Y(distortion)) : context.moveTo(X(rate), Y(distortion)),
    );
    context.stroke();
    context.setLineDash([]);
    // trained runs, with the spread over seeds where there are several
    for (const run of trained) {
      const [x, y] = [X(run.rate), Y(run.distortion)];
      if (run.spread) {
        line(X(run.spread.rate[0]), y, X(run.spread.rate[1]), y, own, [], 1.5);
        line(x, Y(run.spread.distortion[0]), x, Y(run.spread.distortion[1]), own, [], 1.5);
      }
      if (run.where === "browser") dot(context, x, y, 3.5, look.background, own, 2.5);
      else dot(context, x, y, 4.5, own, look.background);
    }
    // a network in training, from epoch to epoch
    if (path.length) {
      Object.assign(context, { strokeStyle: own, lineWidth: 1.2, globalAlpha: 0.7 });
      context.beginPath();
      path.forEach(({ rate, distortion }, i) =>
        i ? context.lineTo(X(rate), Y(distortion)) : context.moveTo(X(rate), Y(distortion)),
      );
      context.stroke();
      context.globalAlpha = 1;
      const { rate, distortion } = path[path.length - 1];
      dot(context, X(rate), Y(distortion), 4.5, look.background, own);
    }
    // where we are, and the slope that beta asks for
    const [x, y] = [X(at.rate), Y(at.distortion)];
    line(
      X(0),
      Y(at.distortion + at.beta * at.rate),
      X(right),
      Y(at.distortion - at.beta * (right - at.rate)),
      look.text,
      [],
      1,
    );
    ring(context, x, y, 8, look.text, 2.5);
    context.restore();
    text(`slope −β = −${short(at.beta)}`, width - 12, top + 12, look.text, "right", 12);

    this.targets = [
      ...curve.map((p) => ({ ...p, trained: false, x: X(p.rate), y: Y(p.distortion) })),
      ...trained.map((p) => ({ ...p, trained: true, x: X(p.rate), y: Y(p.distortion) })),
    ];
    const near = this.near();
    if (near) this.label(context, near, width, look);
  }

  /**
   * The figures of the point under the pointer.
   * @param {CanvasRenderingContext2D} context @param {Target} p @param {number} width @param {Look} look
   */
  label(context, p, width, look) {
    const origin = p.where === "browser" ? "trained in this browser" : p.trained ? "trained" : "multi-rate";
    const rows = [
      `β = ${short(p.beta)}, ${origin}`,
      `D ${p.distortion.toFixed(1)}   R ${p.rate.toFixed(1)}`,
      `−ELBO ${(p.distortion + p.rate).toFixed(1)}`,
      `active units ${p.active_units}`,
    ];
    if (p.spread)
      rows.push(`${p.spread.seeds} seeds, −ELBO ${p.spread.neg_elbo.map((v) => v.toFixed(1)).join(" to ")}`);
    context.font = `12px ${look.font}`;
    const w = Math.max(...rows.map((row) => context.measureText(row).width)) + 16,
      h = 17 * rows.length + 10;
    const x = p.x + 14 + w > width ? p.x - 14 - w : p.x + 14,
      y = Math.max(4, p.y - h / 2);
    Object.assign(context, { fillStyle: look.background, strokeStyle: look.muted, lineWidth: 1 });
    context.fillRect(x, y, w, h);
    context.strokeRect(x, y, w, h);
    Object.assign(context, { fillStyle: look.text, textAlign: "left" });
    rows.forEach((row, i) => context.fillText(row, x + 8, y + 18 + 17 * i));
  }
}

/**
 * A disc with a halo.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius
 * @param {string} color @param {string} halo @param {number} line the halo's width
 */
function dot(context, x, y, radius, color, halo, line = 1.5) {
  context.fillStyle = color;
  disc(context, x, y, radius);
  ring(context, x, y, radius, halo, line);
}

/**
 * Three digits, or as many as asked for, without trailing zeros.
 * @param {number} x
 */
export function short(x, digits = 3) {
  return String(Number(x.toPrecision(digits)));
}
