/* What the components with a view of their own share: one view per mounted element, drawn once per frame, a line for
   problems.

     export default function (component) {
       return mount(component, ".maths", Maths);     // an instance of class Maths extends Component
     }

   Streamlit calls a component's function at every rerun; the view is made at the first call and updated at every later
   one. */

import { everyFrame } from "./canvas.js";
import { onLook } from "./look.js";
import { subscribeAtRest } from "./share.js";

/** @import { Mount, SharedImage, Report } from "./data.js" */

/**
 * @template Data
 * @typedef {Component & {update(data: Data, report: Report, set: Report): unknown}} View
 */

/** @type {WeakMap<ParentNode, any>} */
const views = new WeakMap();

/**
 * The view of a mounted component, made or updated; returns what Streamlit calls when the component leaves the page.
 * @template Data
 * @param {Mount<Data>} component
 * @param {string} selector of the view's element
 * @param {new (root: HTMLElement) => View<Data>} Kind
 */
export function mount({ data, parentElement, setTriggerValue, setStateValue }, selector, Kind) {
  /** @type {View<Data>} */
  const view = views.get(parentElement) ?? new Kind(parentElement.querySelector(selector));
  views.set(parentElement, view);
  view.update(data, setTriggerValue, setStateValue);
  return () => view.destroy();
}

export class Component {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {(selector: string) => any} what the view's own markup holds */
    this.find = (selector) => root.querySelector(selector);
    this.redraw = everyFrame(() => this.draw());
    this.stopLooking = onLook(root, () => this.look());
    /** @type {(() => void) | undefined} */
    this.unsubscribe = undefined;
    /** @type {number | null} when the first movement was made that is not shown yet */
    this.movedAt = null;
  }

  /** Draws everything; `redraw` asks for it. */
  draw() {}

  /** The page's theme or the view's width has changed. */
  look() {
    this.redraw();
  }

  /**
   * Shows a problem in words, or hides the last one.
   * @param {string} words
   */
  problem(words) {
    const line = this.find(".problem");
    line.textContent = words;
    line.hidden = !words;
  }

  /**
   * Runs what loads a view's networks and images. What fails is shown as a problem. Returns whether the view can go on:
   * not after a failure, and not if `load` returns false because newer data have overtaken it.
   * @param {() => Promise<boolean>} load
   * @param {(error: Error) => string} inWords
   */
  async loaded(load, inWords) {
    try {
      if (!(await load())) return false;
      this.problem("");
      return true;
    } catch (error) {
      this.problem(inWords(/** @type {Error} */ (error)));
      return false;
    }
  }

  /**
   * Follows the image that the page is about; one topic at a time.
   * @param {string} topic @param {(shared: SharedImage) => void} listener
   * @param {number} [milliseconds] that the image has to rest
   */
  follow(topic, listener, milliseconds) {
    this.unsubscribe?.();
    this.unsubscribe = subscribeAtRest(topic, this.root, listener, milliseconds);
  }

  /** As `redraw`, after a movement whose time until it is shown is measured. */
  redrawTimed() {
    this.movedAt ??= performance.now();
    this.redraw();
  }

  /** The movement is shown: notes the milliseconds since it was made, for tests and the benchmark. */
  noteTime() {
    if (this.movedAt !== null) this.root.dataset.ms = (performance.now() - this.movedAt).toFixed(1);
    this.movedAt = null;
  }

  /** Marks the view as complete, for tests and style sheets. */
  ready() {
    this.root.dataset.ready = "1";
  }

  destroy() {
    this.unsubscribe?.();
    this.stopLooking();
    this.redraw.cancel();
  }
}
