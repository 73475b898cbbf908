/* The training loop, as `fit` in core/training/loop.py:

     for each epoch:  shuffle;  for each batch:  minimise mean(D + beta R)

   One call of `step` is one batch, so that a worker can receive messages in between; with several workers,
   `DataParallel` in data_parallel.js takes the parts of a step and sends numbers in between. Every epoch has generators
   of its own, seeded by (seed, epoch): the same seed gives the same bits in the same browser, however the training was
   interrupted. What is measured and shown is the running mean of the weights where the recipe has one. */

import { formatOf } from "../image.js";
import { BETA_RANGE } from "../log_beta.js";
import { initialise } from "./initial_weights.js";
import { TrainableNetwork } from "./network.js";
import { Random } from "./random.js";
import { SCHEDULES } from "./schedule.js";

/** @import { TrainingConfig } from "../data.js" */
/** @import { Format } from "../image.js" */
/** @import { Layers, Terms } from "./network.js" */
/** @import { Share } from "./shares.js" */
/**
 * What core/training/evaluation.py measures: means over test images, in nats and per pixel; a point has no rate.
 * @typedef {{n: number, distortion: number, rate: number | null, neg_elbo: number | null, mse: number,
 *   rate_per_dim: number[] | null, active_units: number | null}} Figures
 */
/**
 * Where the training is.
 * @typedef {{epoch: number, epochs: number, fraction: number, loss: number, distortion: number, rate: number | null,
 *   ended: boolean}} Progress means over the epoch so far; `ended`: the epoch
 */

/**
 * Of a worker's part of the test images, in nats and squared grey levels.
 * @typedef {{n: number, distortion: number, squares: number, perDim: Float64Array}} Sums
 */
/**
 * Which part of every batch, and of the test images, this is: number `index` of `count` nearly equal ones.
 * @typedef {{index: number, count: number}} Part
 */

const ACTIVE_NATS = 0.1; // core/config.py
const MEASURED = 1000; // core/training/duration.py

export class Trainer {
  /**
   * @param {TrainingConfig} config @param {Layers} layers
   * @param {Uint8Array} train n images, each number 0 to 255 @param {Uint8Array} test
   * @param {number} seed of weights, order and noise @param {Part} [part] all by default
   */
  constructor(config, layers, train, test, seed, part = { index: 0, count: 1 }) {
    if (!Object.hasOwn(SCHEDULES, config.schedule)) throw new Error(`no schedule is called "${config.schedule}"`);
    this.config = config;
    this.train = train;
    this.test = test;
    this.seed = seed;
    this.part = part;
    const format = formatOf(layers.shape);
    this.pixels = format.pixels;
    this.count = train.length / this.pixels;
    if (!this.count) throw new Error("there are no images to train on");
    this.batches = Math.ceil(this.count / config.batch_size);
    const capacity = Math.ceil(Math.min(config.batch_size, this.count) / part.count);
    this.network = new TrainableNetwork(config, layers, capacity);
    const { means, deviation } = statistics(train, format);
    initialise(this.network, seed, means, deviation);
    this.taken = 0; // steps
    /** @type {Terms} */
    this.sums = { loss: 0, distortion: 0, rate: 0 };
    this.inputs = new Float32Array(config.noise ? this.network.images.length : 0);
    this.order = new Uint32Array(0);
    this.random = new Random(seed);
  }

  get done() {
    return this.taken >= this.config.epochs * this.batches;
  }

  /** The stretch of parameters that is measured and kept. */
  get kept() {
    const { parameters } = this.network;
    return this.config.averaging ? parameters.mean : parameters.weights;
  }

  /** One batch. @returns {Progress} */
  step() {
    const terms = this.differentiate();
    this.move(terms);
    return this.moved(terms);
  }

  /** Where the next batch begins and ends in the epoch's order. */
  get batch() {
    const from = (this.taken % this.batches) * this.config.batch_size;
    return { from, end: Math.min(from + this.config.batch_size, this.count) };
  }

  /** This part of so many things: the first one's number, and the one after the last. @param {number} n */
  stretch(n) {
    const { index, count } = this.part;
    return { from: Math.floor((index * n) / count), end: Math.floor(((index + 1) * n) / count) };
  }

  /** The gradients of the next batch, or of this part of it. @returns {Terms} that part's share of them */
  differentiate() {
    const { sums, taken, batches } = this,
      epoch = 1 + Math.floor(taken / batches),
      { from, end } = this.batch;
    if (!from) {
      this.order = new Random(this.seed, epoch, 0).order(this.count);
      this.random = new Random(this.seed, epoch, 1);
      Object.assign(sums, { loss: 0, distortion: 0, rate: 0 });
    }
    this.draw(this.order.subarray(from, end), epoch);
    return this.gradients(end - from);
  }

  /**
   * Puts images, their betas and the noise into the network. Random numbers are drawn for the whole batch.
   * @param {Uint32Array} chosen @param {number} epoch
   */
  draw(chosen, epoch) {
    const { config, network, random, train, inputs, pixels } = this,
      { images, betas, noise, d } = network,
      n = chosen.length,
      { from, end } = this.stretch(n);
    for (let b = from; b < end; b++)
      for (let i = 0, to = (b - from) * pixels, at = chosen[b] * pixels; i < pixels; i++)
        images[to + i] = train[at + i] / 255;
    const [low, high] = BETA_RANGE.map(Math.log);
    const fixed = (config.beta ?? 0) * (config.warmup_epochs ? Math.min(1, epoch / config.warmup_epochs) : 1);
    for (let b = 0; b < n; b++) {
      const beta = config.model === "multirate" ? Math.exp(low + (high - low) * random.uniform()) : fixed;
      if (b >= from && b < end) betas[b - from] = beta;
    }
    for (let i = -from * pixels; config.noise && i < (n - from) * pixels; i++) {
      const moved = config.noise * random.normal();
      if (i >= 0 && i < (end - from) * pixels) inputs[i] = Math.min(1, Math.max(0, images[i] + moved));
    }
    for (let i = -from * d; network.logvar && i < (n - from) * d; i++) {
      const value = random.normal();
      if (i >= 0 && i < (end - from) * d) noise[i] = value;
    }
  }

  /** The gradients of what is in the network, this part of a batch of n images. @param {number} n @returns {Terms} */
  gradients(n) {
    const { config, network } = this,
      { parameters, heap, images } = network,
      { from, end } = this.stretch(n);
    network.prepare(parameters.weights, true);
    if (end > from) return network.backward(end - from, config.noise ? this.inputs : images, n);
    heap.floats.fill(0, parameters.gradients, parameters.gradients + parameters.length);
    return { loss: 0, distortion: 0, rate: 0 };
  }

  /**
   * One step of the optimisers along the gradients of a whole batch, for all parameters or a share.
   * @param {Terms} terms of the whole batch @param {Share} [share]
   */
  move({ loss }, share) {
    const { config, network, taken, batches } = this;
    if (!Number.isFinite(loss))
      throw new Error(`the loss is ${loss}: training diverged. Lower learning_rate (now ${config.learning_rate}).`);
    network.optimiser.move(config.learning_rate * SCHEDULES[config.schedule](taken / (config.epochs * batches)), share);
  }

  /** After all parameters have been moved. @param {Terms} terms of the whole batch @returns {Progress} */
  moved({ loss, distortion, rate }) {
    const { config, network, batches, count, sums } = this,
      { from, end } = this.batch;
    network.optimiser.average();
    sums.loss += loss * (end - from);
    sums.distortion += distortion;
    sums.rate += rate;
    const epoch = 1 + Math.floor(this.taken++ / batches);
    return {
      ...{ epoch, epochs: config.epochs, fraction: this.taken / (config.epochs * batches) },
      ...{ loss: sums.loss / end, distortion: sums.distortion / end },
      ...{ rate: network.logvar ? sums.rate / end : null, ended: end === count },
    };
  }

  /** Figures on the first test images; those of a multi-rate network at beta = 1. @returns {Figures} */
  evaluate() {
    return this.figures([this.measure()]);
  }

  /** What `figures` needs of this part of the test images. @returns {Sums} */
  measure() {
    const { network, test, pixels } = this,
      { capacity, d, images, noise, betas, rates } = network,
      random = new Random(0);
    const { from, end } = this.stretch(Math.min(MEASURED, test.length / pixels)),
      perDim = new Float64Array(d);
    let distortion = 0,
      squares = 0;
    network.prepare(this.kept, false);
    betas.fill(1);
    for (let i = 0; network.logvar && i < from * d; i++) random.normal(); // the other parts'
    for (let start = from; start < end; start += capacity) {
      const size = Math.min(capacity, end - start);
      for (let i = 0; i < size * pixels; i++) images[i] = test[start * pixels + i] / 255;
      for (let i = 0; network.logvar && i < size * d; i++) noise[i] = random.normal();
      network.encode(size, images);
      network.decode(size, network.mean);
      for (let b = 0; b < size; b++) {
        const picture = network.picture("gradient", b);
        for (let i = 0; i < pixels; i++) squares += (picture[i] - images[b * pixels + i]) ** 2;
      }
      if (network.logvar) network.decode(size, network.z);
      for (let b = 0; b < size; b++) {
        distortion += network.distortion(b, 1);
        for (let j = 0; j < d; j++) perDim[j] += rates[b * d + j];
      }
    }
    return { n: end - from, distortion, squares, perDim };
  }

  /** From what the parts have measured. @param {Sums[]} parts @returns {Figures} */
  figures(parts) {
    /** @type {(value: (part: Sums) => number) => number} */
    const total = (value) => parts.reduce((sum, part) => sum + value(part), 0);
    const n = total((part) => part.n),
      distortion = total((part) => part.distortion) / n,
      rate_per_dim = this.network.logvar && Array.from(parts[0].perDim, (_, j) => total((part) => part.perDim[j]) / n),
      rate = rate_per_dim && rate_per_dim.reduce((a, b) => a + b, 0);
    return {
      ...{ n, distortion, rate, neg_elbo: rate === null ? null : distortion + rate },
      ...{ mse: total((part) => part.squares) / n / this.pixels, rate_per_dim },
      active_units: rate_per_dim && rate_per_dim.filter((nats) => nats > ACTIVE_NATS).length,
    };
  }

  /** The kept weights as a safetensors file, for `Network` in networks.js. */
  file() {
    return safetensors(this.network.tensors(this.kept), {
      config: JSON.stringify(this.config),
      layers: JSON.stringify(this.network.layers),
    });
  }
}

/**
 * Of images as bytes: the mean of each channel, and the standard deviation in a channel, averaged over channels; of
 * [0, 1], as `start_from` in core/models/networks.py has them.
 * @param {Uint8Array} images @param {Format} format
 */
function statistics(images, { channels, area, pixels }) {
  const sums = new Float64Array(channels),
    squares = new Float64Array(channels);
  for (let start = 0; start < images.length; start += pixels)
    for (let c = 0, i = start; c < channels; c++)
      for (const end = i + area; i < end; i++) {
        sums[c] += images[i];
        squares[c] += images[i] * images[i];
      }
  const n = images.length / channels,
    means = Array.from(sums, (sum) => sum / n),
    deviations = means.map((mean, c) => Math.sqrt(Math.max(0, squares[c] / n - mean * mean)));
  return {
    means: means.map((mean) => mean / 255),
    deviation: deviations.reduce((a, b) => a + b, 0) / channels / 255,
  };
}

/**
 * A safetensors file of floats: 8 bytes of header length, a JSON header, raw tensors.
 * @param {Record<string, import("./network.js").FloatTensor>} tensors @param {Record<string, string>} metadata
 * @returns {ArrayBuffer}
 */
export function safetensors(tensors, metadata) {
  /** @type {Record<string, any>} */
  const header = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  let text = JSON.stringify(header);
  text += " ".repeat(-new TextEncoder().encode(text).length & 7); // tensors start at a multiple of eight
  const bytes = new TextEncoder().encode(text),
    file = new ArrayBuffer(8 + bytes.length + end);
  new DataView(file).setBigUint64(0, BigInt(bytes.length), true);
  new Uint8Array(file, 8).set(bytes);
  let at = 8 + bytes.length;
  for (const { data } of Object.values(tensors)) {
    new Float32Array(file, at, data.length).set(data);
    at += data.byteLength;
  }
  return file;
}
