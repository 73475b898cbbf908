/* The training loop and the worker around it: repeatable, stoppable, and honest about what it made. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GREY_28 } from "../../dashboard/web/image.js";
import { Network } from "../../dashboard/web/networks.js";
import { Trainer } from "../../dashboard/web/training/trainer.js";
import { serve } from "../../dashboard/web/training/worker.js";
import { CONFIG, IMAGES, LAYERS } from "./small_training.js";
import { close } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

function trained(changes = {}, seed = 7) {
  const trainer = new Trainer({ ...CONFIG, ...changes }, LAYERS, IMAGES.train, IMAGES.test, seed);
  const epochs = [];
  while (!trainer.done) {
    const progress = trainer.step();
    if (progress.ended) epochs.push(progress);
  }
  return { trainer, epochs, bytes: new Uint8Array(trainer.file()) };
}

test("the loss falls, every image is seen once an epoch, and a last batch may be smaller", () => {
  const { epochs, trainer } = trained({ epochs: 8 });
  assert.equal(epochs.length, 8);
  assert.ok(epochs[7].loss < epochs[0].loss - 10, `${epochs[0].loss} to ${epochs[7].loss}`);
  assert.equal(trainer.taken, 8 * Math.ceil(100 / 16));
  assert.deepEqual(
    [...trainer.order].sort((a, b) => a - b),
    [...Array(100).keys()],
  );
  close([epochs[7].distortion + epochs[7].rate], [epochs[7].loss], 1e-5);
});

test("the same seed gives the same bits, measured in between or not; another seed does not", () => {
  const { bytes } = trained();
  const trainer = new Trainer(CONFIG, LAYERS, IMAGES.train, IMAGES.test, 7);
  while (!trainer.done) {
    trainer.step();
    trainer.evaluate();
    trainer.file();
  }
  assert.deepEqual(new Uint8Array(trainer.file()), bytes);
  assert.notDeepEqual(trained({}, 8).bytes, bytes);
});

test("what was trained is a network of the page, whose figures are those that were measured", () => {
  for (const model of ["ae", "vae", "multirate"]) {
    const { trainer } = trained({ model, beta: model === "vae" ? 1 : null }),
      figures = trainer.evaluate(),
      network = new Network(trainer.file());
    const images = Float32Array.from(IMAGES.test, (level) => level / 255),
      codes = network.encode(images, 40, 1),
      mean = codes.mean.slice(),
      pictures = network.decodeImage(mean, 40, 1);
    const mse = images.reduce((sum, x, i) => sum + (x - pictures[i]) ** 2, 0) / images.length;
    close([figures.mse], [mse], 1e-5);
    assert.equal(figures.n, 40);
    if (model === "ae") {
      assert.deepEqual([figures.rate, figures.neg_elbo, figures.active_units], [null, null, null]);
      continue;
    }
    const rate =
      mean.reduce((sum, m, i) => sum + (m * m + Math.exp(codes.logvar[i]) - 1 - codes.logvar[i]) / 2, 0) / 40;
    close([figures.rate, figures.neg_elbo], [rate, figures.distortion + figures.rate], 1e-4);
    assert.equal(figures.active_units, figures.rate_per_dim.filter((nats) => nats > 0.1).length);
  }
});

test("a larger weight of the rate makes the rate smaller; a denoising model sees other images than it draws", () => {
  const rate = (beta) => trained({ beta, epochs: 6 }).trainer.evaluate().rate;
  assert.ok(rate(0.1) > 1.2 * rate(10));
  const { trainer } = trained({ noise: 0.5 });
  assert.ok(trainer.inputs.every((x) => x >= 0 && x <= 1));
  assert.notDeepEqual(trainer.inputs, trainer.network.images);
});

test("a warm-up begins without the rate", () => {
  const trainer = new Trainer({ ...CONFIG, warmup_epochs: 2, beta: 4 }, LAYERS, IMAGES.train, IMAGES.test, 1);
  const betas = [];
  while (!trainer.done) if (trainer.step().ended) betas.push(trainer.network.betas[0]);
  assert.deepEqual(betas, [2, 4, 4]);
});

test("a training that diverges, and a recipe that the page does not know, end in words", () => {
  assert.throws(() => trained({ learning_rate: 1e30, optimiser: "adam" }), /diverged\. Lower learning_rate/);
  assert.throws(() => trained({ schedule: "constructor" }), /no schedule is called "constructor"/);
  assert.throws(() => new Trainer(CONFIG, LAYERS, new Uint8Array(0), IMAGES.test, 0), /no images/);
});

/** A served port and what comes out of it. */
function worker() {
  const messages = [],
    waiting = new Set();
  const port = {
    postMessage(message) {
      messages.push(message);
      for (const look of waiting) look();
    },
    onmessage: null,
  };
  serve(port);
  return {
    messages,
    send: (data) => port.onmessage({ data }),
    until: (type) =>
      new Promise((done) => {
        const look = () => {
          const found = messages.find((message) => message.type === type);
          if (found) done(found);
        };
        waiting.add(look);
        look();
      }),
  };
}
const START = { type: "start", config: CONFIG, layers: LAYERS, images: IMAGES, seed: 7 };

test("a worker tells every batch, every epoch's figures and weights, and the end", async () => {
  const { send, until, messages } = worker();
  send(START);
  const { figures, bytes } = await until("done");
  assert.deepEqual(new Uint8Array(bytes), trained().bytes);
  const of = (type) => messages.filter((message) => message.type === type);
  assert.equal(of("progress").length, 21);
  assert.deepEqual(
    of("progress")
      .map(({ fraction }) => fraction)
      .at(-1),
    1,
  );
  assert.deepEqual(
    of("epoch").map(({ epoch }) => epoch),
    [1, 2],
  );
  assert.ok(of("epoch").every((message) => new Network(message.bytes).latentDim === 3));
  assert.equal(figures.n, 40);
});

test("stopped and continued, a training ends with the same bits", async () => {
  const { send, until, messages } = worker();
  send(START);
  await until("progress");
  send({ type: "stop" });
  await until("stopped");
  const before = messages.length;
  await new Promise((done) => setTimeout(done, 30));
  assert.equal(messages.length, before, "it is quiet while stopped");
  assert.ok(!messages.some(({ type }) => type === "done"));
  send({ type: "continue" });
  assert.deepEqual(new Uint8Array((await until("done")).bytes), trained().bytes);
});

test("a start takes the place of the one before; a stop while images arrive is heard; errors are told", async () => {
  const second = worker();
  second.send(START);
  await second.until("progress");
  second.send({ ...START, seed: 8 });
  assert.deepEqual(new Uint8Array((await second.until("done")).bytes), trained({}, 8).bytes);
  assert.equal(second.messages.filter(({ type }) => type === "done").length, 1);

  const early = worker();
  early.send(START);
  early.send({ type: "stop" });
  await early.until("stopped");
  assert.ok(!early.messages.some(({ type }) => type === "progress"));
  early.send({ type: "continue" });
  await early.until("done");

  const wrong = worker();
  wrong.send({ ...START, layers: { ...LAYERS, encoder: [{ kind: "pool", inputs: PIXELS, outputs: 24 }] } });
  assert.match((await wrong.until("error")).message, /a layer of the kind "pool"/);
  wrong.send(START);
  await wrong.until("done");
});
