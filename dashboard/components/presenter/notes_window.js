/* The presenter's window: the notes of the scene, what comes next, and a clock. It stays open from scene to scene. */

/** @import { PresenterData } from "../../web/data.js" */
/**
 * @typedef {object} Notes
 * @property {Window | null} window
 * @property {number} since when the clock began
 * @property {ReturnType<typeof setInterval>} [ticking]
 */

const NAME = "point-or-cloud-notes"; // of the window: opened again, it is the same one

/**
 * The time of day and how long the talk has lasted, minutes and seconds.
 * @param {number} since @param {number} now milliseconds since 1970
 */
export function clockText(since, now) {
  const seconds = Math.floor((now - since) / 1000),
    time = new Date(now).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return `${time}   ·   ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * Opens the window; false if the browser did not.
 * @param {Notes} notes
 */
export function openNotes(notes) {
  notes.window = window.open("", NAME, "width=720,height=640");
  return notes.window !== null;
}

/**
 * Writes the scene's notes, if the window is open.
 * @param {Notes} notes @param {PresenterData} data
 * @param {{go: (where: string) => void, key: (event: KeyboardEvent) => void}} act on buttons and keys in the window
 */
export function writeNotes(notes, data, { go, key }) {
  const page = notes.window?.closed === false ? notes.window.document : null;
  if (!page) return;
  page.title = "Notes · Point or Cloud";
  /** @type {(tag: string, text: string, style: string) => HTMLElement} */
  const line = (tag, text, style) => Object.assign(page.createElement(tag), { textContent: text, style });
  /** @type {(text: string, style: string, onclick: () => void) => HTMLElement} */
  const button = (text, style, onclick) => Object.assign(line("button", text, `font:inherit;${style}`), { onclick });
  const clock = line("p", "", "font-size:2.4rem;margin:0;font-variant-numeric:tabular-nums");
  const tick = () => (clock.textContent = clockText(notes.since, Date.now()));
  const restart = () => {
    notes.since = Date.now();
    tick();
  };
  page.body.style = "font:1.15rem/1.5 system-ui,sans-serif;margin:1.5rem;background:#161616;color:#eee";
  page.body.replaceChildren(
    clock,
    button("Start the clock again", "", restart),
    line("h2", `${data.place} / ${data.total} · ${data.title}`, "margin:1rem 0 .3rem"),
    line("p", data.notes, "white-space:pre-line"),
    line("p", data.answer, "color:#9bd"),
    line("p", data.next ? `Next: ${data.next}` : "The last scene.", "color:#aaa"),
    button("◀ Back", "padding:.4rem 1rem;margin-right:.5rem", () => go("back")),
    button("Next ▶", "padding:.4rem 1rem;margin-right:.5rem", () => go("next")),
  );
  page.onkeydown = key;
  tick();
  clearInterval(notes.ticking);
  notes.ticking = setInterval(() => {
    if (notes.window?.closed === false) tick();
    else clearInterval(notes.ticking);
  }, 1000);
}
