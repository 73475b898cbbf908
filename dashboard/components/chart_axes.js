/* Scales, ticks and number formats of a chart: the part of plotly's layout that dashboard/plots/charts.py uses. */

/** d3-format's patterns that the figures use: "" | "g" | ".2f" | ".0%". Text is returned as it is. */
export function formatted(value, pattern = "") {
  if (typeof value !== "number") return String(value ?? "");
  const found = /^\.(\d+)(f|%)$/.exec(pattern);
  if (!found) return String(Number(value.toPrecision(6)));
  return found[2] === "%" ? `${(100 * value).toFixed(found[1])}%` : value.toFixed(found[1]);
}

/** About `count` round numbers from low to high, both included where they are round. */
export function roundNumbers(low, high, count) {
  const raw = (high - low) / Math.max(count, 1) || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  return multiples(low, high, step);
}

function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** One axis: where a value lies between 0 and 1, and which ticks are written. */
export class Axis {
  /**
   * @param axis plotly's layout.xaxis or layout.yaxis.
   * @param values what the traces, shapes and annotations put on this axis.
   * @param options.pad share of the range left free on both sides; options.zero: bars start at 0.
   */
  constructor(axis, values, { pad = 0.06, zero = false } = {}) {
    this.axis = axis;
    this.log = axis.type === "log";
    this.names =
      axis.type === "category" || values.some((value) => typeof value === "string")
        ? [...new Set(values.map(String))]
        : null;
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

  /** A value on the axis' own linear scale: its place among the names, its logarithm, or itself. */
  linear(value) {
    if (this.names) return this.names.indexOf(String(value));
    return this.log ? Math.log10(value) : Number(value);
  }

  /** 0 at the start of the range, 1 at its end. */
  share(value) {
    return this.shareOfLinear(this.linear(value));
  }

  shareOfLinear(at) {
    return (at - this.range[0]) / (this.range[1] - this.range[0]);
  }

  /** [{share, text}] for an axis with room for about `count` ticks. */
  ticks(count) {
    const { axis, range, log, names } = this;
    let values;
    if (names) values = names;
    else if (axis.tickvals) values = axis.tickvals;
    else if (log)
      values = roundNumbers(range[0], range[1], (range[1] - range[0]) / (axis.dtick ?? 1))
        .filter(Number.isInteger)
        .map((power) => 10 ** power);
    else if (axis.dtick) values = multiples(range[0], range[1], axis.dtick);
    else values = roundNumbers(range[0], range[1], count);
    const text = (value, i) => axis.ticktext?.[i] ?? formatted(value, axis.tickformat);
    return values
      .map((value, i) => ({ share: this.share(value), text: text(value, i) }))
      .filter(({ share }) => share > -1e-6 && share < 1 + 1e-6);
  }
}
