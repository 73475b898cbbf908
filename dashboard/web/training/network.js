/* The networks of core/models/networks.py and core/models/multirate.py, ready to be trained:

     x -> encoder -> mean, logvar -> z = mean + e^(logvar / 2) noise -> decoder -> logits        and back

   A multi-rate network has one beta per image, which scales and shifts its layers (FiLM) and weighs the rate. */

import { formatOf } from "../image.js";
import { KINDS } from "../kernels.js";
import { scaled } from "../log_beta.js";
import { SIGMA_SCALE } from "../posterior.js";
import { UnsupportedNetwork, inputShape, isFlat, vectorShape } from "../shapes.js";
import { put, take } from "../stack.js";
import { TrainingHeap } from "./heap.js";
import { TrainedStack } from "./layers.js";
import { chargedRate, codeGradient, distortionGradient, sampleCodes, sigmaGradient } from "./losses.js";
import { Optimiser } from "./optimiser.js";
import { Parameters } from "./parameters.js";

/** @import { TrainingConfig } from "../data.js" */
/** @import { Description, Shape } from "../shapes.js" */
/** @import { Parameter } from "./parameters.js" */
/**
 * core/models/trunks.py's `describe`, and the shape (C, H, W) of the images.
 * @typedef {{encoder: Description[], decoder: Description[], shape?: number[]}} Layers
 */
/** @typedef {{shape: number[], data: Float32Array}} FloatTensor */
/**
 * Of a batch: what is minimised, a mean over its images; distortion and rate summed over them; all in nats.
 * @typedef {{loss: number, distortion: number, rate: number}} Terms
 */

const CONDITIONS = 3;

export class TrainableNetwork {
  /** @param {TrainingConfig} config @param {Layers} layers @param {number} capacity images at once, at most */
  constructor(config, layers, capacity) {
    this.config = config;
    this.layers = layers;
    this.capacity = capacity;
    this.conditioned = config.model === "multirate";
    this.format = formatOf(layers.shape);
    const { pixels, side } = this.format;
    const d = (this.d = config.latent_dim),
      heap = (this.heap = new TrainingHeap()),
      parameters = (this.parameters = new Parameters(config.optimiser === "muon")),
      setting = { heap, parameters, capacity };
    const { activation } = config,
      conditions = this.conditioned ? CONDITIONS : 0;
    /** @type {(table: Description[], shape: Shape, prefix: string, encoder: boolean) => TrainedStack} */
    const stack = (table, shape, prefix, encoder) =>
      new TrainedStack(setting, table, { activation, conditions, prefix, last: encoder, bottom: encoder }, shape);
    this.encoder = stack(layers.encoder, inputShape(this.format, layers.encoder), "encoder", true);
    this.decoder = stack(layers.decoder, vectorShape(d), "decoder", false);
    const { output } = this.decoder;
    if (output.length !== pixels) throw new UnsupportedNetwork(`pictures of ${output.length} numbers`);
    const names = config.model === "ae" ? ["mean"] : ["mean", "logvar"];
    this.heads = names.map(() => {
      const table = [{ kind: "linear", inputs: this.encoder.output.length, outputs: d }];
      const how = { activation, conditions: 0, prefix: "head", last: false, bottom: false };
      return new TrainedStack(setting, table, how, this.encoder.output);
    });
    this.heads.forEach(({ layers: [head] }, i) => {
      head.weight.name = `head.${names[i]}.weight`;
      head.bias.name = `head.${names[i]}.bias`;
      head.room = this.encoder.result; // both read what the encoder leaves
    });
    /** @type {{offset: Parameter, slope: Parameter | null} | null} a learned sigma: SharedSigma */
    this.sigma = null;
    if (config.likelihood === "calibrated") {
      const add = (/** @type {string} */ name, /** @type {number[]} */ shape) =>
        parameters.add({ name: `sigma.${name}`, shape, rows: 1, columns: shape[0] ?? 1, bound: 0 });
      this.sigma = { offset: add("offset", []), slope: this.conditioned ? add("slope", [CONDITIONS]) : null };
    }
    this.line = side * (output.depth || 1); // sigmoids are taken line by line
    this.ones = heap.take(new Float32Array(this.line).fill(1));
    this.zeros = heap.take(this.line);
    this.scratch = heap.take(capacity * vectorShape(d).width); // where the first layer's gradient goes: nowhere
    parameters.layOut(heap);
    this.optimiser = new Optimiser(heap, parameters, config.averaging);
    heap.seal();
    this.mean = new Float32Array(capacity * d);
    this.logvar = config.model === "ae" ? null : new Float32Array(capacity * d);
    this.z = new Float32Array(capacity * d);
    this.rates = new Float32Array(capacity * d);
    this.toZ = new Float32Array(capacity * d);
    this.toLogvar = new Float32Array(capacity * d);
    this.charged = new Uint8Array(d);
    this.conditions = new Float32Array(capacity * CONDITIONS);
    this.betas = new Float32Array(capacity);
    this.noise = new Float32Array(capacity * d);
    this.images = new Float32Array(capacity * pixels);
    /** One picture in torch's order, where the heap has another: logits, then sigmoids. */
    this.spare = isFlat(output) ? null : [new Float32Array(pixels), new Float32Array(pixels)];
    this.stretch = 0; // what the passes compute with
  }

  /**
   * Numbers of the parameters by torch's names.
   * @param {number} [stretch] by default the weights
   * @returns {Record<string, FloatTensor>}
   */
  tensors(stretch = this.parameters.weights) {
    return Object.fromEntries(
      this.parameters.all.map((p) => [p.name, { shape: p.shape, data: this.parameters.read(this.heap, stretch, p) }]),
    );
  }

  /** @param {Record<string, {data: ArrayLike<number>}>} tensors weights by torch's names */
  load(tensors) {
    const { parameters, heap } = this;
    for (const parameter of parameters.all) {
      if (!tensors[parameter.name]) throw new Error(`no ${parameter.name} in these weights`);
      parameters.write(heap, parameters.weights, parameter, tensors[parameter.name].data);
    }
    heap.floats.copyWithin(parameters.mean, parameters.weights, parameters.weights + parameters.length);
  }

  /** What the next passes compute with. @param {number} stretch weights or mean @param {boolean} backward */
  prepare(stretch, backward) {
    for (const stack of [this.encoder, this.decoder, ...this.heads]) stack.prepare(stretch, backward);
    this.stretch = stretch;
  }

  /** log beta scaled to [-1, 1], and its powers, for each image: core/models/multirate.py. @param {number} n */
  setConditions(n) {
    if (!this.conditioned) return;
    for (let b = 0; b < n; b++) {
      const t = scaled(this.betas[b]);
      for (let j = 0, power = t; j < CONDITIONS; j++, power *= t) this.conditions[b * CONDITIONS + j] = power;
    }
  }

  /**
   * From n images, `inputs`, to mean, logvar, z and rates, with `noise` and `betas`.
   * @param {number} n @param {Float32Array} inputs n * P
   */
  encode(n, inputs) {
    const { encoder, heads, heap, d, mean, logvar } = this,
      { floats } = heap;
    this.setConditions(n);
    this.put(encoder, n, inputs);
    encoder.forward(n, this.conditions);
    heads.forEach((head, i) => {
      head.forward(n, this.conditions);
      const { at, image } = head.result,
        out = i ? /** @type {Float32Array} */ (logvar) : mean;
      for (let b = 0; b < n; b++) out.set(floats.subarray(at + b * image, at + b * image + d), b * d);
    });
    sampleCodes(n, d, mean, logvar, this.noise, this.z, this.rates);
  }

  /**
   * From codes to logits in the decoder's result, and to their sigmoids in its gradient. @param {number} n
   * @param {Float32Array} z
   */
  decode(n, z) {
    const { decoder, heap, conditions, ones, zeros, line } = this;
    this.put(decoder, n, z);
    decoder.forward(n, conditions);
    const sizes = [n * (decoder.output.width / line), line / 4, line, line];
    const [lines, vectors, leap, jump] = sizes;
    heap.finish(KINDS.sigmoid, decoder.result.at, decoder.gradient, lines, vectors, leap, jump, zeros, ones, zeros);
  }

  /**
   * @param {TrainedStack} stack @param {number} n @param {Float32Array} values
   */
  put({ layers: [{ room, input }] }, n, values) {
    const { floats } = this.heap;
    for (let b = 0; b < n; b++) put(floats, room.at + b * room.image, room.jump, input, values, b * input.length);
  }

  /**
   * The logits, or after `decode` the sigmoids, of image b in torch's order; overwritten by the next call.
   * @param {"result" | "gradient"} which @param {number} b
   */
  picture(which, b) {
    const { heap, decoder, spare, format } = this,
      { output } = decoder,
      at = (which === "result" ? decoder.result.at : decoder.gradient) + b * output.width;
    if (!spare) return heap.floats.subarray(at, at + format.pixels);
    const out = spare[which === "result" ? 0 : 1];
    take(heap.floats, at, output, out, 0);
    return out;
  }

  /** log sigma of image b, where it is learned. @param {number} b */
  logSigma(b) {
    if (!this.sigma) return undefined;
    const { offset, slope } = this.sigma,
      { floats } = this.heap;
    let sum = floats[this.stretch + offset.at];
    for (let j = 0; slope && j < CONDITIONS; j++)
      sum += floats[this.stretch + slope.at + j] * this.conditions[b * CONDITIONS + j];
    return SIGMA_SCALE * sum;
  }

  /**
   * D of image b, after `decode`; its gradient by the logits, times `weight`, takes the place of the sigmoids.
   * @param {number} b @param {number} weight
   */
  distortion(b, weight) {
    const { format, decoder, spare, heap, config } = this,
      { pixels } = format,
      gradient = this.picture("gradient", b),
      image = this.images.subarray(b * pixels, (b + 1) * pixels),
      nats = distortionGradient(
        ...[config.likelihood, this.picture("result", b), gradient, image, weight, this.logSigma(b)],
      );
    if (spare) {
      const { output } = decoder,
        at = decoder.gradient + b * output.width;
      heap.floats.fill(0, at, at + output.width);
      put(heap.floats, at, output.side * output.depth, output, gradient, 0);
    }
    return nats;
  }

  /** Starts new sums of the gradients of sigma. */
  clearSigma() {
    const { heap, parameters } = this;
    for (const parameter of [this.sigma?.offset, this.sigma?.slope])
      if (parameter) {
        const at = parameters.gradients + parameter.at;
        heap.floats.fill(0, at, at + parameter.size);
      }
  }

  /** Adds image b's part. @param {number} b @param {number} distortion @param {number} weight */
  addSigma(b, distortion, weight) {
    if (!this.sigma) return;
    const { heap, parameters, format, conditions } = this,
      { offset, slope } = this.sigma,
      logSigma = /** @type {number} */ (this.logSigma(b)),
      by = SIGMA_SCALE * weight * sigmaGradient(distortion, format.pixels, logSigma);
    heap.floats[parameters.gradients + offset.at] += by;
    for (let j = 0; slope && j < CONDITIONS; j++)
      heap.floats[parameters.gradients + slope.at + j] += by * conditions[b * CONDITIONS + j];
  }

  /**
   * The loss of a batch and the gradients of all parameters, with `images`, `noise` and `betas` as they are.
   * @param {number} n @param {Float32Array} [inputs] what the encoder sees, where that is not the images
   * @param {number} [whole] images of the batch that these n, at least one, are a part of: over the parts, losses and
   *   gradients add up to those of the batch; without free bits, which are a matter of the whole batch
   * @returns {Terms}
   */
  backward(n, inputs = this.images, whole = n) {
    const { d, heap, config, decoder, heads, encoder, toZ, toLogvar, betas, charged } = this,
      { floats } = heap;
    this.encode(n, inputs);
    this.decode(n, this.z);
    const scale = config.reduction === "mean" ? 1 / this.format.pixels : 1;
    let distortion = 0;
    this.clearSigma();
    for (let b = 0; b < n; b++) {
      const nats = this.distortion(b, scale / whole);
      distortion += nats;
      this.addSigma(b, nats, scale / whole);
    }
    const below = decoder.input.width;
    decoder.backward(n, this.scratch, this.conditions);
    for (let b = 0; b < n; b++) toZ.set(floats.subarray(this.scratch + b * below, this.scratch + b * below + d), b * d);
    let rate = 0,
      paid = 0;
    if (this.logvar) {
      for (let i = 0; i < n * d; i++) rate += this.rates[i];
      paid = chargedRate(n, d, this.rates, betas, config.free_bits, charged);
    }
    const weights = betas.map((beta) => beta / whole);
    codeGradient(n, d, this.mean, this.logvar, this.noise, toZ, toLogvar, weights, charged);
    heads.forEach((head, i) => {
      const from = i ? toLogvar : toZ;
      for (let b = 0; b < n; b++) floats.set(from.subarray(b * d, (b + 1) * d), head.gradient + b * head.output.width);
      head.backward(n, encoder.gradient, this.conditions, i > 0);
    });
    encoder.backward(n, 0, this.conditions);
    this.parameters.clearUnused(heap);
    return { loss: (scale * distortion + paid) / whole, distortion, rate };
  }
}
