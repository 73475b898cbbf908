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

   This file has no imports: Python puts it in front of a component's own script, and both are one module (see assets.py).
*/

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const KERNEL = 4; // every convolution is 4x4, stride 2, padding 1: it halves a side, or doubles it
const CHUNK = 16; // images a pass
const LOGVAR_RANGE = [-12, 6]; // core/posteriors.py
const GAUSSIAN_SIGMA = 0.1; // core/objectives.py
const BETA_RANGE = [0.1, 10]; // core/config.py

/* ---- weights ---- */

let halfTable = null;

/** The 65,536 values of a 16-bit float, as float32. */
function halves() {
  if (halfTable) return halfTable;
  halfTable = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    halfTable[bits] =
      exponent === 0 ? sign * fraction * 2 ** -24 : exponent === 31 ? (fraction ? NaN : sign * Infinity) : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halfTable;
}

/** A safetensors file: 8 bytes of header length, a JSON header, raw little-endian tensors. Floats are read as float32, bytes stay bytes. */
export function parseSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (!(length > 0 && 8 + length <= buffer.byteLength)) throw new Error("not a safetensors file: its header does not fit");
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of Object.entries(entries)) {
    const bytes = buffer.slice(8 + length + from, 8 + length + to); // a copy, because offsets need not be aligned
    if (dtype === "F32") tensors[name] = { shape, data: new Float32Array(bytes) };
    else if (dtype === "U8") tensors[name] = { shape, data: new Uint8Array(bytes) };
    else if (dtype === "F16") {
      const table = halves();
      tensors[name] = { shape, data: Float32Array.from(new Uint16Array(bytes), (bits) => table[bits]) };
    } else throw new Error(`tensor ${name} has type ${dtype}; F16, F32 and U8 are read`);
  }
  return { metadata, tensors };
}

/** `data` with its axes in another order, contiguous. */
function permute(data, shape, order) {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis]);
  const out = new Float32Array(data.length);
  const index = new Array(order.length).fill(0);
  for (let i = 0; i < out.length; i++) {
    let from = 0;
    for (let a = 0; a < order.length; a++) from += index[a] * strides[order[a]];
    out[i] = data[from];
    for (let a = order.length - 1; a >= 0 && ++index[a] === sizes[a]; a--) index[a] = 0;
  }
  return out;
}

/* ---- the one product ---- */

// product.wat, assembled.
const PRODUCT =
  "AGFzbQEAAAABFwNgAXsBfWADf39/AX1gB39/f39/f38AAggBAW0BbQIAAQMEAwABAgcLAQdwcm9kdWN0AAIKlAYDGQAgAP0fACAA/R8BkiAA/R8CIAD9HwOSkgs3AgF/AXsDQCAEIAAgA2r9AAQAIA" +
  "EgA2r9AAQA/eYB/eQBIQQgA0EQaiEDIAMgAkkNAAsgBBAAC78FAg1/DnsgBkECdCEHIAAhDCADIRICQANAIAggBE8NASAIQQFqIARJIQsgDCAHaiAMIAsbIQ0gEiAFQQJ0aiASIAsbIRNBACEJIAEh" +
  "DgJAA0AgCUEEaiAFSw0BIA4gB2ohDyAPIAdqIRAgECAHaiER/QwAAAAAAAAAAAAAAAAAAAAAIRr9DAAAAAAAAAAAAAAAAAAAAAAhG/0MAAAAAAAAAAAAAAAAAAAAACEc/QwAAAAAAAAAAAAAAAAAAA" +
  "AAIR39DAAAAAAAAAAAAAAAAAAAAAAhHv0MAAAAAAAAAAAAAAAAAAAAACEf/QwAAAAAAAAAAAAAAAAAAAAAISD9DAAAAAAAAAAAAAAAAAAAAAAhIUEAIQoDQCAMIApq/QAEACEUIA0gCmr9AAQAIRUg" +
  "DiAKav0ABAAhFiAPIApq/QAEACEXIBAgCmr9AAQAIRggESAKav0ABAAhGSAaIBQgFv3mAf3kASEaIBsgFCAX/eYB/eQBIRsgHCAUIBj95gH95AEhHCAdIBQgGf3mAf3kASEdIB4gFSAW/eYB/eQBIR" +
  "4gHyAVIBf95gH95AEhHyAgIBUgGP3mAf3kASEgICEgFSAZ/eYB/eQBISEgCkEQaiEKIAogB0kNAAsgCUECdCEKIAIgCmr9AAQAIRYgEyAKaiAWIB4QAP0TIB8QAP0gASAgEAD9IAIgIRAA/SAD/eQB" +
  "/QsEACASIApqIBYgGhAA/RMgGxAA/SABIBwQAP0gAiAdEAD9IAP95AH9CwQAIAlBBGohCSARIAdqIQ4MAAsLAkADQCAJIAVPDQEgCUECdCEKIBMgCmogAiAKaioCACANIA4gBxABkjgCACASIApqIA" +
  "IgCmoqAgAgDCAOIAcQAZI4AgAgCUEBaiEJIA4gB2ohDgwACwsgDSAHaiEMIBMgBUECdGohEiAIQQJqIQgMAAsLCwDuAQRuYW1lAQsCAANzdW0BA2RvdAKRAQMAAQABdgEFAAFhAQFiAgFrAwFpBAFz" +
  "AiIAAUEBAUICBGJpYXMDAUMEAU0FAU4GAUsHAWsIAW0JAW4KAWkLA3R3bwwBYQ0CYTEOAWIPAmIxEAJiMhECYjMSAWMTAmMxFAF4FQF5FgFwFwFxGAFyGQFzGgJ4MBsCeDEcAngyHQJ4Mx4CeTAfAn" +
  "kxIAJ5MiECeTMDRgIBAQAEbmV4dAIHAARkb25lAQRyb3dzAgxjb2x1bW5zX2RvbmUDB2NvbHVtbnMEBWlubmVyBQlyZXN0X2RvbmUGBHJlc3Q=";

/** The same product on a memory of its own, or null where the browser lacks vector instructions. */
class Kernel {
  static module = undefined;

  static get() {
    if (Kernel.module === undefined) {
      const bytes = Uint8Array.from(atob(PRODUCT), (c) => c.charCodeAt(0));
      try {
        Kernel.module = new WebAssembly.Module(bytes);
      } catch {
        Kernel.module = null; // an old browser, or a page that forbids WebAssembly: JavaScript computes the same
      }
    }
    return Kernel.module;
  }

  /** Moves arrays into a memory that the kernel can address. `owners` is a list of [object, name of its array]. */
  constructor(owners) {
    const place = (length) => 16 * Math.ceil(length / 4); // bytes, each array starting at a multiple of 16
    const total = owners.reduce((sum, [owner, name]) => sum + place(owner[name].length), 0);
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(total / 65536) + 1 });
    this.run = new WebAssembly.Instance(Kernel.get(), { m: { m: this.memory } }).exports.product;
    let offset = 0;
    for (const [owner, name] of owners) {
      const array = new Float32Array(this.memory.buffer, offset, owner[name].length);
      array.set(owner[name]);
      owner[name] = array;
      offset += place(array.length);
    }
  }

  product(A, B, bias, C, M, N, K) {
    if (K % 4) product(A, B, bias, C, M, N, K);
    else this.run(A.byteOffset, B.byteOffset, bias.byteOffset, C.byteOffset, M, N, K);
  }
}

/** C (M, N) = A (M, K) B^T + bias, with B (N, K): two rows of A against four of B at a time, so that loads are shared. */
function product(A, B, bias, C, M, N, K) {
  let m = 0;
  for (; m + 1 < M; m += 2) {
    const a0 = m * K;
    let n = 0;
    for (; n + 3 < N; n += 4) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let i = a0, j = n * K;
      for (const end = a0 + K; i < end; i++, j++) {
        const x = A[i], y = A[i + K];
        const p = B[j], q = B[j + K], r = B[j + 2 * K], s = B[j + 3 * K];
        s00 += x * p; s01 += x * q; s02 += x * r; s03 += x * s;
        s10 += y * p; s11 += y * q; s12 += y * r; s13 += y * s;
      }
      const c = m * N + n;
      C[c] = s00 + bias[n]; C[c + 1] = s01 + bias[n + 1]; C[c + 2] = s02 + bias[n + 2]; C[c + 3] = s03 + bias[n + 3];
      C[c + N] = s10 + bias[n]; C[c + N + 1] = s11 + bias[n + 1]; C[c + N + 2] = s12 + bias[n + 2]; C[c + N + 3] = s13 + bias[n + 3];
    }
    for (; n < N; n++) for (let row = m; row < m + 2; row++) C[row * N + n] = bias[n] + dot(A, row * K, B, n * K, K);
  }
  if (m < M) {
    let n = 0;
    for (; n + 3 < N; n += 4) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let i = m * K, j = n * K, end = i + K; i < end; i++, j++) {
        const x = A[i];
        s0 += x * B[j]; s1 += x * B[j + K]; s2 += x * B[j + 2 * K]; s3 += x * B[j + 3 * K];
      }
      const c = m * N + n;
      C[c] = s0 + bias[n]; C[c + 1] = s1 + bias[n + 1]; C[c + 2] = s2 + bias[n + 2]; C[c + 3] = s3 + bias[n + 3];
    }
    for (; n < N; n++) C[m * N + n] = bias[n] + dot(A, m * K, B, n * K, K);
  }
}

function dot(A, i, B, j, K) {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += A[i + k] * B[j + k];
  return sum;
}

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

/** What `make` turns the bytes at a URL into: once for all components of the page; a failed load may be tried again. */
function load(url, make) {
  const shared = (globalThis.pointOrCloud ??= new Map());
  if (!shared.has(url)) {
    // The URL names the content (see assets.py), so any copy the browser still has is the right one.
    const promise = fetch(url, { cache: "force-cache" }).then(async (response) => {
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      return make(await response.arrayBuffer());
    });
    promise.catch(() => shared.delete(url));
    shared.set(url, promise);
  }
  return shared.get(url);
}

/** The network at a URL. */
export const loadNetwork = (url) => load(url, (bytes) => new Network(bytes));

/** The tensors of a safetensors file at a URL: name -> typed array. */
export const loadArrays = (url) =>
  load(url, (bytes) => Object.fromEntries(Object.entries(parseSafetensors(bytes).tensors).map(([name, { data }]) => [name, data])));

/* ---- posterior and objective, in nats per image ---- */

/** sigma = exp(logvar / 2); zeros for a point. */
export function stddev(logvar, size) {
  const out = new Float32Array(size);
  if (logvar) for (let i = 0; i < size; i++) out[i] = Math.exp(0.5 * logvar[i]);
  return out;
}

/** KL(N(mean, sigma^2) || N(0, 1)) a dimension; null for a point, which has none. */
export function klPerDim(mean, logvar) {
  return logvar && mean.map((m, i) => 0.5 * (m * m + Math.exp(logvar[i]) - 1 - logvar[i]));
}

/** z = mean + sigma * noise; the mean itself for a point. */
export function reparameterise(mean, logvar, noise) {
  return logvar ? mean.map((m, i) => m + Math.exp(0.5 * logvar[i]) * noise[i]) : mean.slice();
}

/** -log p(x|z) of one image (784,) from its logits. */
export function distortion(logits, image, likelihood = "bernoulli") {
  let sum = 0;
  for (let i = 0; i < PIXELS; i++) {
    const l = logits[i];
    if (likelihood === "bernoulli") sum += Math.max(l, 0) - l * image[i] + Math.log1p(Math.exp(-Math.abs(l)));
    else sum += 0.5 * ((image[i] - 1 / (1 + Math.exp(-l))) / GAUSSIAN_SIGMA) ** 2 + Math.log(GAUSSIAN_SIGMA) + 0.5 * Math.log(2 * Math.PI);
  }
  return sum;
}

/** A function that returns standard normal numbers, the same ones for the same seed (mulberry32, Box-Muller). */
export function normals(seed = 0) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
