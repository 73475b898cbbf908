/* The images below the maps: the one pointed at with both models' reconstructions, and those that are selected. */

import { contextOf, paint } from "../../web/canvas.js";
import { make } from "../../web/elements.js";
import { imageName } from "../../web/image_buttons.js";
import { SIDES, inkOf } from "../../web/models.js";
import { loadNetwork } from "../../web/networks.js";
import { tilePlace } from "../../web/sprites.js";
import { format, meanOf } from "./map_points.js";

/** @import { Sprite } from "../../web/sprites.js" */
/** @import { MapsData, Side } from "../../web/data.js" */
/**
 * @typedef {object} Images
 * @property {MapsData} data
 * @property {Record<string, Float32Array>} arrays labels, and each side's codes and figures
 * @property {Sprite | undefined} sprite
 */

const GALLERY_TILES = 48;

/**
 * @param {Images} images @param {number} i the image pointed at @param {boolean} dark
 * @param {() => void} onOpen
 */
export function inspector({ data, arrays, sprite }, i, dark, onOpen) {
  const name = make("b", {}, `${data.class_word} ${data.classes[arrays.labels[i]]}`),
    number = make("span", { class: "muted number" }, `test image ${i}`);
  const factors = data.colourings
    .filter(({ levels }) => levels.length)
    .map(({ id, label, levels, unit }) => {
      const level = levels[arrays[`left_value_${id}`][i]];
      return make("div", { class: "number muted" }, `${label} ${level} ${unit}`);
    });
  const image = make(
    "figure",
    { "data-image": i },
    spriteTile(sprite, i),
    make("figcaption", {}, name, number, ...factors),
  );
  const sides = SIDES.map((side) => {
    const { short, own, weights } = data[side];
    const figures = data.colourings
      .filter(({ id }) => arrays[`${side}_value_${id}`] && own.includes(id))
      .map(({ id, label, unit = "" }) => {
        const value = format(arrays[`${side}_value_${id}`][i]);
        return make("div", { class: "number muted" }, `${label.replace(/^VAE's /, "")} ${value} ${unit}`);
      });
    const title = make("b", { style: `color:${inkOf(data[side], dark)}` }, weights ? `${short} reconstruction` : short);
    const picture = weights ? [reconstruction(data, arrays, side, i)] : [];
    return make("figure", { "data-side": side }, ...picture, make("figcaption", {}, title, ...figures));
  });
  const open = make("button", { class: "open", onclick: onOpen }, "Open this image in both models");
  return [image, ...sides, ...(data.can_open ? [open] : [])];
}

/**
 * @param {Images} images @param {number[]} selected at least one
 * @param {(i: number) => void} onShow @param {() => void} onClear
 */
export function gallery({ data, arrays, sprite }, selected, onShow, onClear) {
  const counts = data.classes
    .map((name, c) => ({ name, n: selected.filter((i) => arrays.labels[i] === c).length }))
    .filter(({ n }) => n)
    .sort((a, b) => b.n - a.n);
  const errors = SIDES.map((side) => `${data[side].short} ${format(meanOf(arrays[`${side}_value_error`], selected))}`);
  const tiles = selected.slice(0, GALLERY_TILES).map((i) => {
    const show = () => onShow(i);
    return make(
      "button",
      {
        "data-image": i,
        "aria-label": imageName(i, arrays.labels, data),
        onpointerenter: show,
        onfocus: show,
        onclick: show,
      },
      spriteTile(sprite, i),
      ...SIDES.filter((side) => data[side].weights).map((side) => reconstruction(data, arrays, side, i)),
    );
  });
  const some = selected.length > GALLERY_TILES ? `; the first ${GALLERY_TILES} are shown` : "";
  return [
    make(
      "div",
      { class: "row" },
      make("b", { class: "count" }, `${selected.length} images selected`),
      make("span", {}, counts.map(({ name, n }) => `${name}: ${n}`).join(", ")),
      make("span", { class: "muted number" }, `mean squared error ${errors.join(", ")}`),
      make("button", { class: "clear", onclick: onClear }, "Clear (Esc)"),
    ),
    make(
      "div",
      { class: "muted small" },
      `Each column: the image, the ${data.left.short}'s reconstruction, the ${data.right.short}'s${some}.`,
    ),
    make("div", { class: "strip" }, ...tiles),
  ];
}

/**
 * A tile with the real network's reconstruction of image i, decoded here from its code as soon as the network is there.
 * @param {MapsData} data @param {Record<string, Float32Array>} arrays @param {Side} side @param {number} i
 */
function reconstruction(data, arrays, side, i) {
  const { dim, weights } = data[side],
    canvas = make("canvas", { class: "tile" }),
    code = arrays[`${side}_codes`].subarray(i * dim, (i + 1) * dim);
  loadNetwork(weights).then(
    (network) => paint(canvas, network.decodeImage(code), network.format),
    () => canvas.replaceWith(make("span", { class: "muted small" }, "weights not loaded")),
  );
  return canvas;
}

/**
 * A tile with an image of the sprite; empty while there is none.
 * @param {Sprite | undefined} sprite @param {number} i
 */
function spriteTile(sprite, i) {
  const side = sprite?.format.side ?? 28,
    canvas = make("canvas", { class: "tile", width: side, height: side });
  if (sprite) contextOf(canvas).drawImage(sprite.picture, ...tilePlace(i, side), 0, 0, side, side);
  return canvas;
}
