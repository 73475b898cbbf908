/* The page's side of training: starts a worker from its script's address and speaks with it; see worker.js.

     const training = await startTraining(address, { config, layers, images, seed }, (message) => ...);
     training.stop(); training.continue(); training.end();
     const imagesPerSecond = await measureSpeed(address, { config, layers });    // before any training, in about .5 s

   The script is fetched and handed over as a blob, since a worker may only be loaded from the page's own origin, and an
   exported page, opened from a disk, has none: there the addresses hold the data themselves. Relative addresses are
   meant relative to the page. */

/** @import { Start } from "./worker.js" */
/** @import { Probe } from "./probe.js" */

/** @type {(address: string) => string} */
const whole = (address) => new URL(address, document.baseURI).href;

/**
 * @param {string} script address of entry.js with all it imports
 * @param {(message: any) => void} hear
 */
async function startWorker(script, hear) {
  const response = await fetch(whole(script), { cache: "force-cache" });
  if (!response.ok) throw new Error(`the training script could not be loaded (${response.status})`);
  const address = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" })),
    worker = new Worker(address);
  URL.revokeObjectURL(address);
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = ({ message }) =>
    hear({ type: "error", message: message || "the training worker could not be started" });
  return worker;
}

/**
 * @param {string} script address of entry.js with all it imports
 * @param {Omit<Start, "type">} start
 * @param {(message: any) => void} hear
 */
export async function startTraining(script, { images, ...start }, hear) {
  const worker = await startWorker(script, hear);
  worker.postMessage({
    type: "start",
    ...start,
    images: "url" in images ? { ...images, url: whole(images.url) } : images,
  });
  return {
    stop: () => worker.postMessage({ type: "stop" }),
    continue: () => worker.postMessage({ type: "continue" }),
    end: () => worker.terminate(),
  };
}

/**
 * An estimate of the images a second that a training would take in, from a worker that ends with it. Rejected with what
 * keeps this browser from training.
 * @param {string} script address of entry.js with all it imports
 * @param {Omit<Probe, "type">} probe
 * @returns {Promise<number>}
 */
export function measureSpeed(script, probe) {
  return new Promise((done, failed) => {
    const started = startWorker(script, ({ type, imagesPerSecond, message }) => {
      if (type === "speed") done(imagesPerSecond);
      else failed(new Error(message));
      started.then((worker) => worker.terminate());
    });
    started.then((worker) => worker.postMessage({ type: "probe", ...probe }), failed);
  });
}
