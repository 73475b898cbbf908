/* Learning-rate schedules: from the fraction of training done, in [0, 1], to a factor of the peak learning rate.
   The same functions as in core/training/optimisation.py. */

/** @type {(from: number, to: number, t: number) => number} half a cosine */
const cosine = (from, to, t) => to + ((from - to) * (1 + Math.cos(Math.PI * t))) / 2;
const SHORT_RISE = 0.05;

/** @type {Record<string, (fraction: number) => number>} */
export const SCHEDULES = {
  /** Rises to 1 during the first 30 % of training, then falls to almost 0 (Smith & Topin 2018). */
  onecycle: (t) => (t < 0.3 ? cosine(1 / 25, 1, t / 0.3) : cosine(1, 1 / 250_000, (t - 0.3) / 0.7)),
  /** Rises to 1 during the first 5 %, then falls linearly to 0 (Defazio et al. 2023). */
  linear: (t) => (t < SHORT_RISE ? t / SHORT_RISE : (1 - t) / (1 - SHORT_RISE)),
  /** As `linear`, but falls only to a fifth: for weights that are averaged. */
  gentle: (t) => (t < SHORT_RISE ? t / SHORT_RISE : 0.2 + (0.8 * (1 - t)) / (1 - SHORT_RISE)),
  constant: () => 1,
};
