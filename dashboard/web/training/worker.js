/* Training beside the page, in a worker: `serve` answers on any port, a worker's own or a channel's.

     in    {type: "start", config, layers, images, seed, place}      images: see `readImages`; place: one of several
           {type: "stop"}, {type: "continue"}                 stop keeps everything; continue takes the next batch
     out   {type: "progress", ...Progress, seconds, imagesPerSecond}        after every batch
           {type: "epoch", epoch, figures, bytes}              figures on the test images; weights as safetensors
           {type: "weights", bytes}                            between epochs, at most every PICTURES seconds
           {type: "done", figures, bytes, seconds}, {type: "stopped"}, {type: "error", message}

   `seconds` counts training and measuring, not waiting. After every batch the worker listens: a stop takes effect
   within one, and no figure depends on when it came. Of several workers (data_parallel.js) only the first one
   receives messages after the start and answers; errors come from all.

   Why not a library: TensorFlow for browsers (tfjs 4.22) is 1.5 MB of script and 0.4 MB of WebAssembly, which knows no
   gradient of a convolution's weights (its kernels lack Conv2DBackpropFilter); onnxruntime-web 1.30 is 14 MB and has no
   training build any more. This folder and the loops below it are 120 kB with their comments. */

import { formatOf } from "../image.js";
import { eachTile, readTile } from "../sprites.js";
import { ALONE, DataParallel } from "./data_parallel.js";
import { Trainer } from "./trainer.js";

/** @import { TrainingConfig } from "../data.js" */
/** @import { Layers } from "./network.js" */
/**
 * Images as bytes, or one picture of tiles, `columns` a row: first those to train on, then those to test with.
 * @typedef {{train: Uint8Array, test: Uint8Array} | {file: Blob, train: number, test: number, columns: number}} Images
 */
/**
 * @typedef {{type: "start", config: TrainingConfig, layers: Layers, images: Images, seed: number,
 *   place?: import("./data_parallel.js").Place}} Start
 */
/**
 * @typedef {object} Port
 * @property {(message: any, transfer: any[]) => void} postMessage
 * @property {((event: {data: any}) => void) | null} onmessage
 */

const PICTURES = 0.5; // seconds between weights for live pictures

/**
 * @param {Images} images @param {ArrayLike<number>} [shape] of each, (C, H, W)
 * @returns {Promise<{train: Uint8Array, test: Uint8Array}>}
 */
export async function readImages(images, shape) {
  if (!("file" in images)) return images;
  const { file, train, test, columns } = images;
  const picture = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const format = formatOf(shape),
    { pixels } = format,
    out = new Uint8Array((train + test) * pixels);
  eachTile(picture, train + test, format, columns, (data, width, left, i) =>
    readTile(data, width, left, format, out, i * pixels, 1),
  );
  picture.close(); // its pixels, four bytes each, would stay until memory is tidied up
  return { train: out.subarray(0, train * pixels), test: out.subarray(train * pixels) };
}

/** @param {Port} port */
export function serve(port) {
  /** @type {Trainer | null} */
  let trainer = null;
  /** @type {DataParallel} */
  let parallel;
  let running = false, // a loop is at work
    loading = false,
    wanted = false, // a loop is to go on
    started = 0, // messages "start"
    seconds = 0,
    shown = 0;

  /** The next turn of the event loop, without the 4 ms of a timer. */
  const turn = () =>
    new Promise((/** @type {(value?: unknown) => void} */ done) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        done();
      };
      port2.postMessage(null);
    });

  /** @param {string} type @param {Record<string, any>} [values] */
  function send(type, values = {}) {
    if (!parallel?.index || type === "error") port.postMessage({ type, ...values }, values.bytes ? [values.bytes] : []);
  }

  async function work() {
    running = true;
    const number = started;
    try {
      while (wanted && trainer && !trainer.done) {
        const current = trainer,
          together = parallel,
          began = performance.now(),
          progress = await together.step(),
          took = (performance.now() - began) / 1000;
        seconds += took;
        const images = Math.min(current.config.batch_size, current.count);
        send("progress", { ...progress, seconds, imagesPerSecond: images / took });
        if (progress.ended) {
          const before = performance.now(),
            figures = await together.evaluate();
          seconds += (performance.now() - before) / 1000;
          const { epoch } = progress;
          send(current.done ? "done" : "epoch", { epoch, figures, seconds, bytes: current.file() });
          shown = seconds;
        } else if (seconds - shown > PICTURES) {
          send("weights", { bytes: current.file() });
          shown = seconds;
        }
        await turn();
      }
      if (trainer && !trainer.done && number === started) send("stopped");
    } catch (error) {
      trainer = null;
      send("error", { message: /** @type {Error} */ (error).message });
    }
    running = false;
    if (wanted && trainer && !trainer.done) work(); // a "continue" came while it was stopping
  }

  /** @param {Start} start */
  async function begin({ config, layers, images, seed, place = ALONE }) {
    const number = ++started;
    wanted = false;
    loading = true;
    try {
      const { train, test } = await readImages(images, layers.shape);
      while (running) await turn();
      if (number !== started) return;
      trainer = new Trainer(config, layers, train, test, seed, { index: place.index, count: place.ports.length + 1 });
      parallel = new DataParallel(trainer, place);
      seconds = shown = 0;
      wanted = loading; // unless a "stop" came meanwhile
      loading = false;
      if (wanted) work();
      else send("stopped");
    } catch (error) {
      if (number === started) send("error", { message: /** @type {Error} */ (error).message });
    }
  }

  port.onmessage = ({ data }) => {
    if (data.type === "start") begin(data);
    else if (data.type === "stop") wanted = loading = false;
    else if (data.type === "continue" && !loading && trainer && !trainer.done) {
      wanted = true;
      if (!running) work();
    }
  };
}
