/* The view as a picture: what is on screen, drawn again on one canvas, live canvases included. Data: { label, busy,
   file }.

   Text is placed word by word where the browser has put it; images, canvases and charts are drawn where they are.
   Frames and controls are left out: it is a figure, not a screenshot. */

import { Component, mount } from "../../web/component.js";
import { make } from "../../web/elements.js";

const SCALE = 2;
const SKIP = [
  "details:not([open]), summary, label, .katex-mathml, button, input, select, textarea",
  "[role=slider], [role=radiogroup], [data-testid=stPopover], [data-testid=stSlider], [data-testid=stButtonGroup]",
  "[data-testid=stSelectbox], [data-testid=stNumberInput], [data-testid=stFileUploader]",
  "[data-testid=stWidgetLabel], [data-testid=stCheckbox], .hidden, script, style, noscript",
].join();

/** @import { Mount, PictureData } from "../../web/data.js" */
/**
 * What can be seen at a place: a word, a filled box, or an image, a canvas, a chart.
 * @typedef {object} Item
 * @property {Element} element
 * @property {DOMRect} box
 * @property {string} [word]
 * @property {string} [fill] colour
 * @property {number} [radius] of the box's corners
 * @property {boolean} [round]
 */

/** @param {Mount<PictureData>} component */
export default function (component) {
  return mount(component, ".poc", SavePicture);
}

class SavePicture extends Component {
  /** @param {PictureData} data */
  update(data) {
    const button = this.find("button");
    button.textContent = data.label;
    button.onclick = () => this.save(data);
  }

  /** @param {PictureData} data */
  async save({ label, busy, file }) {
    const button = this.find("button");
    button.textContent = busy;
    try {
      const blob = await picture(/** @type {Element} */ (document.querySelector("[data-testid=stMainBlockContainer]")));
      const link = make("a", { href: URL.createObjectURL(blob), download: file });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      button.textContent = label;
    } catch (error) {
      button.textContent = `No picture: ${/** @type {Error} */ (error).message}`;
    }
  }
}

/** @param {Element} main @returns {Promise<Blob>} a PNG */
async function picture(main) {
  const frame = main.getBoundingClientRect(),
    pad = parseFloat(getComputedStyle(main).paddingLeft);
  const items = [...visible(main)];
  const solid = items.filter(({ fill }) => !fill); // the page ends where its content does
  const bottom = Math.max(...solid.map(({ box }) => box.bottom)) - frame.top,
    top = Math.min(...solid.map(({ box }) => box.top)) - frame.top;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(frame.width * SCALE);
  canvas.height = Math.round(Math.min(bottom - top + 2 * pad, 12_000) * SCALE);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(SCALE, SCALE);
  const app = document.querySelector("[data-testid=stApp]") ?? document.body;
  context.fillStyle = getComputedStyle(app).backgroundColor;
  context.fillRect(0, 0, frame.width, canvas.height);
  context.translate(-frame.left, -frame.top - top + pad);
  context.textBaseline = "alphabetic";
  context.imageSmoothingEnabled = false;
  for (const item of [...items.filter(({ fill }) => fill), ...solid]) {
    const { box, element } = item;
    if (item.fill) {
      context.fillStyle = item.fill;
      context.beginPath();
      context.roundRect(box.left, box.top, box.width, box.height, item.round ? box.height / 2 : (item.radius ?? 0));
      context.fill();
      continue;
    }
    if (item.word) {
      const style = getComputedStyle(element);
      context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      context.fillStyle = style.color;
      const size = parseFloat(style.fontSize);
      context.fillText(item.word, box.left, box.top + (box.height - size) / 2 + 0.8 * size);
    } else if (element.tagName === "svg")
      context.drawImage(await ofSvg(element, box), box.left, box.top, box.width, box.height);
    else {
      const image = /** @type {HTMLImageElement | HTMLCanvasElement} */ (element),
        width = "naturalWidth" in image ? image.naturalWidth : image.width;
      if (box.width && box.height && width) context.drawImage(image, box.left, box.top, box.width, box.height);
    }
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/png"),
  );
}

/**
 * What can be seen of a node, in the order of the page: words, images, canvases, charts; components' insides too.
 * @param {any} node @returns {Generator<Item, void>}
 */
function* visible(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    const range = document.createRange();
    for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      // a word that the browser has broken: letter by letter
      const pieces = range.getClientRects().length > 1 ? [...word] : [word];
      let at = index;
      for (const piece of pieces) {
        range.setStart(node, at);
        range.setEnd(node, (at += piece.length));
        const box = range.getBoundingClientRect();
        if (box.width) yield { word: piece, box, element: node.parentElement };
      }
    }
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE && node.nodeType !== Node.DOCUMENT_FRAGMENT_NODE) return;
  if (node.nodeType === Node.ELEMENT_NODE) {
    if (node.matches(SKIP) && !node.closest(".legend, .bars, [data-testid=stMetric]")) return;
    const style = getComputedStyle(node);
    if (
      style.display === "none" ||
      style.visibility === "hidden" ||
      (style.fontFamily.includes("Material") && !node.children.length)
    )
      return;
    if (!/^(transparent|rgba\(.*, 0\))$/.test(style.backgroundColor))
      yield {
        element: node,
        fill: style.backgroundColor,
        radius: parseFloat(style.borderTopLeftRadius) || 0,
        round: style.borderTopLeftRadius.endsWith("%"),
        box: node.getBoundingClientRect(),
      };
    if (["IMG", "CANVAS", "svg"].includes(node.tagName)) {
      const box = node.getBoundingClientRect();
      if (box.width > 8) yield { element: node, box };
      return;
    }
  }
  for (const child of (node.shadowRoot ?? node).childNodes) yield* visible(child);
}

/** @param {Element} element a chart @param {DOMRect} box */
async function ofSvg(element, box) {
  const copy = /** @type {Element} */ (element.cloneNode(true));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(box.width));
  copy.setAttribute("height", String(box.height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}
