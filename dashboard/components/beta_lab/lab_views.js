/* What the KL-weight lab draws beside the rate-distortion plane: clouds, bars of the units' rates, the figures'
   table; and the measured curve between its weights. Functions of their arguments only. */

import { prepare } from "../../web/canvas.js";
import { make, putRows, putText, unitName } from "../../web/elements.js";
import { drawCodes, onCanvas, priorCircles } from "../../web/marks.js";
import { signed } from "../../web/measures.js";

export const SAMPLES = 36;
const REACH = 4; // the clouds' picture spans -REACH to REACH

/** @import { BetaLabData, CurvePoint, Figures } from "../../web/data.js" */
/** @import { InterpolatedCodes } from "../../web/code_interpolator.js" */
/** @import { Look } from "../../web/look.js" */

/**
 * Units by their rate summed over several weights, the one that stays active longest first.
 * @param {number[][]} perDims the units' rates at each weight
 */
export function byRate(perDims) {
  const total = perDims[0].map(
    (_, j) => perDims.reduce((sum, rates) => sum + Math.min(rates[j], 1), 0) + 1e-3 * perDims[perDims.length - 1][j],
  );
  return total.map((_, j) => j).sort((a, b) => total[b] - total[a]);
}

/**
 * The measured curve at t = log10 beta: cubic in t through the four nearest weights (Catmull-Rom), each unit for
 * itself.
 * @param {CurvePoint[]} curve @param {number} t
 * @param {number} active nats from which on a unit counts as active
 * @returns {Figures}
 */
export function curveAt(curve, t, active) {
  const ts = curve.map(({ beta }) => Math.log10(beta)),
    last = curve.length - 1;
  let i = 0;
  while (i < last - 1 && ts[i + 1] < t) i++;
  const u = Math.min(1, Math.max(0, (t - ts[i]) / (ts[i + 1] - ts[i]))),
    h = ts[i + 1] - ts[i];
  /** @type {(k: number) => number} */
  const x = (k) => ts[Math.min(last, Math.max(0, k))];
  /** @type {(read: (point: CurvePoint) => number) => number} */
  const value = (read) => {
    /** @type {(k: number) => number} */
    const y = (k) => read(curve[Math.min(last, Math.max(0, k))]);
    /** @type {(k: number) => number} */
    const slope = (k) => ((y(k + 1) - y(k - 1)) / (x(k + 1) - x(k - 1))) * h;
    return (
      (2 * u ** 3 - 3 * u ** 2 + 1) * y(i) +
      (u ** 3 - 2 * u ** 2 + u) * slope(i) +
      (3 * u ** 2 - 2 * u ** 3) * y(i + 1) +
      (u ** 3 - u ** 2) * slope(i + 1)
    );
  };
  const rate_per_dim = curve[0].rate_per_dim.map((_, j) =>
    Math.max(
      0,
      value((point) => point.rate_per_dim[j]),
    ),
  );
  return {
    rate: rate_per_dim.reduce((a, b) => a + b, 0),
    distortion: value((point) => point.distortion),
    rate_per_dim,
    active_units: rate_per_dim.filter((r) => r > active).length,
  };
}

/**
 * The figures of a weight: as predicted, and of its own network, trained or in training, or the nearest network's; null
 * where there are none. `live` says that they are of a network in training.
 * @param {CurvePoint[]} curve @param {number} t log10 of the weight @param {number} active
 * @param {{trained: Figures | null, training: Figures | null, nearest: Figures | null}} known
 */
export function figuresAt(curve, t, active, { trained, training, nearest }) {
  return {
    predicted: curve.length ? curveAt(curve, t, active) : null,
    own: trained ?? training ?? nearest,
    live: !trained && training !== null,
  };
}

/**
 * Every image's posterior in two units: its mean a dot, its standard deviations a disc; without codes, only the prior's
 * rings.
 * @param {HTMLCanvasElement} canvas @param {InterpolatedCodes | null} codes
 * @param {number[]} dims units, the first two count
 * @param {BetaLabData} data @param {ArrayLike<number>} labels @param {Look} look
 */
export function drawClouds(canvas, codes, dims, data, labels, look) {
  const size = Math.min(canvas.clientWidth, 380);
  if (!size) return;
  const context = prepare(canvas, canvas.clientWidth, size),
    unit = size / (2 * REACH),
    cx = canvas.clientWidth / 2,
    cy = size / 2;
  priorCircles(context, cx, cy, unit, look.faint);
  if (!codes) return;
  const d = data.latent_dim,
    [a, b] = d > 1 ? dims : [dims[0], dims[0]];
  const places = new Float32Array(2 * data.n),
    spread = new Float32Array(2 * data.n);
  for (let k = 0; k < places.length; k++) {
    const from = (k >> 1) * d + (k % 2 ? b : a);
    places[k] = codes.mean[from];
    spread[k] = Math.exp(0.5 * codes.logvar[from]) * unit;
  }
  drawCodes(context, onCanvas(places, cx, cy, unit), labels, data.class_colors, { radius: 1.5, spread });
  Object.assign(context, { fillStyle: look.muted, font: `12px ${look.font}`, textAlign: "right" });
  context.fillText(unitName(a), canvas.clientWidth - 4, cy - 4);
  context.textAlign = "left";
  context.fillText(unitName(b), cx + 4, 12);
}

/**
 * A button per unit, as high as its rate. Their descriptions in words follow when the knob rests: they cannot be read
 * while they change in every frame.
 * @param {HTMLElement} box
 * @param {number[]} rates of the units, nats
 * @param {number[]} dims the units in their order
 * @param {number} active nats from which on a unit counts as active
 * @param {number} most the rate of a full bar
 * @param {Set<number>} off units that are disabled
 * @param {boolean} resting
 * @param {(unit: number) => void} onPress
 */
export function drawBars(box, rates, dims, active, most, off, resting, onPress) {
  if (box.querySelectorAll("button").length !== dims.length) {
    box.replaceChildren(
      ...dims.map(() =>
        make(
          "button",
          { onclick: (event) => onPress(Number(event.currentTarget.dataset.unit)) },
          make("span", { class: "column" }, make("i")),
          make("small"),
        ),
      ),
      make("span", { class: "guide" }),
    );
  }
  const guide = /** @type {HTMLElement} */ (box.querySelector(".guide")),
    round = [0.5, 1, 2, 5, 10, 20].findLast((v) => v < 0.95 * most) ?? most;
  guide.style.bottom = `calc(1.1rem + (100% - 1.1rem) * ${round / most})`;
  putText(guide, `${round} nat${round === 1 ? "" : "s"}`);
  dims.forEach((j, place) => {
    const button = /** @type {HTMLElement} */ (box.children[place]),
      find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (button.querySelector(selector)),
      inactive = rates[j] <= active;
    button.dataset.unit = String(j);
    find("i").style.height = `${(100 * rates[j]) / most}%`;
    button.className = inactive ? "inactive" : "";
    button.setAttribute("aria-pressed", String(off.has(j)));
    putText(find("small"), unitName(j));
    if (!resting) return;
    const rate = `${unitName(j)}: ${rates[j].toFixed(2)} nats${inactive ? ", inactive" : ""}`;
    button.title = `${rate}; press to ${off.has(j) ? "enable" : "disable"} it`;
    button.setAttribute("aria-label", button.title);
  });
}

/**
 * A button for every trained weight, under the track.
 * @param {HTMLElement} box @param {{beta: number, share: number, name: string, local: boolean}[]} ticks
 * @param {(beta: number) => void} onPress
 */
export function drawTicks(box, ticks, onPress) {
  box.replaceChildren(
    ...ticks.map(({ beta, share, name, local }) => {
      const title = `trained at β = ${Number(beta.toPrecision(4))}${local ? " in this browser" : ""}`;
      const look = { title, style: `left:${100 * share}%`, class: local ? "local" : null };
      const attributes = { "data-beta": beta, tabindex: -1, ...look, onclick: () => onPress(beta) };
      return make("button", attributes, name || "\u00a0");
    }),
  );
}

/**
 * The prediction's figures and the network's own, one below the other, and what is between them.
 * @param {HTMLTableElement} table @param {{predicted: Figures | null, own: Figures | null}} figures
 * @param {number} beta
 * @param {number} latentDim @param {string} name of the network
 */
export function drawFigures(table, { predicted, own }, beta, latentDim, name) {
  /** @type {Record<string, (p: Figures) => number>} */
  const columns = {
    "Distortion D": (p) => p.distortion,
    "Rate R": (p) => p.rate,
    "−ELBO = D + R": (p) => p.distortion + p.rate,
    "Loss D + βR": (p) => p.distortion + beta * p.rate,
    "Active units": (p) => p.active_units,
  };
  const names = Object.keys(columns),
    digits = (/** @type {number} */ i) => (i === names.length - 1 ? 0 : 1);
  /** @type {(p: Figures | null) => string[]} */
  const row = (p) =>
    Object.values(columns).map((read, i) =>
      p ? signed(read(p), digits(i)) + (digits(i) ? "" : ` of ${latentDim}`) : "–",
    );
  const rows = [];
  if (predicted) rows.push(["Prediction", ...row(predicted)]);
  if (predicted || own) rows.push([name, ...row(own)]);
  if (predicted)
    rows.push([
      "Difference",
      ...Object.values(columns).map((read, i) => (own ? difference(read(own) - read(predicted), digits(i)) : "–")),
    ]);
  if (!table.tHead)
    table.replaceChildren(
      make("thead", {}, make("tr", {}, ...["nats per image", ...names].map((words) => make("th", {}, words)))),
      make("tbody"),
    );
  putRows(table.tBodies[0], rows, "th");
}

/**
 * A difference with its sign, + or −; 0 has none.
 * @param {number} value @param {number} digits
 */
export function difference(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value > 0 ? "+" : "−"}${text}`;
}
