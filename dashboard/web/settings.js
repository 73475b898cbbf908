/* Settings that a component shares with the page, every one of them part of the URL.

   They change in the browser at once; only where they come to rest, all of them are reported to the page. A report
   takes a moment, and meanwhile the page may send its old settings again, or new ones because a link was followed. A
   sequence number distinguishes them: the page increases it whenever it sets them itself, so the same number again
   is not a command. The other half of this is dashboard/session/shared_settings.py. */

/** @import { SettingsData } from "./data.js" */

const REST = 350; // milliseconds without a change

/** @template {Record<string, string | number | boolean>} Values */
export class SharedSettings {
  /** @type {Values} as they are on screen */
  values = /** @type {any} */ ({});
  /** @type {Values} as last reported to the page, or set by it */
  agreed = /** @type {any} */ ({});
  /** @type {number | null} the page's number for the settings it set last; null before it has set any */
  sequence = null;
  /** Whether they are being moved. */
  moving = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {(message: ReturnType<SharedSettings<Values>["rest"]>) => void} rested called when they have come to rest,
   *   with the message for the page
   */
  constructor(rested = () => {}) {
    this.rested = rested;
  }

  /**
   * What the page sends with every update. Returns whether the settings were changed by it.
   * @param {SettingsData<Values>} message
   */
  receive({ values, sequence }) {
    if (sequence === this.sequence) return false;
    this.sequence = sequence;
    this.values = { ...values };
    this.agreed = { ...values };
    return true;
  }

  /**
   * Changes settings; returns whether anything is different.
   * @param {Partial<Values>} changes
   */
  set(changes) {
    const before = this.values;
    this.values = { ...before, ...changes };
    return !same(before, this.values);
  }

  /**
   * As `set`; `rested` is called when they have come to rest.
   * @param {Partial<Values>} changes
   * @param {boolean} soon whether this is a single step and not a movement
   */
  change(changes, soon) {
    if (!this.set(changes)) return false;
    this.moving = !soon;
    clearTimeout(this.timer);
    const end = () => {
      this.moving = false;
      this.rested(this.rest());
    };
    this.timer = setTimeout(end, soon ? 0 : REST);
    return true;
  }

  stop() {
    clearTimeout(this.timer);
  }

  /** The settings have come to rest. Returns the message for the page; null if the page has them already. */
  rest() {
    if (same(this.values, this.agreed)) return null;
    this.agreed = { ...this.values };
    return { values: this.agreed, sequence: this.sequence };
  }
}

/**
 * Whether two sets of settings are equal.
 * @param {Record<string, unknown>} a @param {Record<string, unknown>} b
 */
export function same(a, b) {
  return Object.keys(b).every((name) => a[name] === b[name]);
}
