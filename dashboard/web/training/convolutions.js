/* Convolutions and transposed convolutions that are trained: products with the patches of images as rows. */

import { PANEL, upTo } from "../kernels.js";
import { UnsupportedNetwork } from "../shapes.js";
import { TrainedLayer, fits, image } from "./layer.js";

/** @import { Convolution, Description, Shape } from "../shapes.js" */
/** @import { Setting } from "./layer.js" */

const ROWS_AT_ONCE = 65536; // numbers gathered before a product: they stay in the processor's second cache

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

export class Conv extends Patched {
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

export class Transposed extends Patched {
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
