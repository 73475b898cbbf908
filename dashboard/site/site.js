/* The static site in the browser: mounts the components, follows links within a page without loading it anew, switches
   between light and dark.

   It stands where Streamlit's own page stands in the dashboard, and treats components the same way: a component's
   function is called when its element appears and again with new data; an element with the same key at the same place
   stays. Where a message of a component leads was found out when the site was built (data-tells, data-sets).

   The same script runs in both forms. In a file that opens from disk, `packed` holds what the hosted form fetches. */

const html = document.documentElement;
const root = new URL(html.dataset.root ?? "./", document.baseURI);
const SITE = "site:";
const THEME = "point-or-cloud-theme";

/** @typedef {Record<string, string>} Choices */
/** @typedef {[Choices, string]} View its choices and its path */
/** @typedef {{usual: Choices, views: View[], ahead: string[], free: string[]}} Table */
/** @typedef {{files: Record<string, string>, texts: Record<string, string>, table: Table}} Packed */
/** @typedef {{module: any, inside: ParentNode, stop?: () => void, text: string}} Mounted */

const holder = document.getElementById("packed");
/** @type {Packed | null} */
const packed = holder ? JSON.parse(holder.textContent ?? "null") : null;

/* ---- files ---- */

/** @type {Record<string, Promise<string>>} */
const blobs = {};

/** @param {BlobPart} bytes what gzip has made */
const gunzip = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
/** @param {string} text gzip in base64 */
const unpack = async (text) => gunzip(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));

const TYPES = { js: "text/javascript", png: "image/png", svg: "image/svg+xml", json: "application/json" };

/**
 * The address of one of the site's files.
 * @param {string} name
 * @returns {Promise<string> | string}
 */
function address(name) {
  if (!packed) return new URL(name, root).href;
  const suffix = /** @type {keyof typeof TYPES} */ (name.split(".").pop());
  return (blobs[name] ??= unpack(packed.files[name]).then((bytes) =>
    URL.createObjectURL(new Blob([bytes], { type: TYPES[suffix] ?? "application/octet-stream" })),
  ));
}

/**
 * The text of one of the site's files; components' data are compressed.
 * @param {string} name
 */
async function textOf(name) {
  let bytes;
  if (packed) bytes = await unpack(packed.files[name]);
  else {
    const answer = await fetch(new URL(name, root));
    if (!answer.ok) throw new Error(`${answer.status} ${name}`);
    bytes = await answer.arrayBuffer();
  }
  return new TextDecoder().decode(name.endsWith(".gz.bin") ? await gunzip(bytes) : bytes);
}

/**
 * The value with every "site:..." in it replaced by an address that scripts can load.
 * @param {any} value
 * @returns {Promise<any>}
 */
async function resolved(value) {
  if (typeof value === "string") return value.startsWith(SITE) ? address(value.slice(SITE.length)) : value;
  if (Array.isArray(value)) return Promise.all(value.map(resolved));
  if (value && typeof value === "object")
    return Object.fromEntries(
      await Promise.all(Object.entries(value).map(async ([key, inside]) => [key, await resolved(inside)])),
    );
  return value;
}

/* ---- components ---- */

/** @type {Record<string, Promise<any>>} */
const modules = {};
/** @type {WeakMap<HTMLElement, Mounted>} */
const mounted = new WeakMap();
/** @type {WeakMap<HTMLElement, Promise<void>>} one drawing of an element after the other */
const turns = new WeakMap();

const isDark = () =>
  html.dataset.theme ? html.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

/** @param {string | undefined} text @param {any} otherwise */
const parsed = (text, otherwise) => (text ? JSON.parse(text) : otherwise);

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
  if (typeof data?.url === "string" && data.url.includes("point-or-cloud.invalid")) data.url = location.href;
  return resolved(data);
}

/** @param {HTMLElement} host */
function draw(host) {
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
        setStateValue: (/** @type {string} */ trigger, /** @type {any} */ value) => told(host, trigger, value),
        setTriggerValue: (/** @type {string} */ trigger, /** @type {any} */ value) => told(host, trigger, value),
      }) ?? state.stop;
    host.dataset.mounted = "1";
  } catch (error) {
    console.error(error);
    host.textContent = `This part cannot be shown here (${/** @type {Error} */ (error).message}).`;
  }
}

/** @param {ParentNode} within @returns {HTMLElement[]} */
const hosts = (within) => [.../** @type {NodeListOf<HTMLElement>} */ (within.querySelectorAll(".component"))];

/** @param {ParentNode & Partial<HTMLElement>} within what leaves the page */
function leave(within) {
  const here = within.classList?.contains("component") ? [/** @type {HTMLElement} */ (within)] : [];
  for (const host of [...here, ...hosts(within)]) {
    mounted.get(host)?.stop?.();
    mounted.delete(host);
  }
}

/**
 * A message of a component: to another view, to another page, or only into the address.
 * @param {HTMLElement} host @param {string} trigger @param {any} value
 */
function told(host, trigger, value) {
  const leads = parsed(host.dataset.tells, {})[trigger]?.[value];
  if (leads) {
    const to = new URL(leads, location.href);
    // Autoplay goes on from scene to scene until it is switched off.
    const here = new URLSearchParams(location.search).get("autoplay");
    if (to.searchParams.has("autoplay") ? here : false) to.searchParams.delete("autoplay");
    else if (here && value !== "leave") to.searchParams.set("autoplay", here);
    go(to);
    return;
  }
  const sets = parsed(host.dataset.sets, {})[trigger];
  const set = sets?.part ? value?.[sets.part] : value;
  if (!sets || set === undefined || set === null || typeof set === "object") return;
  const to = new URL(sets.page ?? location.href, location.href);
  to.searchParams.set(sets.parameter, String(set));
  if (sets.page) location.href = to.href;
  else here(to);
}

/**
 * Notes a parameter in the address; a view that was built for it is shown.
 * @param {URL} to
 */
async function here(to) {
  history.replaceState(history.state, "", to);
  const path = await viewFor(to.searchParams);
  if (path && path !== html.dataset.path) await show(to);
}

/* ---- views ---- */

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
const pageOf = (url) => (packed ? url.pathname : new URL(".", url).pathname);

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
const pictures = (page) =>
  Promise.all(
    [...page.querySelectorAll("img[data-src]")].map(async (image) =>
      image.setAttribute("src", await address(String(image.getAttribute("data-src")))),
    ),
  );

/** The path of the view at an address of this page. @param {URL} url */
async function pathOf(url) {
  const asked = await viewFor(url.searchParams);
  if (asked && (packed || url.pathname.endsWith("/"))) return asked;
  if (packed) return url.searchParams.get("at") ?? String(html.dataset.path);
  const path = decodeURIComponent(url.pathname.slice(root.pathname.length));
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

let latest = 0;

/** Shows the view at an address of this page. @param {URL} url @param {boolean} [fresh] */
async function show(url, fresh = false) {
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
async function go(url) {
  history.pushState(null, "", url);
  try {
    await show(url);
  } catch {
    if (!packed) location.reload(); // the new address is already in place
  }
}

/**
 * Makes an element's content that of another one, keeping what is the same.
 * @param {Element} old @param {Element} now @param {boolean} fresh whether components start again
 */
function morph(old, now, fresh) {
  const before = [...old.childNodes],
    after = [...now.childNodes];
  after.forEach((next, i) => {
    const last = before[i];
    if (!last) old.append(next);
    else if (!same(last, next, fresh)) {
      if (last instanceof Element) leave(last);
      last.replaceWith(next);
    } else if (last instanceof HTMLElement && next instanceof HTMLElement) {
      const component = last.classList.contains("component"),
        changed = attributes(last, next);
      if (component) {
        if (changed) draw(last);
      } else morph(last, next, fresh);
    } else if (last.nodeValue !== next.nodeValue) last.nodeValue = next.nodeValue;
  });
  for (const rest of before.slice(after.length)) {
    if (rest instanceof Element) leave(rest);
    rest.remove();
  }
  for (const host of hosts(old)) if (!mounted.has(host) && !turns.has(host)) draw(host);
}

/**
 * Whether an element of the page can become another one, rather than be replaced by it.
 * @param {Node} a @param {Node} b @param {boolean} fresh
 */
function same(a, b, fresh) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return false;
  if (!(a instanceof HTMLElement) || !(b instanceof HTMLElement)) return !(a instanceof Element);
  const component = a.classList.contains("component");
  if (component !== b.classList.contains("component")) return false;
  return component ? !fresh && a.dataset.name === b.dataset.name && a.dataset.key === b.dataset.key : true;
}

/**
 * Gives an element the attributes of another one; returns whether any was different.
 * @param {HTMLElement} a @param {HTMLElement} b
 */
function attributes(a, b) {
  const own = a.classList.contains("component") ? ["data-mounted", "style", "class"] : ["open"];
  let changed = false;
  for (const { name } of [...a.attributes])
    if (!b.hasAttribute(name) && !own.includes(name)) {
      a.removeAttribute(name);
      changed = true;
    }
  for (const { name, value } of [...b.attributes])
    if (!own.includes(name) && a.getAttribute(name) !== value) {
      a.setAttribute(name, value);
      changed = true;
    }
  return changed;
}

/* ---- the frame ---- */

/** Addresses on the page as they are, whatever the address of the page becomes: images and links of this folder. */
function absolute() {
  if (packed) return;
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[href]")))
    if (!link.getAttribute("href")?.startsWith("#")) link.setAttribute("href", link.href);
  for (const image of document.querySelectorAll("img"))
    if (!image.src.startsWith("data:")) image.setAttribute("src", image.src);
}

/** @param {"light" | "dark"} theme */
function setTheme(theme) {
  html.dataset.theme = theme;
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    // It lasts as long as the page, then.
  }
  themed();
}

function themed() {
  const dark = isDark();
  for (const button of document.querySelectorAll("[data-do=theme]")) button.setAttribute("aria-pressed", String(dark));
  for (const host of hosts(document)) {
    host.classList.toggle("dark", dark); // components watch the class of the element around them
    if (host.dataset.dark && mounted.has(host)) draw(host);
  }
}

/**
 * A switch that only a component reads: its parameter in the address.
 * @param {HTMLElement} button
 */
function turn(button) {
  const to = new URL(location.href),
    on = button.getAttribute("aria-checked") !== "true";
  to.searchParams.set(String(button.dataset.parameter), String(on));
  history.replaceState(history.state, "", to);
  switches();
  for (const host of hosts(document))
    if (String(button.dataset.parameter) in parsed(host.dataset.binds, {})) draw(host);
}

function switches() {
  const asked = new URLSearchParams(location.search);
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-parameter]"))) {
    const value = asked.get(String(button.dataset.parameter));
    if (value !== null) button.setAttribute("aria-checked", String(value === "true"));
  }
}

/** @param {boolean} open */
function menu(open) {
  html.toggleAttribute("data-menu", open);
  document.querySelector("[data-do=menu]")?.setAttribute("aria-expanded", String(open));
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const button = target.closest("[data-do]");
  if (button?.getAttribute("data-do") === "theme") setTheme(isDark() ? "light" : "dark");
  if (button?.getAttribute("data-do") === "switch") turn(/** @type {HTMLElement} */ (button));
  if (button?.getAttribute("data-do") === "menu") menu(!html.hasAttribute("data-menu"));
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest("a[href]"));
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const url = new URL(link.href, location.href);
  if (url.hash || url.origin !== location.origin || pageOf(url) !== pageOf(new URL(location.href))) return;
  if (link.closest("nav") || link.target) return;
  event.preventDefault();
  go(url);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && html.hasAttribute("data-menu")) menu(false);
  const choice = /** @type {Element} */ (event.target).closest?.(".choices a");
  if (choice && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    const next = event.key === "ArrowRight" ? choice.nextElementSibling : choice.previousElementSibling;
    /** @type {HTMLElement | null} */ (next)?.focus();
    event.preventDefault();
  }
});
window.addEventListener("popstate", () => show(new URL(location.href), true));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);

async function start() {
  html.dataset.path ??= "";
  absolute();
  pictures(document);
  const here = new URL(location.href);
  if (location.search && (await pathOf(here)) !== html.dataset.path) await show(here);
  else for (const host of hosts(document)) draw(host);
  delete html.dataset.pending;
  switches();
  themed();
  if (!packed && "serviceWorker" in navigator && html.dataset.worker)
    navigator.serviceWorker.register(new URL(html.dataset.worker, root)).catch(() => {});
}
start();
