/* The static site in the browser: mounts the components, follows links within a page without loading it anew, switches
   between light and dark.

   It stands where Streamlit's own page stands in the dashboard, and treats components the same way: a component's
   function is called when its element appears and again with new data; an element with the same key at the same place
   stays. Where a message of a component leads was found out when the site was built (data-event-links, data-sets).

   The same script runs in both forms. */

import { draw, hosts, listen, mounted } from "./hosts.js";
import { html, isDark, packed, parsed, root } from "./store.js";
import { absolute, go, here, pageOf, pathOf, pictures, show, switches } from "./views.js";

const THEME = "point-or-cloud-theme";

/**
 * A message of a component: to another view, to another page, or only into the address.
 * @param {HTMLElement} host @param {string} trigger @param {any} value
 */
function follow(host, trigger, value) {
  const leads = parsed(host.dataset.eventLinks, {})[trigger]?.[value];
  if (leads) {
    const to = new URL(leads, location.href);
    // Autoplay goes on from scene to scene until it is switched off.
    const auto = new URLSearchParams(location.search).get("autoplay");
    if (to.searchParams.has("autoplay") ? auto : false) to.searchParams.delete("autoplay");
    else if (auto && value !== "leave") to.searchParams.set("autoplay", auto);
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
  const asked = new URL(location.href);
  if (location.search && (await pathOf(asked)) !== html.dataset.path) await show(asked);
  else for (const host of hosts(document)) draw(host);
  delete html.dataset.pending;
  switches();
  themed();
  if (!packed && "serviceWorker" in navigator && html.dataset.worker)
    navigator.serviceWorker.register(new URL(html.dataset.worker, root)).catch(() => {});
}
listen(follow);
start();
