/* What a key means in the walkthrough.

   A key is seen twice. Early, before anything on the page, only those of clickers count: they always go. Late, after
   the page has had it, a key that something on the page has used is left alone. */

/** @import { PresenterData } from "../../web/data.js" */
/**
 * A key and where it was pressed.
 * @typedef {object} Press
 * @property {string} key
 * @property {boolean} early
 * @property {boolean} used whether something on the page has used it
 * @property {boolean} inField whether it was pressed in an input of any kind
 * @property {boolean} onControl whether on something that a key presses
 */

/** @type {Record<string, string>} */
const CLICKER = { PageDown: "next", PageUp: "back" };
/** @type {Record<string, string>} */
const STEPS = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last" };
/** @type {Record<string, string>} */
const LETTERS = { b: "blank", ".": "blank", n: "notes", a: "auto", f: "full", q: "link" };

/**
 * The action that a key asks for; null for none.
 * @param {Press} press @param {Pick<PresenterData, "present" | "choices" | "revealed">} data
 * @param {boolean} covered whether a sheet covers the screen
 * @returns {string | null}
 */
export function meaningOf({ key, early, used, inField, onControl }, { present, choices, revealed }, covered) {
  if (early) return (present && CLICKER[key]) || null;
  if (used) return null;
  const step = inField ? undefined : STEPS[key];
  if (!present) return step ?? null;
  if (key === " " && !onControl) return "next";
  if (key === "Escape") return covered ? "uncover" : "leave";
  const choice = /^[1-9]$/.test(key) && !revealed ? choices[Number(key) - 1] : undefined;
  if (choice !== undefined) return `choice:${choice}`;
  return step ?? LETTERS[key.toLowerCase()] ?? null;
}
