/* What every canvas component here needs: the page's theme, crisp sizes, grey images, a colour ramp, one redraw a
   frame. */

import { PIXELS, SIDE } from "./image.js";

export const SPRITE_COLUMNS = 50; // as sprites.py lays tiles out
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
/** @typedef {{picture: HTMLImageElement, image: (i: number) => Float32Array}} Sprite */
/** @typedef {(() => unknown) & {cancel: () => void}} Request */

/** @type {WeakMap<Element, Look>} */
const looks = new WeakMap();
/** @type {WeakMap<HTMLCanvasElement, ImageData>} pixels of the canvases that `paint` fills */
const painted = new WeakMap();
/** @type {CanvasRenderingContext2D | undefined} */
let onePixel;

/**
 * A canvas's 2d context, which every browser has.
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

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
 * What people call latent number j, counted from 0 here: z₁, z₂, …
 * @type {(j: number) => string}
 */
export const unitName = (j) => "z" + String(j + 1).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]);

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

/**
 * Resolves when the element is on screen, or a moment later anyway: networks that are seen first are fetched and run
 * first.
 * @param {Element} element
 * @returns {Promise<void>}
 */
export function inTurn(element, moment = 800) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      watch.disconnect();
      resolve();
    };
    const watch = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && done());
    const timer = setTimeout(done, moment);
    watch.observe(element);
  });
}

/**
 * Wraps a function so that however often it is asked for, it runs once in the next frame.
 * @param {() => void} draw
 * @returns {Request}
 */
export function everyFrame(draw) {
  let asked = 0;
  const request = () =>
    (asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw();
    }));
  request.cancel = () => cancelAnimationFrame(asked);
  return request;
}

/**
 * How tall a picture may be: `px`, or on a projector, where nothing should scroll, a share of the screen.
 * @param {number} px @param {number} share
 */
export function roomFor(px, share) {
  return document.documentElement.dataset.present ? Math.round(share * innerHeight) : px;
}

/**
 * A context with one unit a CSS pixel, its canvas sized to the screen's pixels and cleared.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function prepare(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const context = contextOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * A grey image (784 values in [0, 1], from `offset`) into a 28x28 canvas, white on black as the models see it.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} image
 */
export function paint(canvas, image, offset = 0) {
  if (canvas.width !== SIDE || canvas.height !== SIDE) canvas.width = canvas.height = SIDE;
  const context = contextOf(canvas);
  const pixels = painted.get(canvas) ?? context.createImageData(SIDE, SIDE);
  painted.set(canvas, pixels);
  for (let i = 0; i < PIXELS; i++) {
    const grey = image[offset + i] * 255;
    pixels.data[4 * i] = pixels.data[4 * i + 1] = pixels.data[4 * i + 2] = grey;
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

/**
 * A signed image (784 values): `negative` where below 0, `positive` where above, black at 0, full at +-scale.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} image @param {number} scale
 */
export function paintSigned(canvas, image, scale, negative = [86, 180, 233], positive = [255, 138, 61]) {
  canvas.width = canvas.height = SIDE;
  const context = contextOf(canvas);
  const pixels = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < PIXELS; i++) {
    const strength = Math.min(Math.abs(image[i]) / scale, 1);
    (image[i] < 0 ? negative : positive).forEach((channel, c) => (pixels.data[4 * i + c] = channel * strength));
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

/**
 * An element's text; one that says so already is left alone, so that nothing has to be laid out again.
 * @param {Element} element @param {string} words
 */
export function putText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Texts into a table's body, row by row; cells that are there already are kept.
 * @param {HTMLTableElement | HTMLTableSectionElement} body
 * @param {string[][]} rows
 * @param {"td" | "th"} first what a row's first cell is made as
 */
export function putRows(body, rows, first = "td") {
  rows.forEach((texts, i) => {
    const row = body.rows[i] ?? body.appendChild(make("tr"));
    texts.forEach((words, j) => putText(row.cells[j] ?? row.appendChild(make(j ? "td" : first)), words));
  });
  while (body.rows.length > rows.length) body.rows[rows.length].remove();
}

/**
 * A new element: make("span", {class: "name"}, "text", child, ...). Attributes that begin with "on" are listeners;
 * those that are null or false are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | ((event: any) => void)>} attributes
 * @param {...(string | Node)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  if (tag === "canvas" && !("aria-label" in attributes) && !("role" in attributes))
    element.setAttribute("aria-hidden", "true"); // the words beside it tell
  element.append(...children);
  return element;
}

/**
 * A sprite of 28x28 tiles at a URL: `image(i)` gives tile i as grey levels (784,) in [0, 1].
 * @param {string} url
 * @returns {Promise<Sprite>}
 */
export function loadSprite(url, columns = SPRITE_COLUMNS) {
  const page = /** @type {{pointOrCloudSprites?: Map<string, Promise<Sprite>>}} */ (globalThis);
  const shared = (page.pointOrCloudSprites ??= new Map());
  let promise = shared.get(url);
  if (!promise) {
    promise = decodeSprite(url, columns);
    promise.catch(() => shared.delete(url));
    shared.set(url, promise);
  }
  return promise;
}

/**
 * As `loadSprite`, for a picture that is looked at once: it is not kept.
 * @param {string} url @param {number} columns
 * @returns {Promise<Sprite>}
 */
export async function decodeSprite(url, columns) {
  const picture = new Image();
  picture.src = url;
  await picture.decode().catch(() => Promise.reject(new Error("the images did not arrive")));
  const whole = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
  const context = contextOf(whole, { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  return {
    picture,
    image(i) {
      const { data } = context.getImageData((i % columns) * SIDE, Math.floor(i / columns) * SIDE, SIDE, SIDE);
      return Float32Array.from({ length: PIXELS }, (_, p) => data[4 * p] / 255);
    },
  };
}

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Where an arrow key points on the screen, [right, down]; undefined for another key.
 * @param {KeyboardEvent} event
 * @returns {[number, number] | undefined}
 */
export const arrow = (event) => (Object.hasOwn(ARROWS, event.key) ? ARROWS[event.key] : undefined);

/**
 * The prior's circles r = 1, 2, 3 around a place on the screen, one standard deviation being `unit` pixels.
 * @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} unit
 * @param {string} color
 * @param {(r: number, radius: number) => void} [each] called after each circle, to name it for instance
 */
export function priorCircles(context, x, y, unit, color, each = () => {}) {
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: 1 });
  for (const r of [1, 2, 3]) {
    if (r * unit < 6) continue; // too small to be seen as a circle
    context.beginPath();
    context.arc(x, y, r * unit, 0, 2 * Math.PI);
    context.stroke();
    each(r, r * unit);
  }
}
