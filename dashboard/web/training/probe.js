/* How fast this machine would train, found out before anything is trained: a few batches of the recipe on random
   pictures, for SECONDS, and the lower quartile of their times. The first batches do not count, since the browser
   compiles during them and, with less effect, after them. A machine so slow that they take longer is judged by the last
   one. With several workers, all of them
   get the message; the first one answers, the others go along until they are terminated. */

import { formatOf } from "../image.js";
import { ALONE, Crew } from "./crew.js";
import { Random } from "./random.js";
import { Trainer } from "./trainer.js";

/** @import { TrainingConfig } from "../data.js" */
/** @import { Layers } from "./network.js" */
/** @typedef {{type: "probe", config: TrainingConfig, layers: Layers, place?: import("./crew.js").Place}} Probe */

const SECONDS = 0.3;
const WARMING = 2; // batches
const INK = 0.2; // part of a picture

/**
 * Images a second.
 * @param {TrainingConfig} config @param {Layers} layers @param {import("./crew.js").Place} [place]
 * @param {() => number} [now] a clock, in ms
 * @returns {Promise<number>}
 */
export async function speed(config, layers, place = ALONE, now = () => performance.now()) {
  const random = new Random(0),
    length = config.batch_size * formatOf(layers.shape).pixels,
    images = Uint8Array.from({ length }, () => (random.uniform() < INK ? 255 : 0)),
    recipe = { ...config, epochs: 1e6 }; // the learning rate stays near 0: nothing diverges
  const { index, ports } = place,
    trainer = new Trainer(recipe, layers, images, images, 0, { index, count: ports.length + 1 }),
    crew = new Crew(trainer, place),
    began = now(),
    times = [];
  for (let end = began; index || !times.length || end < began + 1000 * SECONDS;) {
    const start = now();
    await crew.step();
    end = now();
    if (trainer.taken > WARMING || end >= began + 1000 * SECONDS) times.push(end - start);
  }
  return (1000 * config.batch_size) / times.sort((a, b) => a - b)[times.length >> 2];
}
