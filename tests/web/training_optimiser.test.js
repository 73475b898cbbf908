/* The steps of Adam and Muon, the running mean, the schedules and the random numbers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TrainingHeap } from "../../dashboard/web/training/heap.js";
import { Optimiser } from "../../dashboard/web/training/optimiser.js";
import { Parameters } from "../../dashboard/web/training/parameters.js";
import { Random } from "../../dashboard/web/training/random.js";
import { SCHEDULES } from "../../dashboard/web/training/schedule.js";
import { close, numbers } from "./tools.js";

/** Parameters of these shapes, matrices row by row, with an optimiser. */
function made(shapes, { muon = true, decay = 0 } = {}) {
  const heap = new TrainingHeap(),
    parameters = new Parameters(muon);
  shapes.forEach((shape, i) =>
    parameters.add({ name: `p${i}`, shape, rows: shape.length > 1 ? shape[0] : 1, columns: shape.at(-1), bound: 1 }),
  );
  parameters.layOut(heap);
  const optimiser = new Optimiser(heap, parameters, decay);
  heap.seal();
  const put = (stretch, i, values) => parameters.write(heap, parameters[stretch], parameters.all[i], values);
  const read = (stretch, i) => parameters.read(heap, parameters[stretch], parameters.all[i]);
  return { optimiser, put, read };
}

test("Adam's first step has the size of the rate, its second one by hand", () => {
  const { optimiser, put, read } = made([[4]]);
  put("weights", 0, [1, 2, 3, 4]);
  put("gradients", 0, [0.5, -2, 1e-3, 0]);
  optimiser.move(0.1);
  close(read("weights", 0), [0.9, 2.1, 2.9, 4], 1e-5);
  put("gradients", 0, [1, 1, 1, 1]);
  optimiser.move(0.1);
  // m = .9 m + .1 g over 1 - .9^2, v = .999 v + .001 g^2 over 1 - .999^2; for the first number m = .145, v = .00124975
  const first = 0.9 - (0.1 * (0.145 / 0.19)) / (Math.sqrt(0.00124975 / 0.001999) + 1e-8);
  const last = 4 - (0.1 * (0.1 / 0.19)) / (Math.sqrt(0.001 / 0.001999) + 1e-8);
  const got = read("weights", 0);
  close([got[0], got[3]], [first, last], 1e-5);
});

test("Muon moves a matrix with orthogonal rows along itself, whatever their lengths, on either side", () => {
  // Three iterations of s <- 3.4445 s - 4.775 s^3 + 2.0315 s^5, from s = 1 / |G| for each of eight equal values.
  let s = 1 / Math.sqrt(8);
  for (let i = 0; i < 3; i++) s = 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5;
  for (const [rows, columns] of [
    [8, 16],
    [16, 8],
    [8, 8],
  ]) {
    const { optimiser, put, read } = made([[rows, columns]]);
    const ones = Float32Array.from({ length: rows * columns }, (_, i) =>
      Number(Math.floor(i / columns) === i % columns && i % columns < 8),
    );
    put(
      "gradients",
      0,
      ones.map((value) => 37 * value),
    );
    optimiser.move(0.5);
    close(
      read("weights", 0),
      ones.map((value) => -0.5 * 0.2 * Math.sqrt(Math.max(rows, columns)) * s * value),
      1e-5,
    );
  }
});

test("Muon's steps are those of its definition with the whole matrix, momentum and Nesterov's look-ahead", () => {
  const [rows, columns] = [16, 24],
    { optimiser, put, read } = made([[rows, columns], [5]]),
    expected = Float64Array.from(numbers(rows * columns, 1)),
    average = new Float64Array(rows * columns);
  const product = (a, b, M, K, N) =>
    Float64Array.from({ length: M * N }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[Math.floor(i / N) * K + k] * b[k * N + (i % N)];
      return sum;
    });
  put("weights", 0, expected);
  for (const [step, rate] of [0.1, 0.05, 0.2].entries()) {
    const gradient = numbers(rows * columns, 10 + step);
    put("gradients", 0, gradient);
    optimiser.move(rate);
    average.forEach((value, i) => (average[i] = 0.9 * value + 0.1 * gradient[i]));
    let x = average.map((value, i) => 0.9 * value + 0.1 * gradient[i]);
    const norm = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
    x = x.map((value) => value / norm);
    for (let i = 0; i < 3; i++) {
      const turned = x.map((_, at) => x[(at % rows) * columns + Math.floor(at / rows)]),
        gram = product(x, turned, rows, columns, rows),
        square = product(gram, gram, rows, rows, rows),
        factor = gram.map((value, at) => -4.775 * value + 2.0315 * square[at] + (at % (rows + 1) ? 0 : 3.4445));
      x = product(factor, x, rows, rows, columns);
    }
    expected.forEach((value, i) => (expected[i] = value - rate * 0.2 * Math.sqrt(columns) * x[i]));
    close(read("weights", 0), expected, 2e-5, `step ${step}:`);
  }
});

test("Muon takes the matrices with sides of at least eight, Adam everything else", () => {
  const muon = (shape, wanted = true) =>
    new Parameters(wanted).add({ name: "p", shape, rows: 1, columns: 1, bound: 0 }).muon;
  assert.deepEqual([muon([8, 8]), muon([7, 100]), muon([100]), muon([16, 8, 4, 4])], [true, false, false, false]);
  assert.equal(muon([8, 8], false), false);
});

test("the running mean forgets the first weights quickly and then decays as it is told", () => {
  const { optimiser, put, read } = made([[4]], { decay: 0.3 });
  const mean = new Float64Array(4);
  for (let t = 0; t < 6; t++) {
    put("gradients", 0, numbers(4, t));
    optimiser.move(0.1);
    optimiser.average();
    const d = Math.min(0.3, (t + 1) / (t + 10));
    read("weights", 0).forEach((w, i) => (mean[i] += (1 - d) * (w - mean[i])));
    close(read("mean", 0), mean, 1e-6);
  }
});

test("schedules rise to 1 and fall to where they say", () => {
  for (const [name, [start, peak, end]] of Object.entries({
    onecycle: [1 / 25, 0.3, 1 / 250_000],
    linear: [0, 0.05, 0],
    gentle: [0, 0.05, 0.2],
  }))
    close([0, peak, 1].map(SCHEDULES[name]), [start, 1, end], 1e-9, name);
  assert.equal(SCHEDULES.constant(0.7), 1);
});

test("random numbers repeat for the same seeds, are normal and uniform, and every order is a permutation", () => {
  const draw = (...seeds) => {
    const random = new Random(...seeds);
    return Array.from({ length: 20000 }, () => random.normal());
  };
  assert.deepEqual(draw(3, 1), draw(3, 1));
  assert.notDeepEqual(draw(3, 1), draw(1, 3));
  assert.notDeepEqual(draw(3, 1), draw(3, 2));
  const values = draw(5),
    mean = values.reduce((a, b) => a + b) / values.length,
    spread = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(spread - 1) < 0.05, `${mean}, ${spread}`);
  const random = new Random(1),
    parts = new Array(10).fill(0);
  for (let i = 0; i < 20000; i++) parts[Math.floor(10 * random.uniform())]++;
  assert.ok(
    parts.every((count) => Math.abs(count - 2000) < 200),
    String(parts),
  );
  const order = new Random(2).order(1000);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.notDeepEqual(order, new Random(3).order(1000));
  // the published generator's first numbers from the state 1, 2, 3, 4
  random.state.set([1, 2, 3, 4]);
  assert.deepEqual([random.bits(), random.bits(), random.bits()], [11520, 0, 5927040]);
});
