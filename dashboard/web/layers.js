/* Layers of a trained network, as core/models/trunks.py describes them, on the loops of kernels.js.

   Every layer is one matrix product. A convolution first gathers its patches into rows; a transposed one adds the rows
   of its product to overlapping patches of a larger image, of which the padding is cut off. Kernel, stride and padding
   may be any. Channels come last in memory, and their number is filled up to a multiple of eight, that of an image in
   colour to four, with weights that are 0 (a grey image stays what it is), so no loop needs an end of its own. The
   weights are brought to that order once, when they are loaded. Bias, activation and the scale and shift of a
   multi-rate model are one more pass over what the product has written. */

import { KINDS, PANEL, packedPlace, upTo } from "./kernels.js";
import { imageShape, vectorShape } from "./shapes.js";

export const CHUNK = 16; // images a pass

/** @import { Heap } from "./heap.js" */
/** @import { Convolution, Description, Room, Shape } from "./shapes.js" */
/** @import { Tensor } from "./weights.js" */

/** What all layers share. */
class Layer {
  /** @param {Heap} heap @param {Shape} input @param {Shape} output */
  constructor(heap, input, output) {
    this.heap = heap;
    this.input = input;
    this.output = output;
    /** @type {number} the activation */
    this.kind = KINDS.none;
    /** @type {Room} where the layer reads its input */
    this.room = { at: 0, jump: input.side * input.depth, image: input.width };
    /**
     * What the multi-rate model scales and shifts by.
     * @type {{weight: ArrayLike<number>, bias: ArrayLike<number>} | null}
     */
    this.film = null;
    this.line = {
      size: 0,
      count: 0,
      places: /** @type {(i: number) => number[]} */ (() => []),
      bias: 0,
      scale: 0,
      shift: 0,
    };
  }

  /**
   * From `room` to a place, for n images.
   * @param {number} _n @param {Room} _target
   */
  forward(_n, _target) {
    throw new Error("not a layer by itself");
  }

  /**
   * Bias, scale and shift for one line of the output.
   * @param {number} size @param {ArrayLike<number>} bias
   * @param {(i: number) => number[]} places where number i of `bias` goes
   */
  prepareFinish(size, bias, places) {
    const { heap } = this,
      line = new Float32Array(size);
    for (let i = 0; i < bias.length; i++) for (const p of places(i)) line[p] = bias[i];
    this.line = {
      size,
      count: bias.length,
      places,
      bias: heap.take(line),
      scale: heap.take(new Float32Array(size).fill(1)),
      shift: heap.take(size),
    };
  }

  /**
   * The multi-rate model's scale and shift for one conditioning vector; the same for every image of a call.
   * @param {number[]} c
   */
  condition(c) {
    if (!this.film) return;
    const { floats } = this.heap,
      { count, places, scale, shift } = this.line,
      { weight, bias } = this.film;
    /** @type {(row: number) => number} */
    const value = (row) => c.reduce((sum, x, j) => sum + x * weight[row * c.length + j], bias[row]);
    for (let i = 0; i < count; i++) {
      const a = 1 + value(i),
        b = value(count + i);
      for (const p of places(i)) {
        floats[scale + p] = a;
        floats[shift + p] = b;
      }
    }
  }

  /**
   * `lines` lines from a place, activated, to a place whose lines are `jump` apart.
   * @param {number} from @param {number} to @param {number} lines @param {number} jump @param {number} leap
   */
  finish(from, to, lines, jump, leap = this.line.size) {
    const { size, bias, scale, shift } = this.line;
    this.heap.finish(this.kind, from, to, lines, size / 4, leap, jump, bias, scale, shift);
  }
}

class Linear extends Layer {
  /**
   * @param {Heap} heap @param {Description} description @param {Shape} input @param {Tensor} weight
   * @param {Tensor} bias
   * @param {Description} [next] the layer after this one
   */
  constructor(heap, { inputs, outputs }, input, weight, bias, next) {
    // before one, the outputs become an image
    const side = next?.kind === "transposed" ? Math.sqrt(outputs / next.inputs) : 0;
    super(heap, input, next && side ? imageShape(next.inputs, side) : vectorShape(outputs));
    agree(weight, [outputs, inputs], inputs === input.length && this.output.length === outputs);
    const { width, place } = this.output,
      matrix = new Float32Array(input.width * width);
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++)
        matrix[packedPlace(input.width, input.place(i), place(o))] = weight.data[o * inputs + i];
    this.weight = heap.take(matrix);
    this.room.at = heap.take(CHUNK * input.width);
    this.raw = heap.take(CHUNK * width);
    this.prepareFinish(width, bias.data, (i) => [place(i)]);
  }

  /** @param {number} n @param {Room} target */
  forward(n, target) {
    const { heap, input, output, room } = this;
    heap.product(room.at, this.weight, this.raw, n, output.width, input.width);
    this.finish(this.raw, target.at, n, target.image);
  }
}

class Conv extends Layer {
  /**
   * @param {Heap} heap @param {Convolution} description @param {Shape} input @param {Tensor} weight
   * @param {Tensor} bias
   */
  constructor(heap, { inputs, outputs, kernel, stride, padding }, input, weight, bias) {
    super(heap, input, imageShape(outputs, Math.floor((input.side + 2 * padding - kernel) / stride) + 1));
    agree(weight, [outputs, inputs, kernel, kernel], inputs === input.channels);
    const { depth } = input,
      { side } = this.output,
      full = input.side + 2 * padding;
    const line = upTo(kernel * depth, 4),
      width = upTo(outputs, PANEL);
    this.kernel = kernel;
    this.line4 = line / 4;
    this.width = width;
    this.K = kernel * line;
    this.right = stride * depth;
    this.down = stride * full * depth;
    this.pitch = full * depth;
    const matrix = new Float32Array(this.K * width),
      { data } = weight;
    for (let o = 0, i = 0; o < outputs; o++)
      for (let c = 0; c < inputs; c++)
        for (let y = 0; y < kernel; y++)
          for (let x = 0; x < kernel; x++, i++) matrix[packedPlace(this.K, y * line + x * depth + c, o)] = data[i];
    this.weight = heap.take(matrix);
    // The input lies within its padding, whose zeros nobody overwrites.
    this.padded = heap.take(CHUNK * full * full * depth);
    this.full = full * full * depth;
    this.room = { at: this.padded + (padding * full + padding) * depth, jump: full * depth, image: this.full };
    this.rows = heap.take(side * side * this.K);
    this.raw = heap.take(side * side * width);
    this.compact = this.output.depth === width; // else one to four channels, taken out of a line of eight
    this.narrow = this.compact ? 0 : heap.take(side * side * this.output.depth);
    this.prepareFinish(side * this.output.depth, bias.data, (i) =>
      Array.from({ length: side }, (_, x) => x * this.output.depth + i),
    );
  }

  /** @param {number} n @param {Room} target */
  forward(n, target) {
    const {
        heap,
        output: { side, depth },
      } = this,
      { floats } = heap;
    for (let b = 0; b < n; b++) {
      heap.gather(
        this.padded + b * this.full,
        this.rows,
        side,
        side,
        this.kernel,
        this.line4,
        this.right,
        this.down,
        this.pitch,
        this.K,
      );
      heap.product(this.rows, this.weight, this.raw, side * side, this.width, this.K);
      if (!this.compact)
        for (let i = 0; i < side * side; i++)
          for (let c = 0; c < depth; c++) floats[this.narrow + i * depth + c] = floats[this.raw + i * this.width + c];
      this.finish(this.compact ? this.raw : this.narrow, target.at + b * target.image, side, target.jump);
    }
  }
}

class Transposed extends Layer {
  /**
   * @param {Heap} heap @param {Convolution} description @param {Shape} input @param {Tensor} weight
   * @param {Tensor} bias
   */
  constructor(heap, { inputs, outputs, kernel, stride, padding }, input, weight, bias) {
    const full = (input.side - 1) * stride + kernel; // before the padding is cut off
    super(heap, input, imageShape(outputs, full - 2 * padding));
    agree(weight, [inputs, outputs, kernel, kernel], inputs === input.channels);
    const { depth } = this.output,
      line = upTo(kernel * depth, 4),
      width = upTo(kernel * line, PANEL);
    this.kernel = kernel;
    this.line4 = line / 4;
    this.width = width;
    this.full = full * full * depth;
    this.right = stride * depth;
    this.down = stride * full * depth;
    this.pitch = full * depth;
    const matrix = new Float32Array(input.depth * width),
      { data } = weight;
    for (let c = 0, i = 0; c < inputs; c++)
      for (let o = 0; o < outputs; o++)
        for (let y = 0; y < kernel; y++)
          for (let x = 0; x < kernel; x++, i++) matrix[packedPlace(input.depth, c, y * line + x * depth + o)] = data[i];
    this.weight = heap.take(matrix);
    this.room.at = heap.take(CHUNK * input.width);
    this.rows = heap.take(input.side * input.side * width);
    this.sums = heap.take(this.full);
    this.inside = this.sums + (padding * full + padding) * depth;
    const { side } = this.output;
    this.prepareFinish(side * depth, bias.data, (i) => Array.from({ length: side }, (_, x) => x * depth + i));
  }

  /** @param {number} n @param {Room} target */
  forward(n, target) {
    const { heap, input, output, room } = this,
      { side } = input;
    for (let b = 0; b < n; b++) {
      heap.product(room.at + b * room.image, this.weight, this.rows, side * side, this.width, input.depth);
      heap.floats.fill(0, this.sums, this.sums + this.full);
      heap.scatter(
        this.sums,
        this.rows,
        side,
        side,
        this.kernel,
        this.line4,
        this.right,
        this.down,
        this.pitch,
        this.width,
      );
      this.finish(this.inside, target.at + b * target.image, output.side, target.jump, this.pitch);
    }
  }
}

/**
 * @typedef {new (heap: Heap, description: any, input: Shape, weight: Tensor, bias: Tensor, next?: Description) =>
 *   Layer} LayerKind
 */
/** @type {Record<string, LayerKind>} */
export const LAYER_KINDS = { linear: Linear, conv: Conv, transposed: Transposed };

/**
 * Weights have to be what the table says of them.
 * @param {Tensor} weight @param {number[]} shape @param {boolean} fits
 */
function agree(weight, shape, fits) {
  if (fits && weight.shape.join() === shape.join()) return;
  throw new Error(
    `weights of ${weight.shape.join(" x ")} where the network's description asks for ${shape.join(" x ")}`,
  );
}
