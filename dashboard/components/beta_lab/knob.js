/* The knob: a range input over log10 beta with the trained weights as stops. It moves by finger and keys, comes to rest
   when it is released or not moved for a while; both are reported. */

import { slideTo } from "../../web/keys.js";
import { BetaState, LOG_RANGE } from "./beta_state.js";
import { nextFrom, within } from "./trained_weights.js";

/** @import { TrainedBeta } from "../../web/data.js" */

const SNAP = 0.022; // in log10 beta: how near the finger has to come to a trained weight
const REST = 600; // ms after the last key that moved the knob until its weight counts as chosen
const KEY_STEP = 0.01;

export class Knob extends BetaState {
  /** @type {TrainedBeta[]} by their weights */
  trained = [];
  /** Whether a finger holds the knob. */
  held = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {HTMLInputElement} slide
   * @param {(stop: TrainedBeta | undefined) => void} moved called with the stop that the knob is on
   * @param {(message: ReturnType<BetaState["rest"]>) => void} rested called with the message for the page, if any
   */
  constructor(slide, moved, rested) {
    super();
    this.moved = moved;
    this.rested = rested;
    slide.onpointerdown = () => (this.held = true);
    slide.onpointerup = slide.onpointercancel = () => (this.held = false);
    slide.oninput = () => this.turn(Number(slide.value), SNAP);
    slide.onchange = () => {
      this.held = false;
      this.settle();
    };
    slide.onkeydown = (event) => this.key(event);
  }

  /** The weight under the knob. */
  get beta() {
    return this.value(this.trained.map(({ beta }) => beta));
  }

  /** The trained run of that weight. */
  get run() {
    const { beta } = this;
    return this.trained.find((run) => run.beta === beta);
  }

  /** @param {number} t log10 of a weight @param {number} snap how near a stop has to be to hold the knob */
  turn(t, snap) {
    const stop = within(this.trained, t, snap);
    this.move(stop ? Math.log10(stop.beta) : t);
    this.moved(stop);
    this.restIn(2 * REST); // a finger that stays down without moving is at rest too
  }

  /** @param {number} beta */
  go(beta) {
    this.turn(Math.log10(beta), 0);
    this.settle();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = event.shiftKey ? 5 * KEY_STEP : KEY_STEP;
    const to = slideTo(event, {
      step: (way) => this.t + way * step,
      page: (way) => nextFrom(this.trained, this.t, way),
      end: (way) => LOG_RANGE[way > 0 ? 1 : 0],
    });
    if (to === undefined) return;
    event.preventDefault();
    this.turn(to, 0.4 * KEY_STEP);
    this.restIn(REST);
  }

  /** @param {number} milliseconds */
  restIn(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), milliseconds);
  }

  /** The knob has come to rest; the page receives it unless a finger still holds the knob. */
  settle() {
    clearTimeout(this.timer);
    if (this.held) {
      this.resting = true;
      this.rested(null);
    } else this.rested(this.rest(this.beta));
  }

  stop() {
    clearTimeout(this.timer);
  }
}
