/* The weights that a training begins with: Trainable.start_from in core/models/networks.py. */

import { SIGMA_SCALE } from "../posterior.js";
import { Random } from "./random.js";

/** @import { TrainableNetwork } from "./network.js" */

/**
 * Writes a network's initial weights: uniform in +- 1 / sqrt(a layer's inputs), as torch draws them; those of FiLM are
 * 0; the last bias lets the decoder begin with the data's mean in each channel, and a learned sigma begins with their
 * deviation.
 * @param {Pick<TrainableNetwork, "parameters" | "heap" | "decoder" | "sigma">} network @param {number} seed
 * @param {number[]} means one per channel, in (0, 1) @param {number} [deviation] in grey levels of [0, 1]
 */
export function initialise({ parameters, heap, decoder, sigma }, seed, means, deviation = 1) {
  const random = new Random(seed);
  for (const parameter of parameters.all) {
    const { bound, size } = parameter;
    const values = Float32Array.from({ length: size }, () => (bound ? bound * (2 * random.uniform() - 1) : 0));
    parameters.write(heap, parameters.weights, parameter, values);
  }
  const last = decoder.layers[decoder.layers.length - 1].bias,
    bias = new Float32Array(last.size),
    each = last.size / means.length;
  means.forEach((mean, c) => {
    const level = Math.min(1 - 1e-4, Math.max(1e-4, mean));
    bias.fill(Math.log(level / (1 - level)), c * each, (c + 1) * each);
  });
  parameters.write(heap, parameters.weights, last, bias);
  if (sigma) {
    const start = Float32Array.of(Math.log(Math.max(deviation, 1e-2)) / SIGMA_SCALE);
    parameters.write(heap, parameters.weights, sigma.offset, start);
  }
  heap.floats.copyWithin(parameters.mean, parameters.weights, parameters.weights + parameters.length);
}
