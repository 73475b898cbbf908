/* Scales, ticks and number formats of a chart: the part of plotly's layout that dashboard/plots/charts.py uses. */

import { multiples, ticks } from "../../web/ticks.js";

/**
 * What is read of plotly's layout.xaxis or layout.yaxis.
 * @typedef {object} AxisLayout
 * @property {string} [type] "log", "category" or neither
 * @property {[number, number]} [range]
 * @property {string} [rangemode]
 * @property {(string | number)[]} [tickvals]
 * @property {string[]} [ticktext]
 * @property {string} [tickformat]
 * @property {number} [dtick]
 */
/** @typedef {string | number | null | undefined} Value */

/**
 * d3-format's patterns that the figures use: "" | "g" | ".2f" | ".0%". Text is returned as it is.
 * @param {Value} value
 */
export function formatted(value, pattern = "") {
  if (typeof value !== "number") return String(value ?? "");
  const found = /^\.(\d+)(f|%)$/.exec(pattern);
  if (!found) return String(Number(value.toPrecision(6)));
  return found[2] === "%" ? `${(100 * value).toFixed(Number(found[1]))}%` : value.toFixed(Number(found[1]));
}

/** One axis: where a value lies between 0 and 1, and which ticks are written. */
export class Axis {
  /**
   * @param {AxisLayout} axis
   * @param {Value[]} values what the traces, shapes and annotations put on this axis
   * @param {object} options
   * @param {number} [options.pad] share of the range left free on both sides
   * @param {boolean} [options.zero] bars start at 0
   */
  constructor(axis, values, { pad = 0.06, zero = false } = {}) {
    this.axis = axis;
    this.log = axis.type === "log";
    this.names =
      axis.type === "category" || values.some((value) => typeof value === "string")
        ? [...new Set(values.map(String))]
        : null;
    /** @type {[number, number]} on the axis' own linear scale */
    this.range = [0, 1];
    if (this.names) {
      this.range = [-0.5, this.names.length - 0.5];
      return;
    }
    if (axis.range) {
      this.range = axis.range;
      return;
    }
    const known = values.map((value) => this.linear(value)).filter(Number.isFinite);
    let low = Math.min(...known),
      high = Math.max(...known);
    if (!known.length) [low, high] = [0, 1];
    if (!this.log && (zero || axis.rangemode === "tozero")) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
    const room = (high - low || Math.abs(high) || 1) * pad;
    const anchored = !this.log && (zero || axis.rangemode === "tozero");
    this.range = [anchored && low === 0 ? 0 : low - room, anchored && high === 0 ? 0 : high + room];
  }

  /**
   * A value on the axis' own linear scale: its place among the names, its logarithm, or itself.
   * @param {Value} value
   */
  linear(value) {
    if (this.names) return this.names.indexOf(String(value));
    return this.log ? Math.log10(Number(value)) : Number(value);
  }

  /**
   * 0 at the start of the range, 1 at its end.
   * @param {Value} value
   */
  share(value) {
    return this.shareOfLinear(this.linear(value));
  }

  /** @param {number} at */
  shareOfLinear(at) {
    return (at - this.range[0]) / (this.range[1] - this.range[0]);
  }

  /**
   * What is written along an axis with room for about `count` ticks.
   * @param {number} count
   * @returns {{share: number, text: string}[]}
   */
  ticks(count) {
    const { axis, range, log, names } = this;
    /** @type {Value[]} */
    let values;
    if (names) values = names;
    else if (axis.tickvals) values = axis.tickvals;
    else if (log)
      values = ticks(range[0], range[1], (range[1] - range[0]) / (axis.dtick ?? 1))
        .filter(Number.isInteger)
        .map((power) => 10 ** power);
    else if (axis.dtick) values = multiples(range[0], range[1], axis.dtick);
    else values = ticks(range[0], range[1], count);
    /** @type {(value: Value, i: number) => string} */
    const text = (value, i) => axis.ticktext?.[i] ?? formatted(value, axis.tickformat);
    return values
      .map((value, i) => ({ share: this.share(value), text: text(value, i) }))
      .filter(({ share }) => share > -1e-6 && share < 1 + 1e-6);
  }
}
