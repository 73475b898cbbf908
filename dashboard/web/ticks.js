/* Round numbers along an axis: 1, 2 or 5 times a power of ten apart. */

const NEARLY = 0.999; // a step this much smaller than the wanted one is taken, too

/**
 * The smallest round step that is at least `raw`; 1 if that is 0.
 * @param {number} raw
 */
export function roundStep(raw) {
  const wanted = raw || 1,
    power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5].map((factor) => factor * power).find((step) => step >= wanted * NEARLY) ?? 10 * power;
}

/**
 * The multiples of a step from low to high, both included where they are some.
 * @param {number} low @param {number} high @param {number} step
 */
export function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-9),
    last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * About `count` round numbers from low to high.
 * @param {number} low @param {number} high @param {number} count
 */
export const ticks = (low, high, count) => multiples(low, high, roundStep((high - low) / Math.max(count, 1)));
