/* Keys, clicker, notes window, blank screen and autoplay of the walkthrough. Data: `PresenterData` in data.d.ts.
   presenter_keys.js knows what a key means, notes_window.js has the window, autoplay.js decides when to go on.

   Where to go is reported to the page (trigger "go": next, back, first, last, leave, or a choice's key); what concerns
   only this screen, blank, notes, full screen, QR, stays here and outlives reruns. A handler that has used a key (an
   arrow on a map, say) has called preventDefault, and the key is left alone; Page Up and Page Down, which clickers
   send, always go.

   Not a view on the base of component.js: it belongs to the window rather than to an element, and what it keeps in
   `screen_` outlives every element that it is mounted in. */

import { goesOn } from "./autoplay.js";
import { openNotes, writeNotes } from "./notes_window.js";
import { meaningOf } from "./presenter_keys.js";

/** @import { Mount, PresenterData } from "../../web/data.js" */
/** @import { Notes } from "./notes_window.js" */

const LEAST = 0.6; // of the type's full size, below which it is not made smaller
/**
 * What concerns only this screen.
 * @typedef {object} Screen
 * @property {HTMLElement | null} blank
 * @property {HTMLElement | null} link
 * @property {HTMLElement | null} message
 * @property {Notes} notes
 * @property {number} touched time of the last touch or key
 * @property {boolean} [present]
 * @property {() => void} [stop]
 * @property {(where: string) => void} [go]
 * @property {(event: KeyboardEvent) => void} [key]
 */
/** @typedef {"blank" | "link" | "message"} Sheet what can cover the screen */

const page_ = /** @type {{pointOrCloudScreen?: Screen}} */ (globalThis);
/** @type {Screen} */
const screen_ = (page_.pointOrCloudScreen ??= {
  blank: null,
  link: null,
  message: null,
  notes: { window: null, since: Date.now() },
  touched: 0,
});

/** @param {Mount<PresenterData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".presenter");
  /** @type {(selector: string) => any} */
  const find = (selector) => root.querySelector(selector);
  screen_.stop?.(); // this function runs at every rerun; what the last one listened to is over
  /** @type {(where: string) => void} */
  const go = (where) => {
    uncover();
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur?.();
    setTriggerValue("go", where);
  };
  root.hidden = !data.present;
  if (data.present) document.documentElement.dataset.present = "1";
  else delete document.documentElement.dataset.present;
  // In a frame, keys go to the page around it until the frame has been clicked: a link that opens a talk has to take
  // them.
  if (data.present && !screen_.present && window.parent !== window) window.focus();
  screen_.present = data.present;

  find(".count").textContent = `${data.place} / ${data.total}`;
  find(".steps").setAttribute("aria-valuenow", data.place);
  find(".steps").setAttribute("aria-valuemax", data.total);
  find(".steps i").style.width = `${(100 * (data.place - (data.revealed ? 0 : 0.5))) / data.total}%`;
  find("[data-do=auto]").setAttribute("aria-pressed", String(data.auto));

  /* ---- this screen ---- */

  function uncover() {
    for (const name of /** @type {Sheet[]} */ (["blank", "link", "message"])) {
      screen_[name]?.remove();
      screen_[name] = null;
    }
  }
  /** @param {Sheet} name @param {...(Node | string)} content */
  function cover(name, ...content) {
    const was = screen_[name];
    uncover();
    if (was) return;
    const sheet = document.createElement("div");
    sheet.className = `presenter-screen ${name}`;
    sheet.append(...content);
    sheet.onclick = uncover;
    document.body.append((screen_[name] = sheet));
  }
  function address() {
    const picture = new Image();
    picture.src = data.qr;
    picture.alt = "QR code of the link below";
    return [picture, data.url];
  }
  const link = () => cover("link", ...address());
  // The page may learn its own address only now, in a frame for instance: a sheet that is open must not keep the old
  // one.
  screen_.link?.replaceChildren(...address());
  /** @type {(about: "full-screen" | "notes", text: string) => void} */
  const report = (about, text) => {
    uncover();
    cover("message", text);
    screen_.message?.setAttribute("data-about", about);
  };
  const fullScreen = () =>
    document.documentElement
      .requestFullscreen?.()
      .catch(() =>
        report(
          "full-screen",
          "The browser does not allow full screen here: the page is shown in a frame. " +
            "Open its own address (Q), and try again there.",
        ),
      );
  /** @param {boolean} front whether the window comes to the front */
  const notes = (front) => {
    writeNotes(screen_.notes, data, {
      go: (where) => screen_.go?.(where),
      key: (event) => screen_.key?.(event),
    });
    if (front) screen_.notes.window?.focus();
  };
  const showNotes = () => {
    if (openNotes(screen_.notes)) notes(true);
    else
      report(
        "notes",
        "The browser did not open the window for the notes. " +
          "Allow pop-ups for this page, or open its own address (Q) if it is shown in a frame.",
      );
  };
  /** @type {Record<string, () => unknown>} */
  const actions = {
    auto: () => go("auto"),
    leave: () => go("leave"),
    back: () => go("back"),
    next: () => go("next"),
    blank: () => cover("blank"),
    link,
    full: () => (document.fullscreenElement ? document.exitFullscreen() : fullScreen()),
    notes: showNotes,
  };
  for (const button of root.querySelectorAll("[data-do]"))
    button.onclick = () => {
      actions[button.dataset.do]();
      button.blur();
    };

  /** Type as large as lets the whole scene stand on the screen: a projector is not scrolled. */
  function fit() {
    const main = document.querySelector("[data-testid=stMain]"),
      style = document.documentElement.style;
    if (!data.present || !main) return style.removeProperty("--fit");
    let size = 1;
    for (
      style.setProperty("--fit", String(size));
      main.scrollHeight > main.clientHeight + 1 && size > LEAST;
      style.setProperty("--fit", String(size))
    )
      size -= 0.03;
  }
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rest; // pictures are drawn, and drawn again for another screen, a moment after the page around them
  const soon = () => {
    clearTimeout(rest);
    rest = setTimeout(fit, 120);
  };
  const grown = new ResizeObserver(soon),
    whole = document.querySelector("[data-testid=stMainBlockContainer]");
  if (whole) grown.observe(whole);
  window.addEventListener("resize", soon);
  fit();

  notes(false);

  /* ---- keys ---- */

  /** @param {KeyboardEvent} event @param {boolean} early whether the page has not seen it yet */
  function key(event, early) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = /** @type {Element} */ (event.composedPath()[0]);
    const typing = target.matches?.(
      "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]",
    );
    const pressing = target.matches?.("button, a, summary, input, [role=slider], [role=radio]");
    if (typing) return;
    const what = meaningOf(
      {
        key: event.key,
        early,
        used: event.defaultPrevented,
        inField: Boolean(target.matches?.("input")),
        onControl: Boolean(pressing),
      },
      data,
      Boolean(screen_.blank || screen_.link || screen_.message),
    );
    if (!what) return;
    event.preventDefault();
    if (early) event.stopPropagation();
    if (what === "uncover") uncover();
    else if (screen_.blank && ["next", "back"].includes(what))
      uncover(); // the first click of a clicker only brings the picture back
    else (actions[what] ?? (() => go(what)))();
  }
  /** @type {(event: KeyboardEvent) => void} */
  const early = (event) => key(event, true);
  /** @type {(event: KeyboardEvent) => void} */
  const late = (event) => key(event, false);
  /** @type {(event: PointerEvent) => void} */
  const near = (event) => find(".foot").classList.toggle("near", event.clientY > innerHeight - 120);
  const touched = () => (screen_.touched = Date.now());
  window.addEventListener("keydown", early, true);
  window.addEventListener("keydown", late);
  window.addEventListener("pointermove", near);
  for (const name of ["pointerdown", "keydown", "wheel"])
    window.addEventListener(name, touched, { capture: true, passive: true });
  Object.assign(screen_, {
    go,
    key: (/** @type {KeyboardEvent} */ event) => {
      key(event, true);
      if (!event.defaultPrevented) key(event, false);
    },
  });

  /* ---- autoplay ---- */

  const shown = Date.now();
  const auto = data.auto
    ? setInterval(() => {
        const seconds = (/** @type {number} */ since) => (Date.now() - since) / 1000;
        const now = { shown: seconds(shown), idle: seconds(screen_.touched), hidden: document.hidden };
        if (!goesOn(data, now)) return;
        clearInterval(auto); // once a scene; what comes next starts its own
        go(data.revealed && data.place === data.total ? "first" : "next");
      }, 250)
    : undefined;

  root.dataset.scene = data.scene;
  root.dataset.revealed = data.revealed ? "1" : "";
  screen_.stop = () => {
    clearInterval(auto);
    grown.disconnect();
    clearTimeout(rest);
    window.removeEventListener("resize", soon);
    window.removeEventListener("keydown", early, true);
    window.removeEventListener("keydown", late);
    window.removeEventListener("pointermove", near);
    for (const name of ["pointerdown", "keydown", "wheel"])
      window.removeEventListener(name, touched, { capture: true });
  };
  return () => {
    screen_.stop?.();
    uncover();
    document.documentElement.style.removeProperty("--fit");
    delete document.documentElement.dataset.present;
  };
}
