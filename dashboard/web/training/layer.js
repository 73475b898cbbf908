/* What all layers share that are trained, for a whole batch. With W as a matrix, y = activation(u + b) scale + shift
   and a gradient g of u:

     linear        u = x W                        W's gradient x' g                  x's gradient g W'
     conv          u = gather(x) W                gather(x)' g                       scatter(g W')
     transposed    u = scatter(x W)               x' gather(g)                       gather(g) W'

   `gather` copies the patches of an image into rows, `scatter` adds rows to patches (kernels.js); each is the adjoint
   of the other. b, scale and shift: `differentiate` in kernel_code.js. FiLM computes scale and shift from a condition
   c, one for each image: (scale - 1, shift) = F c + f, core/models/networks.py.

   Channels come last and are filled up to a multiple of eight, but those of an image at either end to four, and a grey
   one not at all. */

import { KINDS, PANEL, upTo } from "../kernels.js";
import { imageShape } from "../shapes.js";

/** @import { Room, Shape } from "../shapes.js" */
/** @import { TrainingHeap } from "./heap.js" */
/** @import { Parameter, Parameters } from "./parameters.js" */
/**
 * What layers are built with.
 * @typedef {object} Setting
 * @property {TrainingHeap} heap
 * @property {Parameters} parameters
 * @property {string} name the parameters' prefix
 * @property {number} capacity images at once, at most
 * @property {boolean} first whether nothing below wants a gradient
 */

/** @type {Parameter} */
const UNDECLARED = {
  ...{ name: "", shape: [], size: 0, rows: 0, columns: 0, bound: 0, muon: false, at: 0, unused: [] },
  place: () => 0,
};

/** @type {(channels: number, side: number, edge: boolean) => Shape} an image, inside a network or at an end of it */
export function image(channels, side, edge) {
  if (edge) return imageShape(channels, side);
  const depth = upTo(channels, PANEL),
    area = side * side;
  /** @type {Shape["place"]} */
  const place = (i) => (i % area) * depth + Math.floor(i / area);
  return { length: channels * area, width: depth * area, place, channels, side, depth };
}

/** What all layers share. */
export class TrainedLayer {
  /**
   * @param {Setting} setting @param {Shape} input @param {Shape} output @param {number} outputs features or channels
   * @param {boolean} flat whether each number of the output has a bias of its own, and not each channel
   */
  constructor({ heap, parameters, name, capacity, first }, input, output, outputs, flat) {
    this.heap = heap;
    this.parameters = parameters;
    this.name = name;
    this.first = first;
    this.capacity = capacity;
    this.input = input;
    this.output = output;
    this.outputs = outputs;
    /** @type {number} the activation */
    this.kind = KINDS.none;
    /** @type {Room} where the input lies */
    this.room = { at: 0, jump: input.side * input.depth, image: input.width };
    /** @type {Room} where u lies */
    this.raw = { at: 0, jump: 0, image: 0 };
    /** The gradient of the output, image by image without gaps. */
    this.gradient = heap.take(capacity * output.width);
    // The output of one image: so many lines, each `copies` times `across` numbers with the same biases.
    this.across = flat ? output.width : output.depth;
    this.copies = flat ? 1 : output.side;
    this.lines = this.copies;
    this.line = this.across * this.copies;
    /** @type {(o: number) => number} where output o lies in a line */
    this.place = flat ? output.place : (o) => o;
    this.stretch = 0; // the weights that were prepared last
    const line = () => heap.take(this.line);
    this.tables = {
      bias: line(),
      scale: heap.take(new Float32Array(this.line).fill(1)),
      shift: line(),
      biasGradient: line(),
      scaleGradient: line(),
      shiftGradient: line(),
    };
    this.weight = UNDECLARED;
    this.bias = UNDECLARED;
    /** @type {{weight: Parameter, bias: Parameter, width: number} | null} */
    this.film = null;
    this.packed = 0;
    this.packedBack = 0;
  }

  /**
   * Names the parameters; torch initialises weight and bias alike, by the number of a weight's inputs.
   * @param {number[]} shape @param {number} rows @param {number} columns @param {Parameter["place"]} place
   * @param {number} fanIn @param {number[]} unused
   */
  declare(shape, rows, columns, place, fanIn, unused = []) {
    const bound = 1 / Math.sqrt(fanIn),
      { heap, parameters, name } = this;
    this.weight = parameters.add({ name: `${name}.weight`, shape, rows, columns, place, bound, unused });
    this.bias = parameters.add({
      ...{ name: `${name}.bias`, shape: [this.outputs], rows: 1, columns: this.across, bound, place: this.place },
    });
    this.packed = heap.take(rows * columns);
    if (!this.first) this.packedBack = heap.take(rows * columns);
  }

  /** @param {string} name @param {number} width of the condition */
  addFilm(name, width) {
    const shape = [2 * this.outputs, width];
    this.film = {
      weight: this.parameters.add({ name: `${name}.weight`, shape, rows: shape[0], columns: width, bound: 0 }),
      bias: this.parameters.add({ name: `${name}.bias`, shape: [shape[0]], rows: 1, columns: shape[0], bound: 0 }),
      width,
    };
  }

  /**
   * Number o of a line's table, at each of its copies. @param {number} table @param {number} o
   * @param {number} value
   */
  put(table, o, value) {
    const { floats } = this.heap;
    for (let copy = 0, at = table + this.place(o); copy < this.copies; copy++, at += this.across) floats[at] = value;
  }

  /** The sum of the copies of number o. @param {number} table @param {number} o */
  sum(table, o) {
    const { floats } = this.heap;
    let sum = 0;
    for (let copy = 0, at = table + this.place(o); copy < this.copies; copy++, at += this.across) sum += floats[at];
    return sum;
  }

  /**
   * Brings weights from a stretch of the parameters to the order of the products.
   * @param {number} stretch @param {boolean} backward whether gradients are wanted
   */
  prepare(stretch, backward) {
    const { heap, weight, bias, outputs } = this,
      { floats } = heap;
    heap.pack(stretch + weight.at, this.packed, weight.rows, weight.columns);
    if (backward && !this.first) heap.packTransposed(stretch + weight.at, this.packedBack, weight.rows, weight.columns);
    for (let o = 0; o < outputs; o++) this.put(this.tables.bias, o, floats[stretch + bias.at + this.place(o)]);
    this.stretch = stretch;
  }

  /** Scale and shift of one image. @param {ArrayLike<number>} conditions @param {number} b */
  setFilm(conditions, b) {
    if (!this.film) return;
    const { weight, bias, width } = this.film,
      { floats } = this.heap,
      { scale, shift } = this.tables,
      [w, f] = [this.stretch + weight.at, this.stretch + bias.at];
    for (let row = 0; row < 2 * this.outputs; row++) {
      let value = floats[f + row];
      for (let j = 0; j < width; j++) value += floats[w + row * width + j] * conditions[b * width + j];
      if (row < this.outputs) this.put(scale, row, 1 + value);
      else this.put(shift, row - this.outputs, value);
    }
  }

  /**
   * u of n images, from `room` to `raw`.
   * @param {number} _n
   */
  product(_n) {
    throw new Error("not a layer by itself");
  }

  /**
   * From `room` to a place, for n images.
   * @param {number} n @param {Room} target @param {ArrayLike<number>} conditions
   */
  forward(n, target, conditions) {
    this.product(n);
    const { heap, kind, lines, line, raw, tables } = this,
      jump = lines === 1 ? target.image : target.jump; // a vector may go where lines of an image are read
    const whole = !this.film && raw.image === lines * raw.jump && target.image === lines * jump;
    for (let b = 0; b < (whole ? 1 : n); b++) {
      this.setFilm(conditions, b);
      const [from, to] = [raw.at + b * raw.image, target.at + b * target.image];
      heap.finish(
        ...[kind, from, to, whole ? n * lines : lines, line / 4, raw.jump, jump],
        ...[tables.bias, tables.scale, tables.shift],
      );
    }
  }

  /** Starts new sums of the gradients. */
  clear() {
    const { floats } = this.heap,
      { biasGradient } = this.tables,
      gradients = this.parameters.gradients;
    floats.fill(0, biasGradient, biasGradient + this.line);
    if (!this.film) return;
    for (const { at, size } of [this.film.weight, this.film.bias])
      floats.fill(0, gradients + at, gradients + at + size);
  }

  /**
   * From the gradients of `count` images' outputs, from image b on, to those of u, images `step` apart.
   * @param {number} b @param {number} count @param {number} to @param {number} jump @param {number} step
   * @param {ArrayLike<number>} conditions
   */
  differentiate(b, count, to, jump, step, conditions) {
    const { heap, kind, lines, line, raw, tables, output } = this;
    const whole = !this.film && raw.image === lines * raw.jump && step === lines * jump;
    for (let i = b; i < (whole ? b + 1 : b + count); i++, to += step) {
      this.setFilm(conditions, i);
      if (this.film)
        for (const table of [tables.scaleGradient, tables.shiftGradient]) heap.floats.fill(0, table, table + line);
      heap.differentiate(
        ...[kind, raw.at + i * raw.image, this.gradient + i * output.width, to, whole ? count * lines : lines],
        ...[line / 4, raw.jump, line, jump],
        ...[tables.bias, tables.scale, tables.biasGradient, tables.scaleGradient, tables.shiftGradient],
      );
      if (this.film) this.collectFilm(conditions, i);
    }
  }

  /** @param {ArrayLike<number>} conditions @param {number} b */
  collectFilm(conditions, b) {
    const { weight, bias, width } = /** @type {NonNullable<typeof this.film>} */ (this.film),
      { floats } = this.heap,
      { gradients } = this.parameters,
      { scaleGradient, shiftGradient } = this.tables;
    for (let row = 0; row < 2 * this.outputs; row++) {
      const g = row < this.outputs ? this.sum(scaleGradient, row) : this.sum(shiftGradient, row - this.outputs);
      floats[gradients + bias.at + row] += g;
      for (let j = 0; j < width; j++) floats[gradients + weight.at + row * width + j] += g * conditions[b * width + j];
    }
  }

  /**
   * From `gradient` of n images to the parameters' gradients and to the gradient of the input.
   * @param {number} n
   * @param {number} below where the input's gradient goes, image by image without gaps; not used by the first layer
   * @param {ArrayLike<number>} conditions
   * @param {boolean} add whether that gradient is added to what lies there
   */
  backward(n, below, conditions, add = false) {
    this.clear();
    this.back(n, below, conditions, add);
    const { floats } = this.heap,
      at = this.parameters.gradients + this.bias.at;
    for (let o = 0; o < this.outputs; o++) floats[at + this.place(o)] = this.sum(this.tables.biasGradient, o);
  }

  /** @param {number} _n @param {number} _below @param {ArrayLike<number>} _conditions @param {boolean} _add */
  back(_n, _below, _conditions, _add) {
    throw new Error("not a layer by itself");
  }
}

/** @param {boolean} yes @param {string} what */
export function fits(yes, what) {
  if (!yes) throw new Error(`the layers do not fit together: ${what}`);
}
