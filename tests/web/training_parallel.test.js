/* Several workers train as one does: the same weights but for rounding, and the same bits each time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { workersFor } from "../../dashboard/web/training/client.js";
import { Parameters } from "../../dashboard/web/training/parameters.js";
import { sharesOf } from "../../dashboard/web/training/shares.js";
import { serve } from "../../dashboard/web/training/worker.js";
import { parseSafetensors } from "../../dashboard/web/weights.js";
import { CONFIG, IMAGES, LAYERS, squares } from "./small_training.js";
import { close } from "./tools.js";

const START = { type: "start", config: CONFIG, layers: LAYERS, images: IMAGES, seed: 7 };

/** `count` workers with their places; what each sends is received with its number. */
function start(count, message, receive) {
  const places = Array.from({ length: count }, (_, index) => ({ index, ports: [] }));
  for (const { index, ports } of places)
    for (const other of places.slice(index + 1)) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1);
      other.ports.push(port2);
    }
  const workers = places.map((place, i) => {
    const port = { postMessage: (said) => receive(said, i), onmessage: null };
    serve(port);
    return port;
  });
  workers.forEach((port, i) => port.onmessage({ data: { ...message, place: places[i] } }));
  return {
    send: (type) => workers[0].onmessage({ data: { type } }),
    end: () => places.forEach(({ ports }) => ports.forEach((port) => port.close())),
  };
}

/** What the first of `count` workers says at the end, and all that any said. */
function trained(count, changes = {}, { images = IMAGES, stopAt = 0 } = {}) {
  return new Promise((done, failed) => {
    const said = [];
    const workers = start(count, { ...START, config: { ...CONFIG, ...changes }, images }, (message, i) => {
      said.push({ ...message, i });
      if (message.type === "progress" && said.length === stopAt) workers.send("stop");
      if (message.type === "stopped") setTimeout(() => workers.send("continue"), 10);
      if (message.type !== "done" && message.type !== "error") return;
      workers.end();
      if (message.type === "done") done({ ...message, said });
      else failed(new Error(message.message));
    });
  });
}

/** Two files agree up to `tolerance` of the largest number of each tensor. */
function agree(actual, expected, tolerance) {
  const [a, b] = [actual, expected].map((bytes) => parseSafetensors(bytes).tensors);
  assert.deepEqual(Object.keys(a), Object.keys(b));
  for (const name in b) {
    const largest = b[name].data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    close(
      a[name].data.map((value) => value / largest),
      b[name].data.map((value) => value / largest),
      tolerance,
      name,
    );
  }
}

for (const [what, changes] of Object.entries({
  "a VAE": {},
  "an AE": { model: "ae", beta: null },
  "a multi-rate network": { model: "multirate", beta: null },
  "a denoising network": { noise: 0.3 },
  "Adam alone": { optimiser: "adam", learning_rate: 1e-3 },
}))
  test(`two workers and three train ${what} as one does, to rounding`, async () => {
    const one = await trained(1, changes);
    for (const count of [2, 3]) {
      const { bytes, figures, said } = await trained(count, changes);
      agree(bytes, one.bytes, 1e-3);
      for (const name of ["n", "distortion", "rate", "mse", "neg_elbo"])
        close([figures[name] ?? 0], [one.figures[name] ?? 0], 1e-4, name);
      assert.equal(figures.active_units, one.figures.active_units);
      assert.ok(said.every(({ i }) => i === 0));
      const losses = (all) => all.filter(({ type }) => type === "progress").map(({ loss }) => loss);
      close(losses(said), losses(one.said), 1e-4, "losses");
    }
  });

test("the same number of workers gives the same bits, stopped in between or not", async () => {
  const [first, again] = [await trained(2), await trained(2, {}, { stopAt: 5 })];
  assert.deepEqual(new Uint8Array(again.bytes), new Uint8Array(first.bytes));
  assert.ok(again.said.some(({ type }) => type === "stopped"));
  assert.deepEqual(again.figures, first.figures);
});

test("a last batch with fewer images than workers is trained on", async () => {
  const images = { train: squares(33, 1), test: squares(2, 2) }; // 16, 16, 1
  const [one, three] = [await trained(1, {}, { images }), await trained(3, {}, { images })];
  agree(three.bytes, one.bytes, 1e-3);
  close([three.figures.mse], [one.figures.mse], 1e-4);
});

test("a training that diverges ends in words with several workers, too", async () => {
  await assert.rejects(trained(2, { learning_rate: 1e30, optimiser: "adam" }), /diverged\. Lower learning_rate/);
});

test("every parameter is in exactly one share, and matrices of equal size are dealt out evenly", () => {
  const parameters = new Parameters(true);
  for (const shape of [[9], [64, 16], [16, 64], [8, 9], [3, 50]])
    parameters.add({ name: "p", shape, rows: shape.length > 1 ? shape[0] : 1, columns: shape.at(-1), bound: 1 });
  parameters.layOut({ take: () => 0 });
  for (const count of [1, 2, 3, 7]) {
    const times = new Uint8Array(parameters.length);
    for (const { ranges, length } of sharesOf(parameters, count)) {
      for (const [from, end] of ranges) for (let i = from; i < end; i++) times[i]++;
      assert.equal(
        length,
        ranges.reduce((sum, [from, end]) => sum + end - from, 0),
      );
    }
    assert.ok(times.every((n) => n === 1));
  }
  const [a, b] = sharesOf(parameters, 2).map(({ matrices }) => matrices.map(({ shape }) => shape.join()));
  assert.ok(a.includes("64,16") !== b.includes("64,16") && a.includes("16,64") !== b.includes("16,64"));
  assert.ok(a.includes("64,16") !== a.includes("16,64"));
});

test("one core is left to the page, and free bits are for one worker", () => {
  const workers = [1, 2, 3, 4, 16].map((cores) => workersFor({ free_bits: 0 }, cores));
  assert.deepEqual(workers, [1, 1, 2, 2, 2]);
  assert.equal(workersFor({ free_bits: 0.1 }, 8), 1);
});
