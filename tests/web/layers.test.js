/* Each kind of layer computes what its definition says, written down here as plain loops over torch's order of numbers.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Heap } from "../../dashboard/web/heap.js";
import { CHUNK } from "../../dashboard/web/layers.js";
import { UnsupportedNetwork, imageShape, vectorShape } from "../../dashboard/web/shapes.js";
import { Stack, take } from "../../dashboard/web/stack.js";
import { ACTIVATIONS, naiveStack } from "./naive.js";
import { close, numbers } from "./tools.js";

/** The tensors of a stack with random weights, named as core/models/networks.py names them. */
function weights(table, films = 0) {
  const tensors = {};
  table.forEach(({ kind, inputs, outputs, kernel }, i) => {
    const shape = {
      linear: [outputs, inputs],
      conv: [outputs, inputs, kernel, kernel],
      transposed: [inputs, outputs, kernel, kernel],
    }[kind];
    const size = shape.reduce((a, b) => a * b);
    tensors[`s.layers.${i}.weight`] = { shape, data: numbers(size, 10 + i, -0.5, 0.5) };
    tensors[`s.layers.${i}.bias`] = { shape: [outputs], data: numbers(outputs, 20 + i) };
    if (films) {
      tensors[`s.films.${i}.weight`] = { shape: [2 * outputs, films], data: numbers(2 * outputs * films, 30 + i) };
      tensors[`s.films.${i}.bias`] = { shape: [2 * outputs], data: numbers(2 * outputs, 40 + i) };
    }
  });
  return tensors;
}

/** What the stack makes of n inputs, in torch's order. */
function forward(table, tensors, activation, shape, inputs, condition) {
  const heap = new Heap();
  const stack = new Stack(heap, table, tensors, "s", activation, true, shape);
  heap.seal();
  if (condition) stack.condition(condition);
  const n = inputs.length;
  stack.load(
    inputs.flatMap((input) => [...input]),
    0,
    n,
  );
  stack.forward(n);
  const { at, image } = stack.result,
    { length } = stack.output,
    out = new Float32Array(n * length);
  inputs.forEach((_, b) => take(heap.floats, at + b * image, stack.output, out, b * length));
  return inputs.map((_, b) => out.subarray(b * length, (b + 1) * length));
}

const CASES = {
  "linear, sizes that are no multiple of four": [[{ kind: "linear", inputs: 13, outputs: 7 }], 0],
  "conv, 3x3, same size": [[{ kind: "conv", inputs: 1, outputs: 3, kernel: 3, stride: 1, padding: 1 }], 8],
  "conv, 4x4, half the size, several channels": [
    [{ kind: "conv", inputs: 5, outputs: 11, kernel: 4, stride: 2, padding: 1 }],
    8,
  ],
  "conv, colours to colours": [[{ kind: "conv", inputs: 3, outputs: 3, kernel: 3, stride: 1, padding: 1 }], 8],
  "transposed, to three channels": [
    [{ kind: "transposed", inputs: 9, outputs: 3, kernel: 4, stride: 2, padding: 1 }],
    4,
  ],
  "conv, 1x1": [[{ kind: "conv", inputs: 3, outputs: 8, kernel: 1, stride: 1, padding: 0 }], 4],
  "conv, to one channel": [[{ kind: "conv", inputs: 4, outputs: 1, kernel: 3, stride: 1, padding: 1 }], 8],
  "conv, the kernel as large as the image": [
    [{ kind: "conv", inputs: 1, outputs: 2, kernel: 8, stride: 3, padding: 0 }],
    8,
  ],
  "transposed, twice the size": [[{ kind: "transposed", inputs: 3, outputs: 5, kernel: 4, stride: 2, padding: 1 }], 4],
  "transposed, to one channel": [[{ kind: "transposed", inputs: 9, outputs: 1, kernel: 4, stride: 2, padding: 1 }], 4],
  "transposed, overlapping": [[{ kind: "transposed", inputs: 2, outputs: 3, kernel: 5, stride: 1, padding: 0 }], 3],
  "conv then linear": [
    [
      { kind: "conv", inputs: 1, outputs: 6, kernel: 4, stride: 2, padding: 1 },
      { kind: "linear", inputs: 6 * 16, outputs: 9 },
    ],
    8,
  ],
  "linear then transposed": [
    [
      { kind: "linear", inputs: 5, outputs: 3 * 16 },
      { kind: "transposed", inputs: 3, outputs: 2, kernel: 4, stride: 2, padding: 1 },
    ],
    0,
  ],
};

for (const [name, [table, side]] of Object.entries(CASES))
  for (const activation of Object.keys(ACTIVATIONS))
    test(`${name}, ${activation}: as defined, for several images at once, with and without a condition`, () => {
      const { inputs } = table[0];
      const shape = side ? imageShape(inputs, side) : vectorShape(inputs);
      const images = Array.from({ length: 3 }, (_, b) => numbers(side ? inputs * side * side : inputs, 50 + b));
      for (const condition of [undefined, [0.3, -0.7]]) {
        const tensors = weights(table, condition?.length);
        const made = forward(table, tensors, activation, shape, images, condition);
        images.forEach((image, b) =>
          close(
            made[b],
            naiveStack(table, tensors, "s", activation, true, side, image, condition),
            1e-5,
            `image ${b}:`,
          ),
        );
      }
    });

test("a stack can be used again and again: nothing of the last images stays", () => {
  const table = CASES["conv then linear"][0],
    tensors = weights(table),
    heap = new Heap();
  const stack = new Stack(heap, table, tensors, "s", "relu", true, imageShape(1, 8));
  heap.seal();
  const run = (image) => {
    stack.load(image, 0, 1);
    stack.forward(1);
    return heap.floats.slice(stack.result.at, stack.result.at + 9);
  };
  const image = numbers(64, 1),
    first = run(image);
  run(numbers(64, 2, -9, 9));
  assert.deepEqual(run(image), first);
  assert.ok(CHUNK >= 2);
});

test("weights that do not fit their description, and kinds without code, are refused in words", () => {
  const table = [{ kind: "linear", inputs: 3, outputs: 2 }],
    tensors = weights(table);
  const build = (layers, named = tensors, activation = "relu") =>
    new Stack(new Heap(), layers, named, "s", activation, true, vectorShape(3));
  assert.throws(() => build([{ ...table[0], outputs: 4 }]), /weights of 2 x 3 .* asks for 4 x 3/);
  assert.throws(() => build([...table, { kind: "linear", inputs: 2, outputs: 2 }]), /no s\.layers\.1\.weight/);
  assert.throws(() => build([{ ...table[0], kind: "pool" }]), UnsupportedNetwork);
  assert.throws(() => build([{ ...table[0], kind: "constructor" }]), UnsupportedNetwork);
  assert.throws(() => build(table, tensors, "gelu"), /the activation "gelu"/);
  const more = { ...tensors, "s.layers.1.weight": tensors["s.layers.0.weight"] };
  assert.throws(() => build(table, more), /more layers in the weights/);
});
