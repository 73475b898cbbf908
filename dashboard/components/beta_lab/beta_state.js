/* The KL weight in the page: where the knob is, and what page and browser have agreed on.

   The knob moves freely; only where it comes to rest is reported to the page. A report takes a moment, and meanwhile
   the page may send its old weight again, or a new one because a link was followed. A sequence number distinguishes
   them: the page increases it whenever it sets the weight itself, so the same number again is not a command. The other
   half of this is dashboard/session/beta_state.py. */

/** Decimal logarithms of the smallest and the largest weight. */
export const LOG_RANGE = [-1, 1];

export class BetaState {
  /** log10 of the weight under the knob. */
  t = 0;
  /** The weight last reported to the page, or set by it. */
  agreed = 1;
  /** @type {number | null} the page's number for the weight it set last; null before it has set one */
  sequence = null;
  /** Whether the knob is at rest. */
  resting = true;

  /**
   * What the page sends with every update. Returns whether the knob was moved by it.
   * @param {{beta: number, sequence: number}} message
   */
  receive({ beta, sequence }) {
    if (sequence === this.sequence) return false;
    Object.assign(this, { t: Math.log10(beta), agreed: beta, sequence, resting: true });
    return true;
  }

  /**
   * The knob moves to 10^t.
   * @param {number} t
   */
  move(t) {
    const [low, high] = LOG_RANGE;
    this.t = Math.min(high, Math.max(low, t));
    this.resting = false;
  }

  /**
   * The weight under the knob: one of `exact` where it is on it, else rounded to three digits.
   * @param {number[]} exact
   */
  value(exact) {
    const beta = 10 ** this.t;
    return [...exact, this.agreed].find((b) => Math.abs(b / beta - 1) < 1e-6) ?? Number(beta.toPrecision(3));
  }

  /**
   * The knob has come to rest at a weight. Returns the message for the page; null if the page has that weight already.
   * @param {number} beta
   */
  rest(beta) {
    this.resting = true;
    if (beta === this.agreed) return null;
    this.agreed = beta;
    return { beta, sequence: this.sequence };
  }
}
