/* Where an image's code lies among the codes of all test images: the map, the cloud to scale, and a lens on it.

   A map shows codes z as offset + B z, B being its basis (2, d). So a posterior of covariance diag(sigma^2) appears as
   a Gaussian of covariance B diag(sigma^2) B^T. */

import { prepare } from "../../web/canvas.js";
import { disc, drawCodes, ring } from "../../web/marks.js";
import { Scatter, boundsOf, boundsWithPrior } from "../../web/scatter.js";
import { DRAWS } from "./encoding.js";

/** @import { Look } from "../../web/look.js" */
/** @import { Place } from "../../web/scatter.js" */
/** @import { Outcome } from "./encoding.js" */
/** @typedef {{basis: ArrayLike<number>, offset: ArrayLike<number>}} Projection (2, d) and (2,) */
/** @typedef {{context: CanvasRenderingContext2D, here: Place, covariance: number[], drawn: Place[]}} Marks */

const TRAIL = 60; // past codes drawn as a line
const FILL = 0.8; // of the lens that two standard deviations fill

/**
 * Where a code lies on the map.
 * @param {ArrayLike<number>} code @param {Projection} projection
 * @returns {Place}
 */
export function placeOf(code, { basis, offset }) {
  const d = code.length;
  let x = offset[0],
    y = offset[1];
  for (let j = 0; j < d; j++) {
    x += code[j] * basis[j];
    y += code[j] * basis[d + j];
  }
  return [x, y];
}

/**
 * The covariance [xx, xy, yy] of a posterior on the map.
 * @param {Float32Array} sigma @param {Projection} projection
 */
export function shadowOf(sigma, { basis }) {
  const d = sigma.length;
  return [0, 1, 3].map((k) =>
    sigma.reduce((sum, s, j) => sum + s * s * basis[(k >> 1) * d + j] * basis[(k & 1) * d + j], 0),
  );
}

/**
 * How much a lens of `radius` pixels enlarges so that a cloud, two standard deviations wide, fills most of it.
 * @param {number[]} covariance [xx, xy, yy] @param {number} radius @param {number} scale pixels per unit of the map
 */
export function enlargementOf([xx, xy, yy], radius, scale) {
  const largest = (xx + yy) / 2 + Math.hypot((xx - yy) / 2, xy); // eigenvalue
  return (FILL * radius) / (2 * Math.sqrt(largest) * scale);
}

/**
 * Indices of the points (x0 y0 x1 y1 ...) at most `reach` from a place.
 * @param {ArrayLike<number>} points @param {Place} place @param {number} reach
 */
export function within(points, [x, y], reach) {
  const found = [];
  for (let i = 0; 2 * i < points.length; i++)
    if (Math.hypot(points[2 * i] - x, points[2 * i + 1] - y) <= reach) found.push(i);
  return found;
}

export class CodeMap {
  /** @type {Projection} */
  projection;
  /** @type {Float32Array} classes of the test images */
  labels;
  /** @type {Place[]} where the code was */
  trail = [];
  /** Whether the map is the latent space itself. */
  native = false;
  /** @type {Uint8Array} every point is drawn faintly */
  faint = new Uint8Array(0);

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.scatter = new Scatter(canvas);
  }

  /**
   * @param {Float32Array} xy places of the test images @param {Float32Array} labels their classes
   * @param {Projection} projection @param {boolean} native
   */
  take(xy, labels, projection, native) {
    this.scatter.setPoints(xy, native ? boundsWithPrior(xy) : boundsOf(xy));
    Object.assign(this, { labels, projection, native, trail: [], faint: new Uint8Array(xy.length / 2) });
  }

  /**
   * Draws everything but the lens. Returns what the lens needs.
   * @param {Outcome} outcome @param {number} width in CSS pixels @param {string[]} palette of the classes
   * @param {string} own the model's colour @param {Look} look
   * @returns {Marks}
   */
  draw({ mean, sigma, codes, isCloud }, width, palette, own, look) {
    const { scatter, projection } = this,
      d = mean.length,
      height = Math.round(width * 0.8);
    const context = prepare(this.canvas, width, height);
    scatter.resize(width, height);
    scatter.stamp(context, palette, this.labels, this.faint, look.background, 0.38);
    if (this.native) scatter.circles(context, look.muted);
    const here = placeOf(mean, projection);
    this.trail = [...this.trail, here].slice(-TRAIL);
    Object.assign(context, { strokeStyle: look.text, lineWidth: 1.2 });
    context.beginPath();
    for (const place of this.trail) context.lineTo(...scatter.toScreen(...place));
    context.stroke();
    const drawn = Array.from({ length: DRAWS }, (_, i) => placeOf(codes.subarray(i * d, (i + 1) * d), projection));
    context.fillStyle = own;
    for (const place of drawn) disc(context, ...scatter.toScreen(...place), 2.2);
    const covariance = shadowOf(sigma, projection);
    if (isCloud) {
      Object.assign(context, { strokeStyle: own, lineWidth: 2 });
      for (const factor of [1, 2]) scatter.cloud(context, here, covariance, factor);
    } else {
      ring(context, ...scatter.toScreen(...here), 7, look.background, 5);
      ring(context, ...scatter.toScreen(...here), 7, own, 2.5);
    }
    return { context, here, covariance, drawn };
  }

  /** Pixels of the lens' radius. */
  get lens() {
    return Math.min(this.scatter.width, this.scatter.height) * 0.2;
  }

  /**
   * The code's surroundings, enlarged.
   * @param {Marks} marks @param {number} enlarge @param {boolean} isCloud @param {string[]} palette
   * @param {string} own @param {Look} look
   */
  drawLens({ context, here, covariance, drawn }, enlarge, isCloud, palette, own, look) {
    const { scatter, lens: radius } = this,
      { points } = scatter,
      scale = scatter.scale * enlarge,
      [x, y] = scatter.toScreen(...here);
    const cx = x < scatter.width / 2 ? scatter.width - radius - 6 : radius + 6,
      cy = y < scatter.height / 2 ? scatter.height - radius - 6 : radius + 6;
    /** @type {(px: number, py: number) => Place} */
    const at = (px, py) => [cx + (px - here[0]) * scale, cy - (py - here[1]) * scale];
    context.save();
    context.beginPath();
    context.arc(cx, cy, radius, 0, 2 * Math.PI);
    Object.assign(context, { fillStyle: look.background, strokeStyle: look.muted, lineWidth: 1.5 });
    context.fill();
    context.stroke();
    context.clip();
    const near = within(points, here, (radius + 4) / scale);
    drawCodes(
      context,
      near.flatMap((i) => at(points[2 * i], points[2 * i + 1])),
      near.map((i) => this.labels[i]),
      palette,
      { radius: 4, opacity: 0.6 },
    );
    context.fillStyle = context.strokeStyle = own;
    for (const place of drawn) disc(context, ...at(...place), isCloud ? 1.8 : 3.5);
    if (isCloud) {
      const close = Object.assign(new Scatter(this.canvas), { scale, centre: here, width: 2 * cx, height: 2 * cy });
      for (const factor of [1, 2]) close.cloud(context, here, covariance, factor);
    }
    context.restore();
    Object.assign(context, { fillStyle: look.muted, font: "11px sans-serif", textAlign: "center" });
    Object.assign(context, { strokeStyle: look.background, lineWidth: 4 }); // a halo: points lie under the words
    const words = `× ${enlarge.toFixed(0)}`,
      below = cy + (cy > scatter.height / 2 ? -radius - 4 : radius + 12);
    context.strokeText(words, cx, below);
    context.fillText(words, cx, below);
    context.textAlign = "start";
  }
}
