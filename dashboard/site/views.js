/* The views of a page: which one an address asks for, and going there without loading the page anew. */

import { morph } from "./morph.js";
import { address, html, packed, root, textOf, unpack } from "./store.js";

/** @import { Choices, Table, View } from "./store.js" */

/** @type {Promise<Table> | undefined} */
let table;
const views = () =>
  (table ??= packed
    ? Promise.resolve(packed.table)
    : fetch(new URL(String(html.dataset.views), root)).then((answer) => answer.json()));

/**
 * The path of the view for an address with parameters: these choices, and otherwise the usual ones.
 * @param {URLSearchParams} asked
 */
async function viewFor(asked) {
  const { usual, views: all, ahead, free } = await views();
  const known = new Set(all.flatMap((/** @type {View} */ [state]) => Object.keys(state)));
  const all_ = asked.has("all") && known.has("all") ? new URLSearchParams({ all: "true" }) : asked;
  /** @type {(key: string, value: string) => boolean} */
  const built = (key, value) => all.some((/** @type {View} */ [state]) => state[key] === value);
  const wanted = [...all_].filter(([key, value]) => known.has(key) && (!free.includes(key) || built(key, value)));
  if (!wanted.length) return null;
  /** @type {(state: Choices) => number} the fewer, the better; the same rule as in files.py */
  const distance = (state) => {
    const absent = wanted.filter(([key]) => !(key in state)).length;
    const others = [...new Set([...Object.keys(state), ...Object.keys(usual)])].filter((key) => !all_.has(key));
    return 1000 * absent + others.filter((key) => state[key] !== usual[key]).length;
  };
  const fitting = all.filter((/** @type {View} */ [state]) =>
    wanted.every(([key, value]) => (key in state || ahead.includes(key) ? state[key] === value : true)),
  );
  fitting.sort((/** @type {View} */ a, /** @type {View} */ b) => distance(a[0]) - distance(b[0]));
  return fitting[0]?.[1] ?? null;
}

/**
 * The page that an address belongs to.
 * @param {URL} url
 */
export const pageOf = (url) => (packed ? url.pathname : new URL(".", url).pathname);

/** @param {string} path of a view, relative to the root @returns {Promise<Document>} */
async function load(path) {
  const text = packed ? new TextDecoder().decode(await unpack(packed.texts[path])) : await textOf(path);
  const page = new DOMParser().parseFromString(text, "text/html");
  if (packed) {
    await pictures(page);
    return page;
  }
  for (const [name, selector] of [
    ["href", "a[href]"],
    ["src", "img[src]"],
  ])
    for (const element of page.querySelectorAll(selector)) {
      const value = element.getAttribute(name) ?? "";
      if (!/^(data:|#)/.test(value)) element.setAttribute(name, new URL(value, new URL(path, root)).href);
    }
  return page;
}

/** Images of a file that opens from disk, where they are in the file itself. @param {Document} page */
export const pictures = (page) =>
  Promise.all(
    [...page.querySelectorAll("img[data-src]")].map(async (image) =>
      image.setAttribute("src", await address(String(image.getAttribute("data-src")))),
    ),
  );

/** The path of the view at an address of this page. @param {URL} url */
export async function pathOf(url) {
  const asked = await viewFor(url.searchParams);
  if (asked && (packed || url.pathname.endsWith("/"))) return asked;
  if (packed) return url.searchParams.get("at") ?? String(html.dataset.path);
  const path = decodeURIComponent(url.pathname.slice(root.pathname.length));
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

let latest = 0;

/** Shows the view at an address of this page. @param {URL} url @param {boolean} [fresh] */
export async function show(url, fresh = false) {
  const mine = ++latest;
  const path = await pathOf(url);
  const page = await load(path);
  if (mine !== latest) return;
  document.title = page.title;
  for (const selector of ["[data-testid=stMainBlockContainer]", ".controls"]) {
    const old = document.querySelector(selector),
      now = page.querySelector(selector);
    if (old && now) morph(old, now, fresh);
  }
  absolute();
  switches();
  delete html.dataset.pending;
  html.dataset.path = path;
}

/** Follows a link within the page. @param {URL} url */
export async function go(url) {
  history.pushState(null, "", url);
  try {
    await show(url);
  } catch {
    if (!packed) location.reload(); // the new address is already in place
  }
}

/**
 * Notes a parameter in the address; a view that was built for it is shown.
 * @param {URL} to
 */
export async function here(to) {
  history.replaceState(history.state, "", to);
  const path = await viewFor(to.searchParams);
  if (path && path !== html.dataset.path) await show(to);
}

/** Addresses on the page as they are, whatever the address of the page becomes: images and links of this folder. */
export function absolute() {
  if (packed) return;
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[href]")))
    if (!link.getAttribute("href")?.startsWith("#")) link.setAttribute("href", link.href);
  for (const image of document.querySelectorAll("img"))
    if (!image.src.startsWith("data:")) image.setAttribute("src", image.src);
}

export function switches() {
  const asked = new URLSearchParams(location.search);
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-parameter]"))) {
    const value = asked.get(String(button.dataset.parameter));
    if (value !== null) button.setAttribute("aria-checked", String(value === "true"));
  }
}
