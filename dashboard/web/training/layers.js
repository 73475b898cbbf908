/* The layers of layers.js with their gradients, for a whole batch. With W as a matrix,
   y = activation(u + b) scale + shift and a gradient g of u:

     linear        u = x W                        W's gradient x' g                  x's gradient g W'
     conv          u = gather(x) W                gather(x)' g                       scatter(g W')
     transposed    u = scatter(x W)               x' gather(g)                       gather(g) W'

   `gather` copies the patches of an image into rows, `scatter` adds rows to patches (kernels.js); each is the adjoint
   of the other. b, scale and shift: `differentiate` in heap.js. FiLM computes scale and shift from a condition c, one
   for each image: (scale - 1, shift) = F c + f, core/models/networks.py.

   Channels come last and are filled up to a multiple of eight, except those of a grey image at either end. */

import { KINDS, PANEL, upTo } from "../kernels.js";
import { UnsupportedNetwork, imageShape, vectorShape } from "../layers.js";

/** @import { Convolution, Description, Room, Shape } from "../layers.js" */
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

const ROWS_AT_ONCE = 65536; // numbers gathered before a product: they stay in the processor's second cache

/** @type {Parameter} */
const UNDECLARED = {
  ...{ name: "", shape: [], size: 0, rows: 0, columns: 0, bound: 0, muon: false, at: 0, unused: [] },
  place: () => 0,
};

/** @type {(channels: number, side: number, edge: boolean) => Shape} an image, inside a network or at an end of it */
function image(channels, side, edge) {
  if (edge) return imageShape(channels, side);
  const depth = upTo(channels, PANEL),
    area = side * side;
  /** @type {Shape["place"]} */
  const place = (i) => (i % area) * depth + Math.floor(i / area);
  return { length: channels * area, width: depth * area, place, channels, side, depth };
}

/** What all layers share. */
class TrainedLayer {
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

/** Convolutions: an image with its padding, and its patches as rows. */
class Patched extends TrainedLayer {
  /**
   * @param {Setting} setting @param {Convolution} description @param {Shape} input @param {Shape} output
   * @param {Shape} large the one of the two that patches are gathered from
   */
  constructor(setting, { inputs, outputs, kernel, stride, padding }, input, output, large) {
    super(setting, input, output, outputs, false);
    fits(inputs === input.channels, `${inputs} channels after ${input.channels}`);
    const { depth } = large,
      full = large.side + 2 * padding,
      small = large === input ? output : input;
    this.kernel = kernel;
    this.pitch = full * depth;
    this.full = full * full * depth;
    this.inside = (padding * full + padding) * depth; // where the image begins in its padding
    this.right = stride * depth;
    this.down = stride * this.pitch;
    this.vectors = upTo(kernel * depth, 4) / 4;
    this.row = upTo(kernel * 4 * this.vectors, PANEL);
    this.side = small.side;
    this.places = small.side * small.side;
    this.group = Math.max(1, Math.min(setting.capacity, Math.floor(ROWS_AT_ONCE / (this.places * this.row))));
    this.rows = setting.heap.take(this.group * this.places * this.row);
    /** @type {(y: number, x: number, c: number) => number} where a number of a patch lies in its row */
    this.within = (y, x, c) => y * 4 * this.vectors + x * depth + c;
    const used = new Set();
    for (let y = 0; y < kernel; y++)
      for (let x = 0; x < kernel; x++) for (let c = 0; c < depth; c++) used.add(this.within(y, x, c));
    this.gaps = Array.from({ length: this.row }, (_, i) => i).filter((i) => !used.has(i));
  }

  /** Rows from one image of the padded size. @param {number} from @param {number} index of the image in its group */
  gatherRows(from, index) {
    const { heap, rows, side, kernel, vectors, right, down, pitch, row, places } = this;
    heap.gather(from, rows + index * places * row, side, side, kernel, vectors, right, down, pitch, row);
  }

  /** The rows of one image, added up in the padded size. @param {number} to @param {number} index */
  scatterRows(to, index) {
    const { heap, rows, side, kernel, vectors, right, down, pitch, row, places } = this;
    heap.floats.fill(0, to, to + this.full);
    heap.scatter(to, rows + index * places * row, side, side, kernel, vectors, right, down, pitch, row);
  }

  /** @param {number} n @param {(b: number, count: number) => void} each */
  groups(n, each) {
    for (let b = 0; b < n; b += this.group) each(b, Math.min(this.group, n - b));
  }
}

class Conv extends Patched {
  /** @param {Setting} setting @param {Convolution} description @param {Shape} input @param {Description} [next] */
  constructor(setting, description, input, next) {
    const { inputs, outputs, kernel, stride, padding } = description;
    if (!next) throw new UnsupportedNetwork("a convolution as the last layer");
    const side = Math.floor((input.side + 2 * padding - kernel) / stride) + 1;
    const output = image(outputs, side, false);
    super(setting, description, input, output, input);
    const { heap, capacity } = setting,
      { depth } = output;
    this.padded = heap.take(capacity * this.full);
    this.room = { at: this.padded + this.inside, jump: this.pitch, image: this.full };
    this.raw = { at: heap.take(capacity * output.width), jump: side * depth, image: output.width };
    this.sums = this.first ? 0 : heap.take(this.full);
    const area = kernel * kernel;
    this.declare(
      [outputs, inputs, kernel, kernel],
      this.row,
      depth,
      (i) => {
        const [at, o, c] = [i % area, Math.floor(i / area / inputs), Math.floor(i / area) % inputs];
        return this.within(Math.floor(at / kernel), at % kernel, c) * depth + o;
      },
      inputs * area,
      this.gaps.flatMap((row) => Array.from({ length: depth }, (_, o) => row * depth + o)),
    );
  }

  /** @param {number} n */
  product(n) {
    const { heap, places, row, raw, rows } = this;
    this.groups(n, (b, count) => {
      for (let i = 0; i < count; i++) this.gatherRows(this.padded + (b + i) * this.full, i);
      const to = raw.at + b * raw.image;
      heap.timesPacked(rows, this.packed, to, count * places, this.output.depth, row, row, false);
    });
  }

  /** @param {number} n @param {number} below @param {ArrayLike<number>} conditions */
  back(n, below, conditions) {
    const { heap, input, places, row, rows, output, gradient, pitch } = this,
      { depth } = output,
      line = input.side * input.depth;
    this.differentiate(0, n, gradient, this.line, output.width, conditions);
    this.groups(n, (b, count) => {
      for (let i = 0; i < count; i++) this.gatherRows(this.padded + (b + i) * this.full, i);
      const at = gradient + b * output.width,
        target = this.parameters.gradients + this.weight.at;
      heap.transposedTimes(rows, at, target, row, depth, count * places, b > 0);
      if (this.first) return;
      heap.timesPacked(at, this.packedBack, rows, count * places, row, depth, depth, false);
      for (let i = 0; i < count; i++) {
        this.scatterRows(this.sums, i);
        const to = below + (b + i) * input.width;
        heap.gather(this.sums + this.inside, to, input.side, 1, 1, line / 4, 0, pitch, 0, line);
      }
    });
  }
}

class Transposed extends Patched {
  /** @param {Setting} setting @param {Convolution} description @param {Shape} input @param {Description} [next] */
  constructor(setting, description, input, next) {
    const { inputs, outputs, kernel, stride, padding } = description;
    const output = image(outputs, (input.side - 1) * stride + kernel - 2 * padding, !next);
    super(setting, description, input, output, output);
    const { heap, capacity } = setting;
    this.room.at = heap.take(capacity * input.width);
    this.sums = heap.take(capacity * this.full);
    this.raw = { at: this.sums + this.inside, jump: this.pitch, image: this.full };
    this.padded = heap.take(this.full); // one image's gradient, in a frame of zeros
    const area = kernel * kernel;
    this.declare(
      [inputs, outputs, kernel, kernel],
      input.depth,
      this.row,
      (i) => {
        const [at, c, o] = [i % area, Math.floor(i / area / outputs), Math.floor(i / area) % outputs];
        return c * this.row + this.within(Math.floor(at / kernel), at % kernel, o);
      },
      outputs * area, // torch takes the second dimension for the inputs here, too
      Array.from({ length: input.depth }, (_, c) => this.gaps.map((gap) => c * this.row + gap)).flat(),
    );
  }

  /** @param {number} n */
  product(n) {
    const { heap, places, row, rows, input } = this;
    this.groups(n, (b, count) => {
      const from = this.room.at + b * input.width;
      heap.timesPacked(from, this.packed, rows, count * places, row, input.depth, input.depth, false);
      for (let i = 0; i < count; i++) this.scatterRows(this.sums + (b + i) * this.full, i);
    });
  }

  /** @param {number} n @param {number} below @param {ArrayLike<number>} conditions */
  back(n, below, conditions) {
    const { heap, input, places, row, rows, padded } = this,
      { depth } = input;
    this.groups(n, (b, count) => {
      for (let i = 0; i < count; i++) {
        this.differentiate(b + i, 1, padded + this.inside, this.pitch, this.full, conditions);
        this.gatherRows(padded, i);
      }
      const from = this.room.at + b * input.width,
        target = this.parameters.gradients + this.weight.at;
      heap.transposedTimes(from, rows, target, depth, row, count * places, b > 0);
      if (!this.first)
        heap.timesPacked(rows, this.packedBack, below + b * input.width, count * places, depth, row, row, false);
    });
  }
}

/**
 * @type {Record<string, new (setting: Setting, description: any, input: Shape,
 *   next?: Description) => TrainedLayer>}
 */
export const TRAINED_KINDS = { linear: Linear, conv: Conv, transposed: Transposed };

/** @param {boolean} yes @param {string} what */
function fits(yes, what) {
  if (!yes) throw new Error(`the layers do not fit together: ${what}`);
}

/** Layers in a row, as `Stack` in layers.js. */
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
