/* The trained networks in the page: the forward pass of core/models/networks.py on typed arrays.

     const network = await loadNetwork(url);             // a run's weights.safetensors; one fetch a page for each URL
     network.config                                      // the run's RunConfig, from the file's metadata
     network.format                                      // what its images are: image.js; P numbers each
     network.latentDim, network.isCloud                  // d; whether the posterior is a Gaussian (VAE) or a point (AE)
     const {mean, logvar} = network.encode(images, n, beta);  // images: n * P numbers; logvar null for a point
     const logits = network.decode(z, n, beta);               // z: n * d, row by row -> n * P
     const images = network.decodeImage(z, n, beta);          // the same through the sigmoid, in [0, 1]
     const arrays = await loadArrays(url);               // any other safetensors file: name -> typed array

   n defaults to 1; beta is read by a multi-rate network only. **Returned arrays belong to the network and are
   overwritten by its next call of the same method**: copy with .slice() what has to stay. Beside it: stddev, klPerDim,
   distortion, reparameterise and normals (seeded noise), which follow core/models/posteriors.py and
   core/models/objectives.py.

   What the layers and images are is read from the file too ("layers" in its metadata, put there by networks.py): a
   network with a layer that layers.js does not know is refused with an `UnsupportedNetwork`. */

import { formatOf } from "./image.js";
import { Heap } from "./heap.js";
import { KINDS } from "./kernels.js";
import { CHUNK } from "./layers.js";
import { SIGMA_SCALE } from "./posterior.js";
import { notLoaded } from "./problems.js";
import { UnsupportedNetwork, inputShape, isFlat, vectorShape } from "./shapes.js";
import { Stack, take } from "./stack.js";
import { scaled } from "./log_beta.js";
import { load, parseSafetensors } from "./weights.js";

/** @import { Format } from "./image.js" */
/** @import { Likelihood } from "./posterior.js" */
/** @import { Description } from "./shapes.js" */
/**
 * The run's RunConfig, as far as the page reads it.
 * @typedef {{activation: string, beta: number, likelihood: Likelihood}} RunConfig
 */
/** @typedef {{mean: Float32Array, logvar: Float32Array | null}} Codes n * d each; no variances for a point */

export const LOGVAR_RANGE = [-12, 6]; // core/models/posteriors.py

export class Network {
  /** @param {ArrayBuffer} buffer a safetensors file whose metadata holds the run's config and layers */
  constructor(buffer) {
    const { metadata, tensors } = parseSafetensors(buffer);
    if (!metadata.layers) throw new UnsupportedNetwork("a file that does not say what its layers are");
    /** @type {RunConfig} */
    this.config = JSON.parse(metadata.config);
    /** @type {{encoder: Description[], decoder: Description[], shape?: number[]}} */
    const table = JSON.parse(metadata.layers);
    /** @type {Format} */
    this.format = formatOf(table.shape);
    const { pixels, side } = this.format;
    const { activation } = this.config,
      heap = (this.heap = new Heap());
    this.encoder = new Stack(
      heap,
      table.encoder,
      tensors,
      "encoder",
      activation,
      true,
      inputShape(this.format, table.encoder),
    );
    /** @type {Stack[]} */
    this.heads = [];
    for (const name of ["mean", "logvar"]) {
      const weight = tensors[`head.${name}.weight`];
      if (!weight) continue;
      const [outputs, inputs] = weight.shape;
      const named = { "head.layers.0.weight": weight, "head.layers.0.bias": tensors[`head.${name}.bias`] };
      const layer = { kind: "linear", inputs, outputs };
      this.heads.push(new Stack(heap, [layer], named, "head", activation, false, this.encoder.output));
    }
    for (const { layers } of this.heads) layers[0].room = this.encoder.result; // both read what the encoder leaves
    this.latentDim = this.heads[0].output.length;
    this.isCloud = this.heads.length > 1;
    this.decoder = new Stack(
      heap,
      table.decoder,
      tensors,
      "decoder",
      activation,
      false,
      vectorShape(this.latentDim, this.latentDim),
    );
    const { output } = this.decoder;
    if (output.length !== pixels) throw new UnsupportedNetwork(`pictures of ${output.length} numbers`);
    const line = side * (output.depth || 1);
    this.picture = {
      at: heap.take(CHUNK * output.width),
      line,
      lines: output.width / line,
      zeros: heap.take(line),
      ones: heap.take(new Float32Array(line).fill(1)),
    };
    /** What log sigma of a learned observation noise is made of; null where nothing was learned. */
    this.sigma = tensors["sigma.offset"]
      ? { offset: tensors["sigma.offset"].data[0], slope: tensors["sigma.slope"]?.data ?? [] }
      : null;
    heap.seal();
    this.conditioned = Boolean(this.decoder.layers[0].film);
    this.atBeta = NaN;
    /** @type {Record<string, Float32Array>} arrays that are handed out, by name */
    this.room = {};
  }

  /**
   * log beta scaled to [-1, 1], and its powers: MultiRate.condition in core/models/networks.py.
   * @param {number} beta
   */
  setBeta(beta) {
    if (!this.conditioned || beta === this.atBeta) return;
    const t = scaled(beta);
    for (const stack of [this.encoder, this.decoder]) stack.condition([t, t * t, t * t * t]);
    this.atBeta = beta;
  }

  /**
   * An array of this name with at least `length` numbers.
   * @param {string} name @param {number} length
   */
  array(name, length) {
    if (!(this.room[name]?.length >= length)) this.room[name] = new Float32Array(length);
    return this.room[name];
  }

  /**
   * log sigma of the observation noise at a weight (SharedSigma in core/models/objectives.py); 0 if it is not learned.
   * @param {number} beta
   */
  logSigma(beta = 1) {
    if (!this.sigma) return 0;
    const { offset, slope } = this.sigma,
      t = scaled(beta);
    let sum = offset;
    for (let j = 0; j < slope.length; j++) sum += slope[j] * t ** (j + 1);
    return SIGMA_SCALE * sum;
  }

  /** @param {ArrayLike<number>} images n * P @returns {Codes} */
  encode(images, n = 1, beta = 1) {
    this.setBeta(beta);
    const d = this.latentDim,
      { floats } = this.heap;
    const [mean, logvar] = ["mean", "logvar"].map((name) => this.array(name, n * d));
    for (let start = 0; start < n; start += CHUNK) {
      const count = Math.min(CHUNK, n - start);
      this.encoder.load(images, start * this.format.pixels, count);
      this.encoder.forward(count);
      this.heads.forEach((head, which) => {
        head.forward(count);
        for (let i = 0; i < count; i++)
          for (let j = 0; j < d; j++) {
            const value = floats[head.result.at + i * head.output.width + j],
              to = (start + i) * d + j;
            if (which) logvar[to] = Math.min(LOGVAR_RANGE[1], Math.max(LOGVAR_RANGE[0], value));
            else mean[to] = value;
          }
      });
    }
    return { mean: mean.subarray(0, n * d), logvar: this.isCloud ? logvar.subarray(0, n * d) : null };
  }

  /** @param {ArrayLike<number>} z n * d @returns {Float32Array} logits, n * P */
  decode(z, n = 1, beta = 1) {
    return this.decoded("logits", z, n, beta, () => this.decoder.result.at);
  }

  /** @param {ArrayLike<number>} z n * d @returns {Float32Array} in [0, 1], n * P */
  decodeImage(z, n = 1, beta = 1) {
    const { at, line, lines, zeros, ones } = this.picture;
    return this.decoded("images", z, n, beta, (count) => {
      this.heap.finish(
        KINDS.sigmoid,
        this.decoder.result.at,
        at,
        count * lines,
        line / 4,
        line,
        line,
        zeros,
        ones,
        zeros,
      );
      return at;
    });
  }

  /**
   * n codes through the decoder.
   * @param {string} name @param {ArrayLike<number>} z @param {number} n @param {number} beta
   * @param {(count: number) => number} finish where the pictures of a pass of `count` codes lie
   */
  decoded(name, z, n, beta, finish) {
    this.setBeta(beta);
    const d = this.latentDim,
      { pixels } = this.format,
      { output } = this.decoder,
      { floats } = this.heap,
      out = this.array(name, n * pixels),
      flat = isFlat(output);
    for (let start = 0; start < n; start += CHUNK) {
      const count = Math.min(CHUNK, n - start);
      this.decoder.load(z, start * d, count);
      this.decoder.forward(count);
      const at = finish(count);
      if (flat) out.set(floats.subarray(at, at + count * pixels), start * pixels);
      else for (let i = 0; i < count; i++) take(floats, at + i * output.width, output, out, (start + i) * pixels);
    }
    return out.subarray(0, n * pixels);
  }
}

/**
 * The network at a URL.
 * @param {string} url
 */
export const loadNetwork = (url) => load(url, (bytes) => new Network(bytes));

/**
 * Why there are no networks, for people. Python asks assets.py first, so a refusal is seen only where the two disagree.
 * @param {unknown} error
 */
export function loadingProblem(error) {
  if (error instanceof UnsupportedNetwork)
    return `These networks cannot run in the page: it has no code for ${error.message}.`;
  return notLoaded("The networks")(/** @type {Error} */ (error));
}
