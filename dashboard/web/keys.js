/* What keys mean to the parts of a page that are not native controls: arrows in the plane, deleting, and the keys of a
   slider. */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Where an arrow key points on the screen, [right, down]; undefined for another key.
 * @param {Pick<KeyboardEvent, "key">} event
 * @returns {[number, number] | undefined}
 */
export const arrow = (event) => (Object.hasOwn(ARROWS, event.key) ? ARROWS[event.key] : undefined);

/**
 * Whether a key clears what is drawn.
 * @param {Pick<KeyboardEvent, "key">} event
 */
export const clears = ({ key }) => key === "Delete" || key === "Backspace";

/**
 * How far a key moves a slider.
 * @typedef {"step" | "page" | "end"} Distance
 */
/** @type {Record<string, [Distance, 1 | -1]>} */
const SLIDES = {
  ArrowRight: ["step", 1],
  ArrowUp: ["step", 1],
  ArrowLeft: ["step", -1],
  ArrowDown: ["step", -1],
  PageUp: ["page", 1],
  PageDown: ["page", -1],
  Home: ["end", -1],
  End: ["end", 1],
};

/**
 * Where a key moves a slider; undefined for a key that does not.
 * @param {Pick<KeyboardEvent, "key">} event
 * @param {Record<Distance, (way: 1 | -1) => number>} to the value that each distance leads to, upwards (1) or downwards
 */
export function slideTo(event, to) {
  if (!Object.hasOwn(SLIDES, event.key)) return undefined;
  const [distance, way] = SLIDES[event.key];
  return to[distance](way);
}
