/* The page's side of training: starts a worker from its script's address and exchanges messages with it; see
   worker.js.

     const training = await startTraining(address, { config, layers, images, seed }, (message) => ...);
     training.stop(); training.continue(); training.end();

   The script is fetched and handed over as a blob, since a worker may only be loaded from the page's own origin, and an
   exported page, opened from a disk, has none: there the addresses hold the data themselves. Relative addresses are
   meant relative to the page. */

/** @import { TrainingConfig } from "../data.js" */
/** @import { Place } from "./data_parallel.js" */
/** @import { Images, Start } from "./worker.js" */
/** @typedef {{url: string, train: number, test: number, columns: number}} Addressed a picture by its address */

const MOST = 2; // workers

/**
 * How many workers train: two where the page keeps a core for itself. Free bits are a matter of a whole batch.
 * @param {TrainingConfig} config
 */
export function workersFor({ free_bits }, cores = navigator.hardwareConcurrency ?? 1) {
  return free_bits ? 1 : Math.max(1, Math.min(MOST, cores - 1));
}

/** @type {(address: string) => string} */
const whole = (address) => new URL(address, document.baseURI).href;

/**
 * @param {string} script address of entry.js with all it imports
 * @param {(message: any) => void} receive
 */
async function startWorker(script, receive) {
  const response = await fetch(whole(script), { cache: "force-cache" });
  if (!response.ok) throw new Error(`the training script could not be loaded (${response.status})`);
  const address = URL.createObjectURL(new Blob([await response.text()], { type: "text/javascript" })),
    worker = new Worker(address);
  URL.revokeObjectURL(address);
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = ({ message }) =>
    receive({ type: "error", message: message || "the training worker could not be started" });
  return worker;
}

/**
 * So many workers, each with its place among them. Their messages are received until the first error.
 * @param {string} script @param {number} count @param {(message: any) => void} receive
 */
async function startWorkers(script, count, receive) {
  let failed = false;
  const workers = await Promise.all(
    Array.from({ length: count }, () =>
      startWorker(script, (message) => {
        if (failed) return;
        failed = message.type === "error";
        receive(message);
      }),
    ),
  );
  /** @type {Place[]} */
  const places = workers.map((_, index) => ({ index, ports: [] }));
  for (const { index, ports } of places)
    for (const other of places.slice(index + 1)) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1);
      other.ports.push(port2);
    }
  return {
    /** @param {Record<string, any>} message */
    sendAll: (message) =>
      workers.forEach((worker, i) => worker.postMessage({ ...message, place: places[i] }, places[i].ports)),
    /** @param {string} type */
    sendFirst: (type) => workers[0].postMessage({ type }),
    end: () => workers.forEach((worker) => worker.terminate()),
  };
}

/**
 * A picture of images as a file. The page loads it, once for all workers: a worker of a page that was opened from a
 * disk has no addresses to load from.
 * @param {Addressed | Images} images
 * @returns {Promise<Images>}
 */
async function withFile(images) {
  if (!("url" in images)) return images;
  const { url, ...counts } = images,
    response = await fetch(whole(url), { cache: "force-cache" });
  if (!response.ok) throw new Error(`the images could not be loaded (${response.status} ${response.statusText})`);
  return { ...counts, file: await response.blob() };
}

/**
 * @param {string} script address of entry.js with all it imports
 * @param {Omit<Start, "type" | "place" | "images"> & {images: Addressed | Images, workers?: number}} start with fewer
 *   workers or more than `workersFor` says
 * @param {(message: any) => void} receive
 */
export async function startTraining(script, { images, workers, ...start }, receive) {
  const given = await withFile(images),
    all = await startWorkers(script, workers ?? workersFor(start.config), receive);
  all.sendAll({ type: "start", ...start, images: given });
  return { stop: () => all.sendFirst("stop"), continue: () => all.sendFirst("continue"), end: all.end };
}
