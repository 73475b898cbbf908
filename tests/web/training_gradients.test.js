/* Gradients of the training in the page: those of every layer and loss against central differences of the definition,
   in double precision. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GREY_28, formatOf } from "../../dashboard/web/image.js";
import { UnsupportedNetwork } from "../../dashboard/web/shapes.js";
import { GAUSSIAN_SIGMA, LOGVAR_RANGE } from "../../dashboard/web/training/losses.js";
import { TrainingHeap } from "../../dashboard/web/training/heap.js";
import { initialise } from "../../dashboard/web/training/initial_weights.js";
import { TrainableNetwork } from "../../dashboard/web/training/network.js";
import { naiveStack } from "./naive.js";
import { numbers, uniform } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

const dense = (...widths) =>
  widths
    .slice(1)
    .map((outputs, i) => ({ kind: "linear", inputs: widths[i], outputs, kernel: 1, stride: 1, padding: 0 }));
const conv = (inputs, outputs, kernel, stride, padding) => ({ kind: "conv", inputs, outputs, kernel, stride, padding });
const mirrored = (d, encoder) => [
  ...dense(d, encoder.at(-1).outputs),
  ...[...encoder].reverse().map((layer) => ({
    ...layer,
    kind: layer.kind === "conv" ? "transposed" : layer.kind,
    inputs: layer.outputs,
    outputs: layer.inputs,
  })),
];
const TRUNKS = {
  "two linear layers, odd sizes": dense(PIXELS, 13, 7),
  "halving convolutions": [conv(1, 3, 4, 2, 1), conv(3, 5, 4, 2, 1), ...dense(5 * 49, 9)],
  "kernels with gaps in their rows": [
    conv(1, 2, 3, 1, 1),
    conv(2, 1, 6, 2, 2),
    conv(1, 3, 5, 1, 2),
    ...dense(3 * 196, 5),
  ],
  "large steps": [conv(1, 9, 7, 7, 0), ...dense(9 * 16, 10)],
};
const FREE = 0.025; // nats: between the rates of the dimensions below
const BASE = {
  ...{ model: "vae", latent_dim: 3, activation: "silu", likelihood: "bernoulli", beta: 2.5, reduction: "sum" },
  ...{ free_bits: 0, warmup_epochs: 0, noise: 0, epochs: 1, batch_size: 8, learning_rate: 1e-3 },
  ...{ schedule: "constant", optimiser: "muon", averaging: 0 },
};

/** The loss of a batch by its definition. */
function naiveLoss(config, layers, tensors, n, images, noise, betas) {
  const d = config.latent_dim,
    { side, pixels } = formatOf(layers.shape);
  let distortion = 0;
  const weighted = new Float64Array(d);
  for (let b = 0; b < n; b++) {
    const image = images.subarray(b * pixels, (b + 1) * pixels);
    const t = (2 * (Math.log(betas[b]) - Math.log(0.1))) / Math.log(100) - 1,
      condition = config.model === "multirate" ? [t, t * t, t * t * t] : [];
    const h = naiveStack(layers.encoder, tensors, "encoder", config.activation, true, side, image, condition);
    const head = (name) =>
      Array.from({ length: d }, (_, j) =>
        h.reduce(
          (sum, value, i) => sum + value * tensors[`head.${name}.weight`].data[j * h.length + i],
          tensors[`head.${name}.bias`].data[j],
        ),
      );
    const mean = head("mean");
    const logvar =
      config.model !== "ae" && head("logvar").map((v) => Math.min(LOGVAR_RANGE[1], Math.max(LOGVAR_RANGE[0], v)));
    const z = mean.map((m, j) => (logvar ? m + Math.exp(logvar[j] / 2) * noise[b * d + j] : m));
    const logits = naiveStack(layers.decoder, tensors, "decoder", config.activation, false, 0, z, condition);
    const logSigma =
      config.likelihood === "calibrated"
        ? 10 *
          condition.reduce((sum, c, j) => sum + c * tensors["sigma.slope"].data[j], tensors["sigma.offset"].data[0])
        : Math.log(GAUSSIAN_SIGMA);
    logits.forEach((l, i) => {
      const s = 1 / (1 + Math.exp(-l)),
        x = image[i];
      if (config.likelihood === "bernoulli") distortion -= x * Math.log(s) + (1 - x) * Math.log(1 - s);
      else distortion += (x - s) ** 2 / (2 * Math.exp(2 * logSigma)) + logSigma + Math.log(Math.sqrt(2 * Math.PI));
    });
    if (logvar)
      mean.forEach((m, j) => (weighted[j] += (betas[b] * (m * m + Math.exp(logvar[j]) - 1 - logvar[j])) / 2 / n));
  }
  const beta = betas.subarray(0, n).reduce((sum, value) => sum + value, 0) / n;
  const free = config.free_bits * beta;
  const rate = weighted.reduce((sum, value) => sum + (config.free_bits ? Math.max(value, free) : value), 0);
  return distortion / n / (config.reduction === "mean" ? pixels : 1) + rate;
}

/** A network with random weights and a batch in it. */
function filled(changes, trunk, n, shape = undefined) {
  const config = { ...BASE, ...changes },
    layers = { encoder: trunk, decoder: mirrored(config.latent_dim, trunk), shape },
    { channels, pixels } = formatOf(shape);
  const network = new TrainableNetwork(config, layers, n + 2);
  initialise(network, 1, Array(channels).fill(0.3), 0.4);
  const tensors = Object.fromEntries(
    Object.entries(network.tensors()).map(([name, { shape, data }], i) => {
      const by = name.startsWith("sigma") ? 0.02 : 0.1, // sigma is the exponential of ten times that
        change = numbers(data.length, 300 + i, -by, by);
      return [name, { shape, data: Float64Array.from(data, (value, k) => Math.fround(value + change[k])) }];
    }),
  );
  network.load(tensors);
  network.images.set(numbers(n * pixels, 5, 0, 1));
  network.noise.set(numbers(n * config.latent_dim, 6, -2, 2));
  network.betas.set(config.model === "multirate" ? numbers(n, 7, 0.2, 6) : new Float32Array(n).fill(config.beta ?? 0));
  network.prepare(network.parameters.weights, true);
  return { config, layers, network, tensors };
}

/** Along a random direction of each parameter, and for single numbers of it, the gradient is that of the definition. */
function check(changes, trunk, n = 3, shape = undefined) {
  const { config, layers, network, tensors } = filled(changes, trunk, n, shape);
  const loss = () => naiveLoss(config, layers, tensors, n, network.images, network.noise, network.betas);
  const terms = network.backward(n),
    gradients = network.tensors(network.parameters.gradients);
  assert.ok(Math.abs(terms.loss - loss()) < 1e-5 * Math.abs(loss()), `the loss is ${terms.loss}, not ${loss()}`);
  const names = Object.keys(tensors);
  assert.deepEqual(Object.keys(gradients), names);
  const next = uniform(11);
  for (const name of names) {
    const { data } = tensors[name],
      gradient = gradients[name].data,
      kept = data.slice();
    const slope = (direction) => {
      const step = 1e-6,
        [above, below] = [step, -step].map((by) => {
          direction.forEach((u, i) => (data[i] = kept[i] + by * u));
          return loss();
        });
      data.set(kept);
      return (above - below) / (2 * step);
    };
    const along = Float64Array.from(data, () => next());
    const single = Math.floor(((next() + 1) / 2) * data.length);
    for (const direction of [along, data.map((_, i) => Number(i === single))]) {
      const expected = slope(direction),
        got = direction.reduce((sum, u, i) => sum + u * gradient[i], 0);
      const most = gradient.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
      const scale = Math.max(most, Math.sqrt(direction.reduce((sum, u, i) => sum + (u * gradient[i]) ** 2, 0)));
      // In double precision the difference itself is off by 3e-6. Sums over more pixels lose more to rounding.
      const larger = network.format.pixels / PIXELS,
        tolerance = (larger > 1 ? 1e-3 : 1e-4) * Math.max(scale, Math.abs(expected)) + 3e-6 * larger ** 2;
      assert.ok(Math.abs(got - expected) < tolerance, `${name}: ${got}, not ${expected}`);
    }
  }
  return { network, terms, tensors };
}

for (const [name, trunk] of Object.entries(TRUNKS))
  for (const model of ["ae", "vae", "multirate"])
    test(`${name}, ${model}: every gradient is that of the definition`, () => {
      for (const activation of ["silu", "relu"])
        check({ model, activation, beta: model === "vae" ? 2.5 : null }, trunk);
    });

test("every objective has the gradient of its definition", () => {
  const trunk = TRUNKS["two linear layers, odd sizes"];
  for (const model of ["ae", "vae", "multirate"]) check({ model, likelihood: "gaussian" }, trunk);
  check({ reduction: "mean" }, trunk);
  for (const model of ["vae", "multirate"]) check({ model, free_bits: FREE }, trunk);
});

/* Small networks for images of any shape, in layers that core has for none. */
for (const [channels, side] of [
  [1, 32],
  [3, 28],
  [3, 32],
  [3, 64],
])
  for (const likelihood of ["bernoulli", "gaussian", "calibrated"])
    test(`${channels} x ${side} x ${side}, ${likelihood}: every gradient is that of the definition`, () => {
      const shape = [channels, side, side],
        pixels = channels * side * side;
      const trunks = {
        convolutions: [conv(channels, 3, 4, 4, 0), conv(3, 5, 4, 2, 1), ...dense(5 * (side / 8) ** 2, 4)],
        linear: dense(pixels, 4),
      };
      if (side % 8) trunks.convolutions = [conv(channels, 3, 4, 4, 0), ...dense(3 * (side / 4) ** 2, 4)];
      for (const trunk of Object.values(trunks))
        for (const model of ["vae", "multirate"]) check({ model, likelihood }, trunk, 2, shape);
    });

test("a learned sigma takes part in the mean reduction and in an autoencoder's loss", () => {
  const trunk = [conv(3, 3, 4, 4, 0), ...dense(3 * 49, 4)];
  check({ model: "ae", likelihood: "calibrated" }, trunk, 2, [3, 28, 28]);
  check({ reduction: "mean", likelihood: "calibrated" }, trunk, 2, [3, 28, 28]);
});

test("what fills up the channels of a picture in colour has no part in the gradients", () => {
  for (const trunk of [[conv(3, 3, 4, 4, 0), ...dense(3 * 64, 4)], dense(3072, 4)]) {
    const { network } = filled({ likelihood: "calibrated" }, trunk, 3, [3, 32, 32]),
      { parameters, heap } = network;
    network.backward(3);
    for (const { at, rows, columns, size, place, name } of parameters.all) {
      const used = new Set(Array.from({ length: size }, (_, i) => place(i)));
      for (let i = 0; i < rows * columns; i++)
        if (!used.has(i)) assert.equal(heap.floats[parameters.gradients + at + i], 0, `${name}, place ${i}`);
    }
  }
});

test("free bits leave some dimensions uncharged in that test, and not all", () => {
  const { network } = filled({ free_bits: FREE }, TRUNKS["two linear layers, odd sizes"], 3);
  network.backward(3);
  assert.deepEqual([...new Set(network.charged)].sort(), [0, 1]);
});

test("log variances out of their range are cut off and have no gradient", () => {
  const { network, tensors } = filled({}, TRUNKS["two linear layers, odd sizes"], 2);
  tensors["head.logvar.bias"].data.set([20, -40, 0]);
  network.load(tensors);
  network.prepare(network.parameters.weights, true);
  network.backward(2);
  const gradient = network.tensors(network.parameters.gradients)["head.logvar.bias"].data;
  assert.deepEqual([...gradient.subarray(0, 2)], [0, 0]);
  assert.notEqual(gradient[2], 0);
});

test("a batch leaves nothing behind: a smaller one after it has the gradients it has alone", () => {
  for (const trunk of Object.values(TRUNKS)) {
    const { network } = filled({ model: "multirate" }, trunk, 5);
    const small = () => {
      network.backward(2);
      return network.tensors(network.parameters.gradients);
    };
    const alone = small();
    network.backward(5);
    assert.deepEqual(small(), alone);
  }
});

test("places that hold no number of torch's stay 0 in the gradients", () => {
  for (const trunk of Object.values(TRUNKS)) {
    const { network } = filled({}, trunk, 3),
      { parameters, heap } = network;
    network.backward(3);
    for (const { at, rows, columns, size, place, name } of parameters.all) {
      const used = new Set(Array.from({ length: size }, (_, i) => place(i)));
      assert.equal(used.size, size, `${name}: two numbers at one place`);
      for (let i = 0; i < rows * columns; i++)
        if (!used.has(i)) assert.equal(heap.floats[parameters.gradients + at + i], 0, `${name}, place ${i}`);
    }
  }
});

test("JavaScript alone computes what the vector instructions compute", () => {
  const trunk = TRUNKS["halving convolutions"];
  assert.ok(TrainingHeap.module);
  const before = TrainingHeap.compiled;
  TrainingHeap.compiled = null;
  try {
    for (const activation of ["silu", "relu"]) check({ model: "multirate", activation }, trunk);
  } finally {
    TrainingHeap.compiled = before;
  }
});

test("layers that the page cannot train are refused by name", () => {
  const make = (encoder, changes = {}) =>
    new TrainableNetwork({ ...BASE, ...changes }, { encoder, decoder: mirrored(3, dense(PIXELS, 4)) }, 2);
  assert.throws(() => make([{ kind: "pool", inputs: PIXELS, outputs: 4 }]), UnsupportedNetwork);
  assert.throws(() => make([{ kind: "constructor", inputs: PIXELS, outputs: 4 }]), UnsupportedNetwork);
  assert.throws(() => make(dense(PIXELS, 4), { activation: "gelu" }), /the activation "gelu"/);
  assert.throws(() => make(dense(700, 4)), /do not fit together/);
});
