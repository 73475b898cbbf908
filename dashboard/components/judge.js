/* The judge in the page: core/metrics/judge.py's classifier, which names the class of any picture.

   5x5 convolution, ReLU, 2x2 maximum, 3x3 convolution, ReLU, 2x2 maximum, 64 features, ReLU, classes. */
// needs networks.js

export class Judge {
  constructor(tensors) {
    const own = (this.own = {});
    const conv = (name, index) => {
      const { data, shape } = tensors[`features.${index}.weight`];
      const width = shape[1] * shape[2] * shape[3], padded = 4 * Math.ceil(width / 4); // the kernel takes rows of a multiple of 4
      const rows = permute(data, shape, [0, 2, 3, 1]);
      own[`${name}W`] = new Float32Array(shape[0] * padded);
      for (let o = 0; o < shape[0]; o++) own[`${name}W`].set(rows.subarray(o * width, (o + 1) * width), o * padded);
      own[`${name}B`] = tensors[`features.${index}.bias`].data;
      const side = name === "a" ? SIDE : (SIDE - 4) / 2, size = shape[2], out = side - size + 1;
      own[`${name}Rows`] = new Float32Array(out * out * padded);
      own[`${name}Out`] = new Float32Array(out * out * shape[0]);
      own[`${name}Pool`] = new Float32Array((out >> 1) ** 2 * shape[0]);
      return { name, side, size, out, inputs: shape[1], outputs: shape[0], padded };
    };
    this.convs = [conv("a", 0), conv("b", 3)];
    const { side, outputs } = { side: this.convs[1].out >> 1, outputs: this.convs[1].outputs };
    const features = tensors["features.7.weight"];
    own.featuresW = permute(features.data, [features.shape[0], outputs, side, side], [0, 2, 3, 1]);
    own.featuresB = tensors["features.7.bias"].data;
    own.features = new Float32Array(features.shape[0]);
    own.classesW = tensors["classes.weight"].data;
    own.classesB = tensors["classes.bias"].data;
    this.classes = own.classesB.length;
    own.logits = new Float32Array(this.classes);
    this.product = product;
    if (Kernel.get()) {
      const kernel = new Kernel(Object.keys(own).map((name) => [own, name]));
      this.product = (...operands) => kernel.product(...operands);
    }
  }

  /** Class logits of one image (784 grey levels, from `offset`); overwritten by the next call. */
  logits(image, offset = 0) {
    const { own } = this;
    let input = image.subarray(offset, offset + PIXELS);
    for (const { name, side, size, out, inputs, outputs, padded } of this.convs) {
      const rows = own[`${name}Rows`], result = own[`${name}Out`], pool = own[`${name}Pool`], half = out >> 1;
      for (let y = 0, row = 0; y < out; y++)
        for (let x = 0; x < out; x++, row += padded)
          for (let ky = 0; ky < size; ky++) {
            const from = ((y + ky) * side + x) * inputs, to = row + ky * size * inputs;
            for (let i = 0; i < size * inputs; i++) rows[to + i] = input[from + i];
          }
      this.product(rows, own[`${name}W`], own[`${name}B`], result, out * out, outputs, padded);
      for (let y = 0; y < half; y++)
        for (let x = 0; x < half; x++)
          for (let c = 0; c < outputs; c++) {
            const i = (2 * y * out + 2 * x) * outputs + c, below = i + out * outputs;
            pool[(y * half + x) * outputs + c] = Math.max(0, result[i], result[i + outputs], result[below], result[below + outputs]);
          }
      input = pool;
    }
    this.product(input, own.featuresW, own.featuresB, own.features, 1, own.features.length, input.length);
    activate(own.features, own.features.length, "relu");
    this.product(own.features, own.classesW, own.classesB, own.logits, 1, this.classes, own.features.length);
    return own.logits;
  }

  /** The most probable class of one image. */
  name(image, offset = 0) {
    const logits = this.logits(image, offset);
    let best = 0;
    for (let c = 1; c < this.classes; c++) if (logits[c] > logits[best]) best = c;
    return best;
  }
}

/** The judge at a URL. */
export const loadJudge = (url) => load(url, (bytes) => new Judge(parseSafetensors(bytes).tensors));
