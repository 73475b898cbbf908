/* The plane of rate R (across) and distortion D (up), both in nats per image, drawn at the screen's rate.

   Lines of equal -ELBO = D + R fall at 45 degrees in nats. Minimising D + beta R finds the point where the curve's
   tangent has slope -beta: that tangent is drawn at the current point. An AE has a distortion and no rate: a level, not
   a point. A network in training leaves its path: where it was after every epoch. */

import { prepare } from "../../web/canvas.js";
import { short } from "../../web/measures.js";
import { PlaneDrawing, boundsOf } from "./plane_drawing.js";

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

  /** @param {Measured & Shown} what */
  draw({ curve, trained, ae, at, path, own, aeColor, look }) {
    const { canvas } = this,
      width = canvas.clientWidth,
      height = Math.min(width, 380);
    if (!width) return;
    const context = prepare(canvas, width, height),
      drawing = new PlaneDrawing(context, width, height, boundsOf([...curve, ...trained], ae), look);
    drawing.axes();
    drawing.inside(() => {
      drawing.levels(ae, aeColor);
      drawing.curve(curve, own, 1.6, [5, 4]); // dashed: a prediction
      for (const run of trained) drawing.trained(run, own);
      drawing.training(path, own);
      drawing.current(at);
    });
    drawing.slope(at.beta);
    /** @type {(points: (CurvePoint | TrainedBeta)[], trained: boolean) => Target[]} */
    const targets = (points, trained) =>
      points.map((point) => ({ ...point, trained, x: drawing.X(point.rate), y: drawing.Y(point.distortion) }));
    this.targets = [...targets(curve, false), ...targets(trained, true)];
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
