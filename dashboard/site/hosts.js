/* The components of a page: each is mounted once, and called again with new data, as Streamlit does it. */

import { SITE, address, isDark, parsed, resolved, textOf } from "./store.js";

/** @typedef {(host: HTMLElement, trigger: string, value: any) => void} Listener */
/** @typedef {{module: any, inside: ParentNode, stop?: () => void, text: string}} Mounted */

const EMPTY = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/%3E";
/** @type {Listener} */
let listener = () => {};

/** @param {Listener} receive is called with every message of a component */
export function listen(receive) {
  listener = receive;
}

/** @type {Record<string, Promise<any>>} */
const modules = {};
/** @type {WeakMap<HTMLElement, Mounted>} */
export const mounted = new WeakMap();
/** @type {WeakMap<HTMLElement, Promise<void>>} one drawing of an element after the other */
export const turns = new WeakMap();

/**
 * A component's data in the present colours and for the parameters of the present address.
 * @param {HTMLElement} host
 */
async function dataOf(host) {
  const text = (isDark() && host.dataset.dark) || host.dataset.given || "null";
  const data = JSON.parse(text.startsWith(SITE) ? await textOf(text.slice(SITE.length)) : text);
  const asked = new URLSearchParams(location.search);
  for (const [parameter, { paths, kind }] of Object.entries(parsed(host.dataset.binds, {})))
    for (const path of paths) {
      const value = asked.get(parameter);
      const inside = path.slice(0, -1).reduce((/** @type {any} */ at, /** @type {string} */ step) => at?.[step], data);
      if (value === null || !inside) continue;
      if (kind === "switch") inside[path.at(-1)] = value === "true";
      else if (kind === "text") inside[path.at(-1)] = value;
      else if (value.trim() !== "" && Number.isFinite(Number(value))) inside[path.at(-1)] = Number(value);
    }
  // The presenter's own address, where nobody has given that of the site: it is known here, but not as a QR code.
  if (typeof data?.url === "string" && data.url.includes("point-or-cloud.invalid"))
    Object.assign(data, { url: location.href, qr: EMPTY });
  return resolved(data);
}

/** @param {HTMLElement} host */
export function draw(host) {
  const turn = (turns.get(host) ?? Promise.resolve()).then(() => drawNow(host));
  turns.set(host, turn);
  return turn;
}

/** @param {HTMLElement} host */
async function drawNow(host) {
  const name = String(host.dataset.name);
  try {
    modules[name] ??= Promise.resolve(address(String(host.dataset.script))).then((from) => import(from));
    const [module, data] = await Promise.all([modules[name], dataOf(host)]);
    if (!host.isConnected) return;
    let state = mounted.get(host);
    if (!state) {
      const isolated = module.isolated;
      const inside = isolated ? host.attachShadow({ mode: "open" }) : host;
      inside.innerHTML = `<style>${module.css}</style>${module.html}`;
      state = { module, inside, text: "" };
      mounted.set(host, state);
    }
    state.stop =
      module.default({
        data,
        name,
        key: host.dataset.key,
        parentElement: state.inside,
        setStateValue: (/** @type {string} */ trigger, /** @type {any} */ value) => listener(host, trigger, value),
        setTriggerValue: (/** @type {string} */ trigger, /** @type {any} */ value) => listener(host, trigger, value),
      }) ?? state.stop;
    host.dataset.mounted = "1";
  } catch (error) {
    console.error(error);
    host.textContent = `This part cannot be shown here (${/** @type {Error} */ (error).message}).`;
  }
}

/** @param {ParentNode} within @returns {HTMLElement[]} */
export const hosts = (within) => [.../** @type {NodeListOf<HTMLElement>} */ (within.querySelectorAll(".component"))];

/** @param {ParentNode & Partial<HTMLElement>} within what leaves the page */
export function leave(within) {
  const here = within.classList?.contains("component") ? [/** @type {HTMLElement} */ (within)] : [];
  for (const host of [...here, ...hosts(within)]) {
    mounted.get(host)?.stop?.();
    mounted.delete(host);
  }
}
