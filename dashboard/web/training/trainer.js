/* The training loop, as `fit` in core/training/loop.py:

     for each epoch:  shuffle;  for each batch:  minimise mean(D + beta R)

   One call of `step` is one batch, so that a worker can listen in between. Every epoch has generators of its
   own, seeded by (seed, epoch): the same seed gives the same bits in the same browser, however the training was
   interrupted. What is measured and shown is the running mean of the weights where the recipe has one. */

import { PIXELS } from "../image.js";
import { TrainableNetwork } from "./network.js";
import { distortionGradient } from "./losses.js";
import { Random } from "./random.js";
import { SCHEDULES } from "./schedule.js";

/** @import { TrainingConfig } from "../data.js" */
/** @import { Layers, Terms } from "./network.js" */
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

const ACTIVE_NATS = 0.1; // core/config.py
const BETA_RANGE = [0.1, 10]; // core/config.py
const MEASURED = 1000; // core/training/duration.py

export class Trainer {
  /**
   * @param {TrainingConfig} config @param {Layers} layers
   * @param {Uint8Array} train n * 784 grey levels, 0 to 255 @param {Uint8Array} test
   * @param {number} seed of weights, order and noise
   */
  constructor(config, layers, train, test, seed) {
    if (!Object.hasOwn(SCHEDULES, config.schedule)) throw new Error(`no schedule is called "${config.schedule}"`);
    this.config = config;
    this.train = train;
    this.test = test;
    this.seed = seed;
    this.count = train.length / PIXELS;
    if (!this.count) throw new Error("there are no images to train on");
    this.batches = Math.ceil(this.count / config.batch_size);
    this.network = new TrainableNetwork(config, layers, Math.min(config.batch_size, this.count));
    this.network.initialise(seed, train.reduce((sum, level) => sum + level, 0) / train.length / 255);
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
    const { config, network, batches, count, sums } = this,
      batch = this.taken % batches,
      epoch = 1 + Math.floor(this.taken / batches);
    if (!batch) {
      this.order = new Random(this.seed, epoch, 0).order(count);
      this.random = new Random(this.seed, epoch, 1);
      Object.assign(sums, { loss: 0, distortion: 0, rate: 0 });
    }
    const from = batch * config.batch_size,
      n = Math.min(config.batch_size, count - from);
    this.draw(this.order.subarray(from, from + n), epoch);
    const terms = this.move(n);
    sums.loss += terms.loss * n;
    sums.distortion += terms.distortion;
    sums.rate += terms.rate;
    const seen = from + n;
    return {
      ...{ epoch, epochs: config.epochs, fraction: this.taken / (config.epochs * batches) },
      ...{ loss: sums.loss / seen, distortion: sums.distortion / seen },
      ...{ rate: network.logvar ? sums.rate / seen : null, ended: seen === count },
    };
  }

  /** Puts images, their betas and the noise into the network. @param {Uint32Array} chosen @param {number} epoch */
  draw(chosen, epoch) {
    const { config, network, random, train } = this,
      { images, betas, noise, d } = network,
      n = chosen.length;
    for (let b = 0; b < n; b++)
      for (let i = 0, to = b * PIXELS, from = chosen[b] * PIXELS; i < PIXELS; i++)
        images[to + i] = train[from + i] / 255;
    const [low, high] = BETA_RANGE.map(Math.log);
    const beta = (config.beta ?? 0) * (config.warmup_epochs ? Math.min(1, epoch / config.warmup_epochs) : 1);
    for (let b = 0; b < n; b++)
      betas[b] = config.model === "multirate" ? Math.exp(low + (high - low) * random.uniform()) : beta;
    for (let i = 0; config.noise && i < n * PIXELS; i++)
      this.inputs[i] = Math.min(1, Math.max(0, images[i] + config.noise * random.normal()));
    for (let i = 0; network.logvar && i < n * d; i++) noise[i] = random.normal();
  }

  /** One step of the optimisers, for the n images in the network. @param {number} n @returns {Terms} */
  move(n) {
    const { config, network, batches } = this,
      { parameters } = network;
    const rate = config.learning_rate * SCHEDULES[config.schedule](this.taken / (config.epochs * batches));
    network.prepare(parameters.weights, true);
    const terms = network.backward(n, config.noise ? this.inputs : network.images);
    if (!Number.isFinite(terms.loss))
      throw new Error(
        `the loss is ${terms.loss}: training diverged. Lower learning_rate (now ${config.learning_rate}).`,
      );
    network.optimiser.step(rate);
    this.taken++;
    return terms;
  }

  /**
   * Figures on the first `n` test images; those of a multi-rate network at beta = 1.
   * @param {number} [n]
   * @returns {Figures}
   */
  evaluate(n = MEASURED) {
    const { network, test, config } = this,
      { capacity, d, images, noise, betas, rates } = network,
      random = new Random(0);
    const count = Math.min(n, test.length / PIXELS),
      perDim = new Float64Array(d);
    let distortion = 0,
      squares = 0;
    network.prepare(this.kept, false);
    betas.fill(1);
    for (let start = 0; start < count; start += capacity) {
      const size = Math.min(capacity, count - start);
      for (let i = 0; i < size * PIXELS; i++) images[i] = test[start * PIXELS + i] / 255;
      for (let i = 0; network.logvar && i < size * d; i++) noise[i] = random.normal();
      network.encode(size, images);
      network.decode(size, network.mean);
      for (let b = 0; b < size; b++) {
        const picture = network.picture("gradient", b);
        for (let i = 0; i < PIXELS; i++) squares += (picture[i] - images[b * PIXELS + i]) ** 2;
      }
      if (network.logvar) network.decode(size, network.z);
      for (let b = 0; b < size; b++) {
        distortion += distortionGradient(
          ...[config.likelihood, network.picture("result", b), network.picture("gradient", b)],
          ...[images.subarray(b * PIXELS, (b + 1) * PIXELS), 1],
        );
        for (let j = 0; j < d; j++) perDim[j] += rates[b * d + j];
      }
    }
    const rate_per_dim = network.logvar && [...perDim].map((sum) => sum / count),
      rate = rate_per_dim && rate_per_dim.reduce((a, b) => a + b, 0);
    distortion /= count;
    return {
      ...{ n: count, distortion, rate, neg_elbo: rate === null ? null : distortion + rate },
      ...{ mse: squares / count / PIXELS, rate_per_dim },
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
