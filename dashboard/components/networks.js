/* The trained networks in the page: the forward pass of core/models.py on typed arrays.

     const network = await loadNetwork(url);             // a run's weights.safetensors; one fetch a page for each URL
     network.config                                      // the run's RunConfig, from the file's metadata
     network.latentDim, network.isCloud                  // d; whether the posterior is a Gaussian (VAE) or a point (AE)
     const {mean, logvar} = network.encode(images, n, beta);  // images: n * 784 grey levels in [0, 1]; logvar null for a point
     const logits = network.decode(z, n, beta);               // z: n * d, row by row -> n * 784
     const images = network.decodeImage(z, n, beta);          // the same through the sigmoid, in [0, 1]
     const arrays = await loadArrays(url);               // any other safetensors file: name -> typed array

   n defaults to 1; beta is read by a multi-rate network only. **Returned arrays belong to the network and are overwritten
   by its next call of the same method**: copy with .slice() what has to stay. Beside it: stddev, klPerDim, distortion,
   reparameterise and normals (seeded noise), which follow core/posteriors.py and core/objectives.py.

   Every layer is one matrix product. A strided convolution first gathers its patches into rows (im2col); a transposed one
   scatters the rows of its product (col2im). Channels come last in memory, so a patch row, a channel vector and a FiLM
   vector are contiguous; the weights are permuted to that order once, when they are loaded. Work goes in chunks of a few
   images, which keeps every buffer in the processor's cache. The product itself is 1 KB of WebAssembly with vector instructions
   (product.wat); without it, the same loop in JavaScript takes two to five times as long.

   No file here imports another: Python joins those that a component needs into one module (see assets.py).
*/
// needs weights.js
// needs product.js
// needs posterior.js

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const KERNEL = 4; // every convolution is 4x4, stride 2, padding 1: it halves a side, or doubles it
const CHUNK = 16; // images a pass
const LOGVAR_RANGE = [-12, 6]; // core/posteriors.py
const BETA_RANGE = [0.1, 10]; // core/config.py

/* ---- layers ---- */

/** Rows (n * side/2 * side/2, 16 * channels) of the patches of n images (side, side, channels), zeros outside. */
function im2col(input, n, side, channels, rows) {
  const half = side / 2, width = KERNEL * KERNEL * channels;
  rows.fill(0, 0, n * half * half * width);
  for (let b = 0, row = 0; b < n; b++)
    for (let y = 0; y < half; y++)
      for (let x = 0; x < half; x++, row += width)
        for (let ky = 0; ky < KERNEL; ky++) {
          const iy = 2 * y - 1 + ky;
          if (iy < 0 || iy >= side) continue;
          const left = Math.max(0, 1 - 2 * x), right = Math.min(KERNEL, side + 1 - 2 * x);
          const from = ((b * side + iy) * side + 2 * x - 1 + left) * channels;
          const to = row + (ky * KERNEL + left) * channels;
          for (let i = 0, count = (right - left) * channels; i < count; i++) rows[to + i] = input[from + i];
        }
}

/** The inverse gather, adding: rows (n * side * side, 16 * channels) into n images (2 side, 2 side, channels) that start at the bias. */
function col2im(rows, n, side, channels, bias, output) {
  const double = 2 * side, size = n * double * double * channels;
  for (let i = 0; i < size; i += channels) for (let c = 0; c < channels; c++) output[i + c] = bias[c];
  for (let b = 0, row = 0; b < n; b++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++, row += KERNEL * KERNEL * channels)
        for (let ky = 0; ky < KERNEL; ky++) {
          const oy = 2 * y - 1 + ky;
          if (oy < 0 || oy >= double) continue;
          const left = Math.max(0, 1 - 2 * x), right = Math.min(KERNEL, double + 1 - 2 * x);
          const to = ((b * double + oy) * double + 2 * x - 1 + left) * channels;
          const from = row + (ky * KERNEL + left) * channels;
          for (let i = 0, count = (right - left) * channels; i < count; i++) output[to + i] += rows[from + i];
        }
}

function activate(h, size, kind) {
  if (kind === "relu") for (let i = 0; i < size; i++) h[i] = h[i] > 0 ? h[i] : 0;
  else for (let i = 0; i < size; i++) h[i] = h[i] / (1 + Math.exp(-h[i])); // SiLU
}

/** Layers in a row, as core/models.py's Stack: an activation after each, or each but the last; FiLM where the file has it. */
class Stack {
  constructor(tensors, prefix, activation, last) {
    this.activation = activation;
    this.layers = [];
    let side = 0; // of the images between convolutions; 0 where a layer takes vectors
    let channels = 0;
    for (let i = 0; tensors[`${prefix}.layers.${i}.weight`]; i++) {
      const weight = tensors[`${prefix}.layers.${i}.weight`];
      const next = tensors[`${prefix}.layers.${i + 1}.weight`];
      const layer = { bias: tensors[`${prefix}.layers.${i}.bias`].data };
      let filmOrder = null; // torch's position of each of our channels, where they differ
      if (weight.shape.length === 2) {
        const [outputs, inputs] = weight.shape;
        Object.assign(layer, { kind: "linear", inputs, outputs, channels: outputs, weight: weight.data });
        if (side) {
          // after a convolution: torch flattens (channels, y, x), here it is (y, x, channels)
          layer.weight = permute(weight.data, [outputs, channels, side, side], [0, 2, 3, 1]);
          side = 0;
        }
        if (next && next.shape.length === 4) {
          // before a transposed convolution: the outputs become an image
          channels = next.shape[0];
          side = Math.sqrt(outputs / channels);
          layer.weight = permute(layer.weight, [channels, side, side, inputs], [1, 2, 0, 3]);
          layer.bias = permute(layer.bias, [channels, side, side], [1, 2, 0]);
          filmOrder = [channels, side, side];
        }
      } else if (prefix === "encoder") {
        if (!side) side = SIDE;
        const [outputs, inputs] = weight.shape; // (out, in, 4, 4)
        Object.assign(layer, { kind: "conv", side, inChannels: inputs, channels: outputs });
        layer.weight = permute(weight.data, weight.shape, [0, 2, 3, 1]);
        Object.assign(layer, { inputs: side * side * inputs, outputs: (side * side * outputs) / 4, k: KERNEL * KERNEL * inputs });
        side /= 2;
        channels = outputs;
      } else {
        const [inputs, outputs] = weight.shape; // (in, out, 4, 4)
        Object.assign(layer, { kind: "transposed", side, inChannels: inputs, channels: outputs });
        layer.weight = permute(weight.data, weight.shape, [2, 3, 1, 0]);
        Object.assign(layer, { inputs: side * side * inputs, outputs: side * side * outputs * 4, k: KERNEL * KERNEL * outputs });
        layer.zeros = new Float32Array(layer.k);
        side *= 2;
        channels = outputs;
      }
      const film = tensors[`${prefix}.films.${i}.weight`];
      if (film) {
        let bias = tensors[`${prefix}.films.${i}.bias`].data, matrix = film.data;
        if (filmOrder) {
          matrix = permute(matrix, [2, ...filmOrder, film.shape[1]], [0, 2, 3, 1, 4]);
          bias = permute(bias, [2, ...filmOrder], [0, 2, 3, 1]);
        }
        layer.film = { weight: matrix, bias, values: new Float32Array(film.shape[0]) };
      }
      const rows = layer.kind === "conv" ? (layer.side ** 2 / 4) * layer.k : layer.kind === "transposed" ? layer.side ** 2 * layer.k : 0;
      layer.rows = rows ? new Float32Array(CHUNK * rows) : null;
      layer.output = new Float32Array(CHUNK * layer.outputs);
      this.layers.push(layer);
    }
    if (!this.layers.length) throw new Error(`no ${prefix} in these weights`);
    this.activated = last ? this.layers.length : this.layers.length - 1;
    this.inputs = this.layers[0].inputs;
    this.outputs = this.layers[this.layers.length - 1].outputs;
    this.input = new Float32Array(CHUNK * this.inputs);
  }

  /** Feature-wise scales and shifts for one conditioning vector; the same for every image of a call. */
  condition(c) {
    for (const { film } of this.layers) if (film) product(c, film.weight, film.bias, film.values, 1, film.values.length, c.length);
  }

  /** Every array that a product reads or writes, for `Kernel`. */
  owners() {
    return [[this, "input"], ...this.layers.flatMap((layer) => ["weight", "bias", "rows", "output", "zeros"].filter((name) => layer[name]).map((name) => [layer, name]))];
  }

  /** At most CHUNK inputs; the result is the last layer's own buffer. `product` is the kernel's, or the one above. */
  forward(input, n, product) {
    this.input.set(input);
    let h = this.input;
    this.layers.forEach((layer, i) => {
      const { kind, side, inChannels, channels, weight, bias, rows, k, output } = layer;
      if (kind === "linear") product(h, weight, bias, output, n, layer.outputs, layer.inputs);
      else if (kind === "conv") {
        im2col(h, n, side, inChannels, rows);
        product(rows, weight, bias, output, (n * side * side) / 4, channels, k);
      } else {
        product(h, weight, layer.zeros, rows, n * side * side, k, inChannels);
        col2im(rows, n, side, channels, bias, output);
      }
      if (i < this.activated) {
        const size = n * layer.outputs;
        activate(output, size, this.activation);
        if (layer.film) {
          const { values } = layer.film;
          for (let p = 0; p < size; p += channels) for (let c = 0; c < channels; c++) output[p + c] = output[p + c] * (1 + values[c]) + values[channels + c];
        }
      }
      h = output;
    });
    return h;
  }
}

/* ---- networks ---- */

export class Network {
  /** From a safetensors file (ArrayBuffer) whose metadata holds the run's config. */
  constructor(buffer) {
    const { metadata, tensors } = parseSafetensors(buffer);
    this.config = JSON.parse(metadata.config);
    this.encoder = new Stack(tensors, "encoder", this.config.activation, true);
    this.decoder = new Stack(tensors, "decoder", this.config.activation, false);
    this.meanHead = { weight: tensors["head.mean.weight"].data, bias: tensors["head.mean.bias"].data };
    const logvar = tensors["head.logvar.weight"];
    this.logvarHead = logvar ? { weight: logvar.data, bias: tensors["head.logvar.bias"].data } : null;
    this.latentDim = this.meanHead.bias.length;
    this.isCloud = this.logvarHead !== null;
    this.conditioned = Boolean(this.decoder.layers[0].film);
    this.capacity = { encode: 0, decode: 0 };
    this.heads = { mean: new Float32Array(CHUNK * this.latentDim), logvar: new Float32Array(CHUNK * this.latentDim) };
    this.product = product;
    if (Kernel.get()) {
      const heads = [this.meanHead, this.logvarHead].filter(Boolean).flatMap((head) => [[head, "weight"], [head, "bias"]]);
      const kernel = new Kernel([...this.encoder.owners(), ...this.decoder.owners(), ...heads, [this.heads, "mean"], [this.heads, "logvar"]]);
      this.product = (...operands) => kernel.product(...operands);
    }
    this.atBeta = NaN;
    this.vector = new Float32Array(3);
  }

  /** log beta scaled to [-1, 1], and its powers: MultiRate.condition in core/models.py. */
  setBeta(beta) {
    if (!this.conditioned || beta === this.atBeta) return;
    const [low, high] = BETA_RANGE.map(Math.log);
    const t = (2 * (Math.log(beta) - low)) / (high - low) - 1;
    this.vector.set([t, t * t, t * t * t]);
    this.encoder.condition(this.vector);
    this.decoder.condition(this.vector);
    this.atBeta = beta;
  }

  encode(images, n = 1, beta = 1) {
    this.setBeta(beta);
    const d = this.latentDim;
    if (n > this.capacity.encode) {
      this.capacity.encode = n;
      this.mean = new Float32Array(n * d);
      this.logvar = this.isCloud ? new Float32Array(n * d) : null;
    }
    for (let start = 0; start < n; start += CHUNK) {
      const count = Math.min(CHUNK, n - start);
      const features = this.encoder.forward(images.subarray(start * PIXELS, (start + count) * PIXELS), count, this.product);
      const width = this.encoder.outputs, { mean, logvar } = this.heads;
      this.product(features, this.meanHead.weight, this.meanHead.bias, mean, count, d, width);
      this.mean.set(mean.subarray(0, count * d), start * d);
      if (this.isCloud) {
        this.product(features, this.logvarHead.weight, this.logvarHead.bias, logvar, count, d, width);
        for (let i = 0; i < count * d; i++) this.logvar[start * d + i] = Math.min(LOGVAR_RANGE[1], Math.max(LOGVAR_RANGE[0], logvar[i]));
      }
    }
    return { mean: this.mean.subarray(0, n * d), logvar: this.isCloud ? this.logvar.subarray(0, n * d) : null };
  }

  decode(z, n = 1, beta = 1) {
    this.setBeta(beta);
    const d = this.latentDim;
    if (n > this.capacity.decode) {
      this.capacity.decode = n;
      this.logits = new Float32Array(n * PIXELS);
      this.images = new Float32Array(n * PIXELS);
    }
    for (let start = 0; start < n; start += CHUNK) {
      const count = Math.min(CHUNK, n - start);
      const out = this.decoder.forward(z.subarray(start * d, (start + count) * d), count, this.product);
      this.logits.set(out.subarray(0, count * PIXELS), start * PIXELS);
    }
    return this.logits.subarray(0, n * PIXELS);
  }

  decodeImage(z, n = 1, beta = 1) {
    const logits = this.decode(z, n, beta);
    for (let i = 0; i < n * PIXELS; i++) this.images[i] = 1 / (1 + Math.exp(-logits[i]));
    return this.images.subarray(0, n * PIXELS);
  }
}

/** The network at a URL. */
export const loadNetwork = (url) => load(url, (bytes) => new Network(bytes));
