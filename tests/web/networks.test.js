/* A whole network in the page: one image or many give the same, pictures are the sigmoid of logits, unknown networks
   are refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GREY_28, formatOf } from "../../dashboard/web/image.js";
import { Judge } from "../../dashboard/web/judge.js";
import { CHUNK } from "../../dashboard/web/layers.js";
import { UnsupportedNetwork } from "../../dashboard/web/shapes.js";
import { Nearest } from "../../dashboard/web/nearest.js";
import { LOGVAR_RANGE, Network, loadingProblem } from "../../dashboard/web/networks.js";
import { close, floats, numbers, safetensors } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

const D = 3;
const HIDDEN = 10;

/**
 * The file of a multilayer perceptron with one hidden layer; `heads` are the posterior's parameters, `films` those of
 * FiLM.
 */
function file({ heads = ["mean", "logvar"], films = false, changes = {}, shape = [1, 28, 28], sigma = [] } = {}) {
  const pixels = shape.reduce((a, b) => a * b);
  const dense = (inputs, outputs) => ({ kind: "linear", inputs, outputs });
  const layers = {
    ...{ encoder: [dense(pixels, HIDDEN)], decoder: [dense(D, HIDDEN), dense(HIDDEN, pixels)], shape },
    ...changes,
  };
  const config = { activation: "silu", likelihood: "bernoulli", beta: 1, ...changes.config };
  let seed = 1;
  const tensors = {};
  const add = (name, outputs, inputs) => {
    tensors[`${name}.weight`] = floats([outputs, inputs], numbers(outputs * inputs, seed++, -0.4, 0.4));
    tensors[`${name}.bias`] = floats([outputs], numbers(outputs, seed++));
  };
  add("encoder.layers.0", HIDDEN, pixels);
  for (const head of heads) add(`head.${head}`, D, HIDDEN);
  add("decoder.layers.0", HIDDEN, D);
  add("decoder.layers.1", pixels, HIDDEN);
  if (sigma.length) tensors["sigma.offset"] = floats([], sigma.slice(0, 1));
  if (sigma.length > 1) tensors["sigma.slope"] = floats([3], sigma.slice(1));
  if (films) for (const stack of ["encoder", "decoder"]) add(`${stack}.films.0`, 2 * HIDDEN, 3);
  return safetensors(tensors, { config: JSON.stringify(config), layers: JSON.stringify(layers) });
}

const N = CHUNK + 3;
const IMAGES = numbers(N * PIXELS, 90, 0, 1);
const CODES = numbers(N * D, 91, -2, 2);

test("many images at once give each the codes and pictures that it gets alone", () => {
  const network = new Network(file());
  const together = network.encode(IMAGES, N),
    [mean, logvar] = [together.mean.slice(), together.logvar.slice()],
    logits = network.decode(CODES, N).slice();
  assert.equal(mean.length, N * D);
  for (let i = 0; i < N; i++) {
    const alone = network.encode(IMAGES.subarray(i * PIXELS, (i + 1) * PIXELS));
    close(alone.mean, mean.subarray(i * D, (i + 1) * D), 1e-5);
    close(alone.logvar, logvar.subarray(i * D, (i + 1) * D), 1e-5);
    close(network.decode(CODES.subarray(i * D, (i + 1) * D)), logits.subarray(i * PIXELS, (i + 1) * PIXELS), 1e-5);
  }
});

test("what images are is read from the file; if it does not say so they are grey, 28 x 28", () => {
  for (const shape of [
    [1, 64, 64],
    [3, 28, 28],
    [3, 32, 32],
  ]) {
    const network = new Network(file({ shape })),
      pixels = shape[0] * shape[1] ** 2;
    assert.deepEqual(network.format, { channels: shape[0], side: shape[1], area: shape[1] ** 2, pixels });
    assert.equal(network.decode(CODES, 2).length, 2 * pixels);
    assert.equal(network.encode(numbers(2 * pixels, 3, 0, 1), 2).mean.length, 2 * D);
  }
  assert.equal(new Network(file({ changes: { shape: undefined } })).format.pixels, PIXELS);
  assert.throws(() => new Network(file({ changes: { shape: [3, 28, 28] } })), /weights of/);
});

test("log sigma is ten times the offset, and a polynomial of log beta in a multi-rate network", () => {
  close([new Network(file({ sigma: [-0.2] })).logSigma(7)], [-2], 1e-6);
  const network = new Network(file({ films: true, sigma: [-0.2, 0.1, 0.02, -0.03] }));
  close(
    [0.1, 1, 10].map((beta) => network.logSigma(beta)),
    [-1, 0, 1].map((t) => 10 * (-0.2 + 0.1 * t + 0.02 * t ** 2 - 0.03 * t ** 3)),
    1e-5,
  );
  assert.equal(new Network(file()).logSigma(), 0);
});

test("a picture is the sigmoid of its logits", () => {
  const network = new Network(file()),
    logits = network.decode(CODES, N).slice();
  close(
    network.decodeImage(CODES, N),
    logits.map((l) => 1 / (1 + Math.exp(-l))),
    1e-6,
  );
});

test("log variances are kept within core's range, means are not", () => {
  const network = new Network(file());
  const { mean, logvar } = network.encode(
    IMAGES.map((v) => 1e4 * v),
    N,
  );
  assert.ok(logvar.every((value) => value >= LOGVAR_RANGE[0] && value <= LOGVAR_RANGE[1]));
  assert.ok(logvar.some((value) => LOGVAR_RANGE.includes(value)));
  assert.ok(mean.some((value) => Math.abs(value) > 100));
});

test("without a head for the variance the posterior is a point", () => {
  const network = new Network(file({ heads: ["mean"] }));
  assert.equal(network.isCloud, false);
  assert.equal(network.latentDim, D);
  assert.equal(network.encode(IMAGES, 2).logvar, null);
});

test("beta changes a conditioned network only, and the same beta gives the same pictures again", () => {
  const conditioned = new Network(file({ films: true })),
    ordinary = new Network(file());
  assert.deepEqual([conditioned.conditioned, ordinary.conditioned], [true, false]);
  const at = (network, beta) => [...network.decode(CODES, 2, beta), ...network.encode(IMAGES, 2, beta).mean];
  const first = at(conditioned, 1);
  assert.notDeepEqual(at(conditioned, 5), first);
  assert.deepEqual(at(conditioned, 1), first);
  assert.deepEqual(at(ordinary, 5), at(ordinary, 1));
});

test("networks that the page has no code for are refused, and the message for people names what is missing", () => {
  const pool = { encoder: [{ kind: "pool", inputs: PIXELS, outputs: HIDDEN }] };
  for (const [changes, what] of [
    [pool, /a layer of the kind "pool"/],
    [{ config: { activation: "gelu" } }, /the activation "gelu"/],
  ])
    assert.throws(
      () => new Network(file({ changes })),
      (error) => error instanceof UnsupportedNetwork && what.test(error.message) && what.test(loadingProblem(error)),
    );
  assert.throws(() => new Network(safetensors({}, { config: "{}" })), UnsupportedNetwork);
  assert.match(loadingProblem(new Error("404 Not Found")), /404 Not Found.*Reload/);
});

test("the most similar image is the one of the largest cosine, an image's own copy left out when asked", () => {
  const real = numbers(37 * PIXELS, 92, 0, 1);
  real.fill(0, 5 * PIXELS, 6 * PIXELS); // a black one has no direction
  const nearest = new Nearest(real, PIXELS),
    m = 4;
  const image = (array, i) => array.subarray(i * PIXELS, (i + 1) * PIXELS);
  const dot = (a, b) => a.reduce((sum, value, p) => sum + value * b[p], 0);
  const cosine = (a, b) => dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1);
  const brighter = IMAGES.map((v) => 0.3 * v);
  nearest.find(IMAGES, m).forEach(({ index, likeness }, i) => {
    const all = Array.from({ length: 37 }, (_, j) => cosine(image(IMAGES, i), image(real, j)));
    assert.equal(index, all.indexOf(Math.max(...all)));
    close([likeness], [Math.max(...all)], 1e-5);
    close([nearest.find(image(brighter, i), 1)[0].likeness], [likeness], 1e-5);
  });
  nearest.find(real, m).forEach(({ index, likeness }, i) => {
    assert.equal(index, i);
    close([likeness], [1], 1e-5);
  });
  nearest.find(real, m, [0, 1, 2, 3]).forEach(({ index, likeness }, i) => {
    assert.notEqual(index, i);
    assert.ok(likeness < 1);
  });
});

/** The judge of images of this shape is its definition: convolution, ReLU, maximum, twice; features; classes. */
function checkJudge(shape) {
  const [a, b, features, classes] = [3, 4, 6, 5],
    { channels: colors, side: whole, pixels } = formatOf(shape),
    images = numbers(3 * pixels, 90, 0, 1);
  const tensors = {};
  const add = (name, shape, seed) => {
    const size = shape.reduce((x, y) => x * y);
    tensors[`${name}.weight`] = { shape, data: numbers(size, seed, -0.3, 0.3) };
    tensors[`${name}.bias`] = { shape: shape.slice(0, 1), data: numbers(shape[0], seed + 1) };
  };
  add("features.0", [a, colors, 5, 5], 1);
  const side = (whole - 4) / 2,
    second = (side - 2) >> 1;
  add("features.3", [b, a, 3, 3], 3);
  add("features.7", [features, b * second * second], 5);
  add("classes", [classes, features], 7);

  /** Convolution without padding, ReLU, then the largest of each 2 x 2. */
  const halved = (x, channels, size, { shape: [outputs, , kernel], data }, bias) => {
    const full = size - kernel + 1,
      half = full >> 1,
      out = new Float64Array(outputs * half * half);
    for (let o = 0; o < outputs; o++)
      for (let r = 0; r < 2 * half; r++)
        for (let c = 0; c < 2 * half; c++) {
          let sum = bias[o];
          for (let i = 0; i < channels; i++)
            for (let u = 0; u < kernel; u++)
              for (let v = 0; v < kernel; v++)
                sum += data[((o * channels + i) * kernel + u) * kernel + v] * x[(i * size + r + u) * size + c + v];
          const at = (o * half + (r >> 1)) * half + (c >> 1);
          out[at] = Math.max(out[at], sum);
        }
    return out;
  };
  const dense = (x, { shape: [outputs, inputs], data }, bias) =>
    Array.from({ length: outputs }, (_, o) => x.reduce((sum, value, i) => sum + data[o * inputs + i] * value, bias[o]));
  const judge = new Judge(tensors);
  const weight = (name) => tensors[`${name}.weight`],
    bias = (name) => tensors[`${name}.bias`].data;
  for (let i = 0; i < 3; i++) {
    const image = images.subarray(i * pixels, (i + 1) * pixels);
    let x = halved(image, colors, whole, weight("features.0"), bias("features.0"));
    x = halved(x, a, side, weight("features.3"), bias("features.3"));
    x = dense(x, weight("features.7"), bias("features.7")).map((value) => Math.max(value, 0));
    const logits = dense(x, weight("classes"), bias("classes"));
    close(judge.logits(images, i * pixels), logits, 1e-5);
    assert.equal(judge.name(images, i * pixels), logits.indexOf(Math.max(...logits)));
  }
}

for (const shape of [
  [1, 28, 28],
  [3, 28, 28],
  [3, 32, 32],
  [1, 64, 64],
])
  test(`the judge of ${shape.join(" x ")} is its definition`, () => checkJudge(shape));

test("the distance to the nearest image is the least of all, a black one among them", () => {
  const real = numbers(37 * PIXELS, 92, 0, 1);
  real.fill(0, 5 * PIXELS, 6 * PIXELS);
  const nearest = new Nearest(real, PIXELS),
    faint = IMAGES.map((v) => 0.05 * v);
  for (const images of [IMAGES, faint, real]) {
    const expected = Array.from({ length: 4 }, (_, i) => {
      const image = images.subarray(i * PIXELS, (i + 1) * PIXELS);
      return Math.min(
        ...Array.from({ length: 37 }, (_, j) =>
          Math.sqrt(image.reduce((sum, v, p) => sum + (v - real[j * PIXELS + p]) ** 2, 0)),
        ),
      );
    });
    close(nearest.distances(images, 4), expected, images === real ? 2e-2 : 1e-4); // of equal images, a root of rounding
  }
});
