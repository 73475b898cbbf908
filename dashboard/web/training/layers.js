/* The kinds of layers that can be trained, and layers in a row. */

import { KINDS } from "../kernels.js";
import { UnsupportedNetwork, vectorShape } from "../shapes.js";
import { Conv, Transposed } from "./convolutions.js";
import { TrainedLayer, fits, image } from "./layer.js";

/** @import { Description, Room, Shape } from "../shapes.js" */
/** @import { Setting } from "./layer.js" */

class Linear extends TrainedLayer {
  /** @param {Setting} setting @param {Description} description @param {Shape} input @param {Description} [next] */
  constructor(setting, { inputs, outputs }, input, next) {
    // before a transposed convolution, the outputs become an image
    const side = next?.kind === "transposed" ? Math.sqrt(outputs / next.inputs) : 0;
    const output = next && side ? image(next.inputs, side, false) : vectorShape(outputs);
    super(setting, input, output, outputs, true);
    fits(inputs === input.length && output.length === outputs, `${inputs} inputs after ${input.length} numbers`);
    const { width } = output;
    this.room.at = setting.heap.take(setting.capacity * input.width);
    this.raw = { at: setting.heap.take(setting.capacity * width), jump: width, image: width };
    this.declare(
      [outputs, inputs],
      input.width,
      width,
      (i) => input.place(i % inputs) * width + output.place(Math.floor(i / inputs)),
      inputs,
    );
  }

  /** @param {number} n */
  product(n) {
    const { width } = this.input;
    this.heap.timesPacked(this.room.at, this.packed, this.raw.at, n, this.output.width, width, width, false);
  }

  /** @param {number} n @param {number} below @param {ArrayLike<number>} conditions @param {boolean} add */
  back(n, below, conditions, add) {
    const { heap, gradient, parameters, input } = this,
      { width } = this.output;
    this.differentiate(0, n, gradient, width, width, conditions);
    heap.transposedTimes(
      ...[this.room.at, gradient, parameters.gradients + this.weight.at, input.width, width, n],
      false,
    );
    if (!this.first) heap.timesPacked(gradient, this.packedBack, below, n, input.width, width, width, add);
  }
}

/**
 * @type {Record<string, new (setting: Setting, description: any, input: Shape,
 *   next?: Description) => TrainedLayer>}
 */
export const TRAINED_KINDS = { linear: Linear, conv: Conv, transposed: Transposed };

/** Layers in a row, as `Stack` in stack.js. */
export class TrainedStack {
  /**
   * @param {Omit<Setting, "first" | "name">} setting
   * @param {Description[]} table the layers
   * @param {{prefix: string, activation: string, last: boolean, conditions: number, bottom: boolean}} how the
   *   parameters' prefix, the activation, whether the last layer is activated, the length of the condition (0: none),
   *   whether nothing below wants a gradient
   * @param {Shape} shape what comes in
   */
  constructor(setting, table, { prefix, activation, last, conditions, bottom }, shape) {
    if (!(activation in KINDS)) throw new UnsupportedNetwork(`the activation "${activation}"`);
    const { heap, capacity } = setting;
    this.heap = heap;
    this.layers = table.map((description, i) => {
      const make = Object.hasOwn(TRAINED_KINDS, description.kind) && TRAINED_KINDS[description.kind];
      if (!make) throw new UnsupportedNetwork(`a layer of the kind "${description.kind}"`);
      const name = `${prefix}.layers.${i}`;
      const layer = new make({ ...setting, name, first: bottom && i === 0 }, description, shape, table[i + 1]);
      if (i < table.length - 1 || last) layer.kind = KINDS[/** @type {keyof typeof KINDS} */ (activation)];
      shape = layer.output;
      return layer;
    });
    const activated = this.layers.slice(0, table.length - (last ? 0 : 1));
    if (conditions) activated.forEach((layer, i) => layer.addFilm(`${prefix}.films.${i}`, conditions));
    this.input = this.layers[0].input;
    this.output = shape;
    /** @type {Room} */
    this.result = { at: heap.take(capacity * shape.width), jump: shape.side * shape.depth, image: shape.width };
    /** Where the gradient of the result belongs. */
    this.gradient = this.layers[this.layers.length - 1].gradient;
  }

  /** @param {number} stretch @param {boolean} backward */
  prepare(stretch, backward) {
    for (const layer of this.layers) layer.prepare(stretch, backward);
  }

  /** @param {number} n @param {ArrayLike<number>} conditions */
  forward(n, conditions) {
    this.layers.forEach((layer, i) => layer.forward(n, this.layers[i + 1]?.room ?? this.result, conditions));
  }

  /** @param {number} n @param {number} below @param {ArrayLike<number>} conditions @param {boolean} [add] */
  backward(n, below, conditions, add = false) {
    for (let i = this.layers.length - 1; i >= 0; i--)
      this.layers[i].backward(n, i ? this.layers[i - 1].gradient : below, conditions, i === 0 && add);
  }
}
