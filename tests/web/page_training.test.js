/* A training in the page as a view sees it, and what the browser keeps of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { lineOf } from "../../dashboard/components/beta_lab/training_line.js";
import { duration } from "../../dashboard/web/measures.js";
import { familyOf, forget, keep, keptRuns, keyOf, surplus } from "../../dashboard/web/training/kept_runs.js";
import { PageTraining } from "../../dashboard/web/training/page_training.js";

const config = /** @type {any} */ ({ model: "vae", beta: 2, epochs: 6, latent_dim: 2 }),
  source = /** @type {any} */ ({ script: "script", start: { config, images: { train: 4000 } } });
const figures = /** @type {any} */ ({ distortion: 90, rate: 10 });
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** A training whose worker is a list of the calls to it, and the function that takes the worker's messages. */
async function started(beginning = {}) {
  /** @type {string[]} */
  const calls = [];
  const worker = {
    stop: () => calls.push("stop"),
    continue: () => calls.push("continue"),
    end: () => calls.push("end"),
  };
  /** @type {(message: any) => void} */
  let receive = () => {};
  const begin = async (/** @type {any} */ _script, /** @type {any} */ start, /** @type {any} */ listener) => {
    receive = listener;
    Object.assign(beginning, start);
    return worker;
  };
  const training = new PageTraining(source, config, () => {}, /** @type {any} */ (begin));
  await turn();
  return { training, calls, receive };
}
const progress = (fraction, seconds) => ({ type: "progress", fraction, seconds, epochs: 6 });

test("the remaining time comes from the speed after the first batches, and is null before that", async () => {
  const { training, receive } = await started();
  assert.equal(training.state, "loading");
  receive(progress(0.01, 0.5)); // compiling
  assert.equal(training.secondsLeft, null);
  receive(progress(0.02, 0.6));
  assert.equal(training.secondsLeft, null);
  receive(progress(0.06, 1.0));
  assert.ok(Math.abs(/** @type {number} */ (training.secondsLeft) - 9.4) < 1e-9); // .05 in .5 s, .94 left
  assert.equal(training.epoch, 0.36);
});

test("stopped it waits and goes on where it was; a stop before the worker is there is not lost", async () => {
  const { training, calls, receive } = await started();
  receive(progress(0.1, 1));
  training.stop();
  receive(progress(0.11, 1.1)); // the batch that was under way
  assert.equal(training.state, "stopped");
  training.go();
  assert.deepEqual([training.state, calls], ["running", ["stop", "continue"]]);
  /** @type {string[]} */
  const lateCalls = [];
  const late = { stop: () => lateCalls.push("stop"), continue: () => {}, end: () => {} };
  const early = new PageTraining(
    source,
    config,
    () => {},
    async () => late,
  );
  early.stop();
  await turn();
  assert.deepEqual([early.state, lateCalls], ["stopped", ["stop"]]);
});

test("a failure is told in words and ends the worker", async () => {
  const { training, calls, receive } = await started();
  receive({ type: "error", message: "the loss is NaN" });
  assert.deepEqual([training.state, training.problem, calls], ["failed", "the loss is NaN", ["end"]]);
  receive(progress(0.5, 3));
  assert.equal(training.state, "failed");
});

test("without a worker there is a reason", async () => {
  const begin = async () => {
    throw new Error("no workers here");
  };
  const training = new PageTraining(source, config, () => {}, begin);
  await turn();
  assert.deepEqual([training.state, training.problem], ["failed", "no workers here"]);
});

test("runs of one family differ in beta and epochs only; the order of a config's entries does not matter", () => {
  assert.equal(familyOf(config), familyOf({ epochs: 9, latent_dim: 2, beta: 0.3, model: "vae" }));
  assert.notEqual(familyOf(config), familyOf({ ...config, latent_dim: 3 }));
  assert.equal(keyOf({ a: 1, b: 2 }), keyOf({ b: 2, a: 1 }));
  assert.notEqual(keyOf(config), keyOf({ ...config, beta: 2.5 }));
});

test("where the browser keeps nothing, runs last as long as the page; they can be deleted", async () => {
  const result = { config, figures, bytes: new ArrayBuffer(8), seconds: 3 };
  const { key } = await keep(result);
  await keep({ ...result, config: { ...config, latent_dim: 5 } });
  assert.deepEqual(
    (await keptRuns(familyOf(config))).map((run) => run.key),
    [key],
  );
  await keep({ ...result, seconds: 4 }); // trained again: takes its place
  assert.deepEqual(
    (await keptRuns(familyOf(config))).map(({ seconds }) => seconds),
    [4],
  );
  await forget(key);
  assert.deepEqual(await keptRuns(familyOf(config)), []);
});

test("beyond the limit the oldest are dropped, and no more than necessary", () => {
  const run = (at, bytes) => /** @type {any} */ ({ at, bytes: { byteLength: bytes } });
  const runs = [run(3, 40), run(1, 40), run(2, 40)];
  assert.deepEqual(
    surplus(runs, 100).map(({ at }) => at),
    [1],
  );
  assert.deepEqual(surplus(runs, 120), []);
  assert.deepEqual(
    surplus(runs, 30).map(({ at }) => at),
    [1, 2, 3],
  );
});

test("the line offers what can be done", async () => {
  const inPage = /** @type {any} */ ({ ...source, auto: true, patience: 60, server: true });
  const acts = (...rest) => lineOf(inPage, 2, ...rest).buttons?.map(([name]) => name) ?? [];
  const { training, receive } = await started();
  assert.deepEqual(acts(), ["train"]);
  receive(progress(0.1, 1));
  assert.deepEqual(acts(training), ["stop"]);
  training.stop();
  assert.deepEqual(acts(training), ["go"]);
  const local = { key: "key", beta: 2, seconds: 8, epochs: 6 };
  assert.deepEqual(acts(undefined, local), ["give", "forget"]);
  assert.deepEqual(acts(undefined, local, undefined, true), ["forget"]); // the server has been asked
  inPage.server = false;
  assert.deepEqual(acts(undefined, local), ["forget"]);
  assert.deepEqual(acts(undefined, { beta: 2, where: "server" }), []);
});

test("durations are said in seconds, long ones in minutes", () => {
  assert.deepEqual([0.2, 8.4, 89, 130].map(duration), ["1 s", "8 s", "89 s", "2 minutes"]);
});
