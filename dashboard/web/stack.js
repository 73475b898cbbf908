/* Layers in a row: what a part of a network is made of. */

import { KINDS } from "./kernels.js";
import { CHUNK, LAYER_KINDS } from "./layers.js";
import { UnsupportedNetwork } from "./shapes.js";

/** @import { Heap } from "./heap.js" */
/** @import { Description, Room, Shape } from "./shapes.js" */
/** @import { Tensor, Tensors } from "./weights.js" */

/**
 * Layers in a row, as core/models/networks.py's Stack: an activation after each, or each but the last; FiLM where the
 * file has it.
 */
export class Stack {
  /**
   * @param {Heap} heap
   * @param {Description[]} table the layers
   * @param {Tensors} tensors
   * @param {string} prefix of the tensors' names
   * @param {string} activation
   * @param {boolean} last whether the last layer is activated, too
   * @param {Shape} shape what comes in
   */
  constructor(heap, table, tensors, prefix, activation, last, shape) {
    if (!(activation in KINDS)) throw new UnsupportedNetwork(`the activation "${activation}"`);
    this.heap = heap;
    this.layers = table.map((description, i) => {
      const make = Object.hasOwn(LAYER_KINDS, description.kind) && LAYER_KINDS[description.kind];
      if (!make) throw new UnsupportedNetwork(`a layer of the kind "${description.kind}"`);
      /** @type {(name: string) => Tensor} */
      const tensor = (name) => tensors[`${prefix}.${name}`] ?? missing(`${prefix}.${name}`);
      const layer = new make(
        heap,
        description,
        shape,
        tensor(`layers.${i}.weight`),
        tensor(`layers.${i}.bias`),
        table[i + 1],
      );
      if (i < table.length - 1 || last) {
        layer.kind = KINDS[/** @type {keyof typeof KINDS} */ (activation)];
        if (tensors[`${prefix}.films.${i}.weight`])
          layer.film = { weight: tensor(`films.${i}.weight`).data, bias: tensor(`films.${i}.bias`).data };
      }
      shape = layer.output;
      return layer;
    });
    if (tensors[`${prefix}.layers.${table.length}.weight`])
      throw new Error(`more layers in the weights than the ${prefix}'s description has`);
    this.input = this.layers[0].input;
    this.output = shape;
    /** @type {Room} */
    this.result = {
      at: heap.take(CHUNK * shape.width),
      jump: shape.side * shape.depth,
      image: shape.width,
    };
  }

  /** @param {number[]} c */
  condition(c) {
    for (const layer of this.layers) layer.condition(c);
  }

  /**
   * Puts at most CHUNK inputs, vectors or images, where the first layer reads them.
   * @param {ArrayLike<number>} values
   * @param {number} from the first input's place in `values`
   * @param {number} n
   */
  load(values, from, n) {
    const { floats } = this.heap,
      { room, input } = this.layers[0];
    for (let b = 0; b < n; b++)
      put(floats, room.at + b * room.image, room.jump, input, values, from + b * input.length);
  }

  /**
   * What has been loaded goes through; what comes out is in `result`.
   * @param {number} n
   */
  forward(n) {
    this.layers.forEach((layer, i) => layer.forward(n, this.layers[i + 1]?.room ?? this.result));
  }
}

/**
 * One input, in torch's order, where a layer reads it.
 * @param {Float32Array} floats @param {number} at @param {number} jump from line to line @param {Shape} shape
 * @param {ArrayLike<number>} values @param {number} from
 */
export function put(floats, at, jump, { length, channels, side, depth }, values, from) {
  if (depth <= 1) {
    const lines = side || 1,
      size = length / lines;
    for (let line = 0; line < lines; line++, from += size)
      for (let i = 0, to = at + line * jump; i < size; i++) floats[to + i] = values[from + i];
    return;
  }
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0, to = at + y * jump + c; x < side; x++, to += depth) floats[to] = values[from++];
}

/**
 * One output in torch's order, from `at`, image by image without gaps.
 * @param {Float32Array} floats @param {number} at @param {Shape} shape @param {Float32Array} to @param {number} start
 */
export function take(floats, at, shape, to, start) {
  const { length, channels, side, depth } = shape;
  if (depth <= 1) return to.set(floats.subarray(at, at + length), start);
  for (let c = 0, out = start; c < channels; c++)
    for (let i = 0, from = at + c; i < side * side; i++, from += depth) to[out++] = floats[from];
}

/** @param {string} name @returns {never} */
function missing(name) {
  throw new Error(`no ${name} in these weights`);
}
