/* Networks that were trained in this browser, kept in its IndexedDB: so that they are there at the next visit.

     await keptRuns(family)                     // of one family, oldest first: the same network with other betas
     await keep({ family, ...result }); await forget(key)

   They never leave the browser. The oldest are dropped beyond `LIMIT` bytes in all. Where a browser keeps nothing (a
   private window, a page opened from a disk), they last as long as the page does. */

/** @import { Result } from "./page_training.js" */
/** @typedef {Result & {key: string, family: string, at: number}} KeptRun `at`: milliseconds since 1970 */

export const LIMIT = 60e6; // bytes of weights, about 60 networks
const NAME = "point-or-cloud",
  STORE = "trained-in-page";

/** @type {Map<string, KeptRun>} what this page has kept, and all there is where the browser keeps nothing */
const here = new Map();

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const answer = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/**
 * Does something with the store; null where the browser has none.
 * @template T
 * @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => Promise<T>} act
 * @returns {Promise<T | null>}
 */
async function withStore(mode, act) {
  try {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
    const database = await answer(opening);
    try {
      return await act(database.transaction(STORE, mode).objectStore(STORE));
    } finally {
      database.close();
    }
  } catch {
    return null; // no IndexedDB, no room, or damaged: what is in `here` stays
  }
}

/** What distinguishes trainings: all of a config. @param {object} config */
export const keyOf = (config) => JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The same for all betas and lengths. @param {object} config */
export const familyOf = (config) => keyOf({ ...config, beta: null, epochs: null });

/** @param {KeptRun[]} runs those to drop so that the others fit, the oldest first */
export function surplus(runs, limit = LIMIT) {
  let total = runs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  return [...runs]
    .sort((a, b) => a.at - b.at)
    .filter(({ bytes }) => {
      if (total <= limit) return false;
      total -= bytes.byteLength;
      return true;
    });
}

/** @param {string} family @returns {Promise<KeptRun[]>} */
export async function keptRuns(family) {
  const stored = await withStore("readonly", (store) => answer(/** @type {IDBRequest<KeptRun[]>} */ (store.getAll())));
  const runs = new Map([...(stored ?? []).map((run) => /** @type {const} */ ([run.key, run])), ...here]);
  return [...runs.values()].filter((run) => run.family === family).sort((a, b) => a.at - b.at);
}

/** @param {Result} result @returns {Promise<KeptRun>} */
export async function keep(result) {
  const run = { ...result, key: keyOf(result.config), family: familyOf(result.config), at: Date.now() };
  here.set(run.key, run);
  await withStore("readwrite", async (store) => {
    await answer(store.put(run));
    const all = await answer(/** @type {IDBRequest<KeptRun[]>} */ (store.getAll()));
    for (const { key } of surplus(all)) await answer(store.delete(key));
  });
  return run;
}

/** @param {string} key */
export async function forget(key) {
  here.delete(key);
  await withStore("readwrite", (store) => answer(store.delete(key)));
}
