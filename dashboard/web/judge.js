/* The judge in the page: core/metrics/judge.py's classifier, which names the class of any picture.

   5x5 convolution, ReLU, 2x2 maximum, 3x3 convolution, ReLU, 2x2 maximum, 64 features, ReLU, classes. */

import { formatOf } from "./image.js";
import { Heap } from "./heap.js";
import { imageShape } from "./shapes.js";
import { Stack } from "./stack.js";
import { load, parseSafetensors } from "./weights.js";

/** @import { Tensors } from "./weights.js" */
/** @import { Room, Shape } from "./shapes.js" */

export class Judge {
  /** @param {Tensors} tensors */
  constructor(tensors) {
    const heap = (this.heap = new Heap());
    // The side follows from the features: halved after each convolution, which cuts off its border.
    const [, channels] = tensors["features.0.weight"].shape,
      last = tensors["features.7.weight"].shape[1] / tensors["features.3.weight"].shape[0],
      side = 4 * Math.sqrt(last) + 8;
    this.format = formatOf([channels, side, side]);
    let shape = imageShape(channels, side);
    /** @type {(kind: string, name: string, kernel?: number) => Stack} */
    const layer = (kind, name, kernel) => {
      const weight = tensors[`${name}.weight`],
        [outputs, inputs] = weight.shape;
      const description = { kind, inputs, outputs, kernel, stride: 1, padding: 0 };
      const named = { "judge.layers.0.weight": weight, "judge.layers.0.bias": tensors[`${name}.bias`] };
      const made = new Stack(heap, [description], named, "judge", "relu", name !== "classes", shape);
      shape = kernel ? imageShape(outputs, made.output.side >> 1) : made.output;
      return made;
    };
    this.convs = [layer("conv", "features.0", 5), layer("conv", "features.3", 3)];
    this.features = layer("linear", "features.7");
    this.classes = layer("linear", "classes");
    heap.seal();
  }

  /**
   * Class logits of one image; overwritten by the next call.
   * @param {ArrayLike<number>} image its numbers, from `offset` on
   */
  logits(image, offset = 0) {
    const { floats } = this.heap;
    this.convs[0].load(image, offset, 1);
    this.convs.forEach((conv, i) => {
      const next = this.convs[i + 1] ?? this.features;
      conv.forward(1);
      halve(floats, conv.output, conv.result, next.layers[0].room);
    });
    this.features.forward(1);
    const { output, result } = this.features,
      { room } = this.classes.layers[0];
    floats.copyWithin(room.at, result.at, result.at + output.width);
    this.classes.forward(1);
    return floats.subarray(this.classes.result.at, this.classes.result.at + this.classes.output.length);
  }

  /**
   * The most probable class of one image.
   * @param {ArrayLike<number>} image its numbers, from `offset` on
   */
  name(image, offset = 0) {
    const logits = this.logits(image, offset);
    let best = 0;
    for (let c = 1; c < logits.length; c++) if (logits[c] > logits[best]) best = c;
    return best;
  }
}

/**
 * The largest of each 2x2 pixels, channel by channel.
 * @param {Float32Array} floats @param {Shape} shape @param {Room} from @param {Room} to
 */
function halve(floats, { side, depth }, from, to) {
  const half = side >> 1,
    line = side * depth;
  for (let y = 0; y < half; y++)
    for (let x = 0; x < half; x++) {
      const i = from.at + 2 * y * line + 2 * x * depth,
        out = to.at + y * to.jump + x * depth;
      for (let c = 0, j = i; c < depth; c++, j++)
        floats[out + c] = Math.max(floats[j], floats[j + depth], floats[j + line], floats[j + line + depth]);
    }
}

/**
 * The judge at a URL.
 * @param {string} url
 */
export const loadJudge = (url) => load(url, (bytes) => new Judge(parseSafetensors(bytes).tensors));
