/* The page's look: its theme as Streamlit sets it, and colours. */

import { contextOf } from "./canvas.js";

const RAMP = [
  "#440154",
  "#482878",
  "#3e4989",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6ece58",
  "#b5de2b",
  "#fde725",
]; // viridis

/**
 * The page's look.
 * @typedef {object} Look
 * @property {number} since when it was read
 * @property {boolean} dark
 * @property {string} background
 * @property {string} text
 * @property {string} muted
 * @property {string} faint
 * @property {string} font
 */

/** @type {WeakMap<Element, Look>} */
const looks = new WeakMap();
/** @type {CanvasRenderingContext2D | undefined} */
let onePixel;

/**
 * A CSS colour as [r, g, b].
 * @param {string} color
 */
export function rgb(color) {
  const context = (onePixel ??= contextOf(new OffscreenCanvas(1, 1), { willReadFrequently: true }));
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

/**
 * A model's colour for words: on light pages dark enough to be read (contrast AA), as the colour itself is made for
 * lines and areas.
 * @type {(color: string) => string}
 */
export const inked = (color) => `light-dark(color-mix(in srgb, ${color}, black 16%), ${color})`;

/**
 * The ramp's colour at t in [0, 1], as a CSS colour.
 * @param {number} t
 */
export function ramp(t) {
  const at = Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), 1) * (RAMP.length - 1);
  const low = Math.min(Math.floor(at), RAMP.length - 2);
  const [a, b] = [RAMP[low], RAMP[low + 1]].map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * (at - low))).join(",")})`;
}

/** The ramp from left to right, as a CSS image. */
export const rampImage = () => `linear-gradient(90deg,${Array.from({ length: 9 }, (_, i) => ramp(i / 8))})`;

/**
 * The page's colours now, from the custom properties Streamlit sets; marks `element` with data-dark for the style
 * sheet. Reading them makes the browser settle its styles, so they are kept for a moment, or until `onLook` sees a
 * change.
 * @param {HTMLElement} element
 * @returns {Look}
 */
export function theme(element) {
  const known = looks.get(element);
  if (known && performance.now() - known.since < 500) return known;
  const style = getComputedStyle(element);
  /** @type {(name: string, fallback: string) => string} */
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = read("--st-background-color", "#ffffff");
  const [r, g, b] = rgb(background);
  const dark = 0.299 * r + 0.587 * g + 0.114 * b < 128;
  element.dataset.dark = dark ? "1" : "";
  const look = {
    since: performance.now(),
    dark,
    background,
    text: read("--st-text-color", dark ? "#fafafa" : "#31333f"),
    muted: dark ? "#a6a4a0" : "#6e7079",
    faint: dark ? "rgba(220,220,230,0.20)" : "rgba(90,90,100,0.22)",
    font: read("--st-font", "sans-serif"),
  };
  looks.set(element, look);
  return look;
}

/**
 * Calls back when the element's width or the page's theme changes; returns a function that stops it.
 * @param {HTMLElement} element @param {() => void} callback
 */
export function onLook(element, callback) {
  const resize = new ResizeObserver(callback);
  resize.observe(element);
  const themed = new MutationObserver(() => {
    looks.delete(element);
    callback();
  });
  // Streamlit puts its custom properties on the shadow root's ancestor; a theme change changes that one's class.
  /** @type {Element | null} */
  let node = /** @type {ShadowRoot} */ (element.getRootNode()).host ?? null;
  for (let i = 0; node && i < 3; node = node.parentElement, i++)
    themed.observe(node, { attributes: true, attributeFilter: ["class", "style"] });
  return () => {
    resize.disconnect();
    themed.disconnect();
  };
}
