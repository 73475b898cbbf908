/* Keys, clicker, notes window, blank screen and autoplay of the walkthrough. Data: `PresenterData` in data.d.ts.
   presenter_keys.js knows what a key means, sheets.js what covers the screen, notes_window.js has the window, fit.js
   sizes the type, autoplay.js decides when to go on.

   Where to go is reported to the page (trigger "go": next, back, first, last, leave, or a choice's key); what concerns
   only this screen, blank, notes, full screen, QR, stays here and outlives reruns. A handler that has used a key (an
   arrow on a map, say) has called preventDefault, and the key is left alone; Page Up and Page Down, which clickers
   send, always go.

   Not a view on the base of component.js: it belongs to the window rather than to an element, and what it keeps in
   `state` outlives every element that it is mounted in. */

import { goesOn } from "./autoplay.js";
import { keepFitting } from "./fit.js";
import { openNotes, writeNotes } from "./notes_window.js";
import { meaningOf } from "./presenter_keys.js";
import { Sheets } from "./sheets.js";

/** @import { Mount, PresenterData } from "../../web/data.js" */
/** @import { Notes } from "./notes_window.js" */

/**
 * What concerns only this screen.
 * @typedef {object} Screen
 * @property {Sheets} sheets what covers it
 * @property {Notes} notes
 * @property {number} touched time of the last touch or key
 * @property {boolean} [present]
 * @property {() => void} [stop]
 * @property {(where: string) => void} [go]
 * @property {(event: KeyboardEvent) => void} [key]
 */

const page = /** @type {{pointOrCloudScreen?: Screen}} */ (globalThis);
/** @type {Screen} */
const state = (page.pointOrCloudScreen ??= {
  sheets: new Sheets(),
  notes: { window: null, since: Date.now() },
  touched: 0,
});

/** @param {Mount<PresenterData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const { sheets } = state,
    root = parentElement.querySelector(".presenter");
  /** @type {(selector: string) => any} */
  const find = (selector) => root.querySelector(selector);
  state.stop?.(); // this function runs at every rerun; what the last one listened to is over
  /** @type {(where: string) => void} */
  const go = (where) => {
    sheets.uncover();
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur?.();
    setTriggerValue("go", where);
  };
  root.hidden = !data.present;
  if (data.present) document.documentElement.dataset.present = "1";
  else delete document.documentElement.dataset.present;
  // In a frame, keys go to the page around it until the frame has been clicked: a link that opens a talk has to take
  // them.
  if (data.present && !state.present && window.parent !== window) window.focus();
  state.present = data.present;

  find(".count").textContent = `${data.place} / ${data.total}`;
  find(".steps").setAttribute("aria-valuenow", data.place);
  find(".steps").setAttribute("aria-valuemax", data.total);
  find(".steps i").style.width = `${(100 * (data.place - (data.revealed ? 0 : 0.5))) / data.total}%`;
  find("[data-do=auto]").setAttribute("aria-pressed", String(data.auto));

  /* ---- this screen ---- */

  function address() {
    const picture = new Image();
    picture.src = data.qr;
    picture.alt = "QR code of the link below";
    return [picture, data.url];
  }
  const link = () => sheets.toggle("link", ...address());
  // The page may learn its own address only now, in a frame for instance: a sheet that is open must not keep the old
  // one.
  if (sheets.name === "link") sheets.element?.replaceChildren(...address());
  /** @type {(about: "full-screen" | "notes", text: string) => void} */
  const report = (about, text) => sheets.cover("message", text).setAttribute("data-about", about);
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
    writeNotes(state.notes, data, {
      go: (where) => state.go?.(where),
      key: (event) => state.key?.(event),
    });
    if (front) state.notes.window?.focus();
  };
  const showNotes = () => {
    if (openNotes(state.notes)) notes(true);
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
    blank: () => sheets.toggle("blank"),
    link,
    full: () => (document.fullscreenElement ? document.exitFullscreen() : fullScreen()),
    notes: showNotes,
  };
  for (const button of root.querySelectorAll("[data-do]"))
    button.onclick = () => {
      actions[button.dataset.do]();
      button.blur();
    };

  const stopFitting = keepFitting(data.present);
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
      sheets.name !== null,
    );
    if (!what) return;
    event.preventDefault();
    if (early) event.stopPropagation();
    // The first click of a clicker only brings the picture back.
    const back = sheets.name === "blank" && ["next", "back"].includes(what);
    if (what === "uncover" || back) sheets.uncover();
    else (actions[what] ?? (() => go(what)))();
  }
  /** @type {(event: KeyboardEvent) => void} */
  const early = (event) => key(event, true);
  /** @type {(event: KeyboardEvent) => void} */
  const late = (event) => key(event, false);
  /** @type {(event: PointerEvent) => void} */
  const near = (event) => find(".foot").classList.toggle("near", event.clientY > innerHeight - 120);
  const touched = () => (state.touched = Date.now());
  window.addEventListener("keydown", early, true);
  window.addEventListener("keydown", late);
  window.addEventListener("pointermove", near);
  for (const name of ["pointerdown", "keydown", "wheel"])
    window.addEventListener(name, touched, { capture: true, passive: true });
  Object.assign(state, {
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
        const now = { shown: seconds(shown), idle: seconds(state.touched), hidden: document.hidden };
        if (!goesOn(data, now)) return;
        clearInterval(auto); // once a scene; what comes next starts its own
        go(data.revealed && data.place === data.total ? "first" : "next");
      }, 250)
    : undefined;

  root.dataset.scene = data.scene;
  root.dataset.revealed = data.revealed ? "1" : "";
  state.stop = () => {
    clearInterval(auto);
    stopFitting();
    window.removeEventListener("keydown", early, true);
    window.removeEventListener("keydown", late);
    window.removeEventListener("pointermove", near);
    for (const name of ["pointerdown", "keydown", "wheel"])
      window.removeEventListener(name, touched, { capture: true });
  };
  return () => {
    state.stop?.();
    sheets.uncover();
    document.documentElement.style.removeProperty("--fit");
    delete document.documentElement.dataset.present;
  };
}
