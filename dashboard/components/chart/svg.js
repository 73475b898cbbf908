/* Parts of an SVG picture: elements, dashes, the width of text. */

/** @type {Record<string, string>} plotly's names of dashes, as SVG's */
const DASHES = { dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" };

/** @typedef {Record<string, string | number | null | undefined>} Attributes those without a value are left out */

/** @type {OffscreenCanvasRenderingContext2D | null} */
let ruler = null;

/**
 * @param {string} tag @param {Attributes} attributes @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== null) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @param {string} content @param {number} x @param {number} y @param {Attributes} attributes */
export const text = (content, x, y, attributes = {}) =>
  svg("text", { x: x.toFixed(1), y: y.toFixed(1), ...attributes }, content);

/** @param {string | undefined} name plotly's */
export const dashes = (name) => (name === undefined ? undefined : DASHES[name]);

/**
 * The width of a text in CSS pixels.
 * @param {string} words @param {number} size @param {string} family
 */
export function widthOf(words, size, family) {
  ruler ??= /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d"));
  ruler.font = `${size}px ${family}`;
  return ruler.measureText(words).width;
}
