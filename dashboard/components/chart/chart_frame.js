/* Where things of a chart are: its axes, its margins, and the pixels of a value. */

import { Axis } from "./chart_axes.js";

/** @import { Annotation, ChartValue, Figure, Shape } from "../../web/data.js" */
/** @typedef {(words: string, size?: number) => number} Measure the width of a text in pixels */

export const TICK = 4; // pixels

export class Frame {
  /**
   * @param {Figure} figure @param {number} width @param {number} height @param {number} size of the type, all in pixels
   * @param {number} legend height of the legend @param {Measure} measure
   */
  constructor({ data, layout }, width, height, size, legend, measure) {
    const bars = data.some(({ type }) => type === "bar"),
      title = { x: layout.xaxis?.title?.text, y: layout.yaxis?.title?.text };
    this.width = width;
    this.x = new Axis(layout.xaxis ?? {}, valuesOn("x", { data, layout }), { pad: bars ? 0.02 : 0.05 });
    this.y = new Axis(layout.yaxis ?? {}, valuesOn("y", { data, layout }), { pad: 0.06, zero: bars });
    // Rows of the legend and the widths of the ticks' labels decide what is left for the chart itself.
    const labels = this.y.ticks(height / 45).map((tick) => measure(tick.text));
    this.left = 8 + Math.max(0, ...labels) + TICK + 4 + (title.y ? 1.5 * size : 0);
    this.right = width - Math.max(layout.margin?.r ?? 8, 8);
    this.top = Math.max(layout.margin?.t ?? 28, legend + 8, 0.7 * size);
    this.bottom = height - 6 - TICK - 1.25 * size - (title.x ? 1.45 * size : 0);
  }

  /** @param {number} share of the chart's width */
  across(share) {
    return this.left + share * (this.right - this.left);
  }

  /** @param {number} share of the chart's height, from below */
  up(share) {
    return this.bottom - share * (this.bottom - this.top);
  }

  /** @param {ChartValue} value */
  X(value) {
    return this.across(this.x.share(value));
  }

  /** @param {ChartValue} value */
  Y(value) {
    return this.up(this.y.share(value));
  }

  /**
   * A place in the figure: in the data's units, or as a share of the chart (plotly's "paper" and "x domain").
   * @param {Shape | Annotation} thing @param {"x" | "y"} axis @param {ChartValue} value
   * @param {boolean} logarithm whether the value is a logarithm
   */
  place(thing, axis, value, logarithm = false) {
    let share = Number(value);
    if (refersTo(thing, axis)) share = logarithm ? this[axis].shareOfLinear(share) : this[axis].share(value);
    return axis === "x" ? this.across(share) : this.up(share);
  }
}

/**
 * Whether a place is in the units of an axis.
 * @param {Shape | Annotation} thing @param {"x" | "y"} axis
 */
const refersTo = (thing, axis) => (thing[`${axis}ref`] ?? axis) === axis;

/**
 * Everything that an axis has to show.
 * @param {"x" | "y"} axis @param {Figure} figure
 * @returns {ChartValue[]}
 */
function valuesOn(axis, { data, layout }) {
  const log = layout[`${axis}axis`]?.type === "log"; // then plotly gives an annotation's place as its logarithm
  const shapes = (layout.shapes ?? []).filter((shape) => refersTo(shape, axis)),
    annotations = (layout.annotations ?? []).filter((annotation) => refersTo(annotation, axis));
  return [
    ...data.flatMap((trace) => trace[axis] ?? []),
    ...shapes.flatMap((shape) => [shape[`${axis}0`], shape[`${axis}1`]]),
    ...annotations.map((annotation) => (log ? 10 ** annotation[axis] : annotation[axis])),
  ];
}
