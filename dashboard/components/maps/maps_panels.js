/* What stands around the two maps: the choice of colours and layers, the legend, and all figures as a table. */

import { make } from "../../web/elements.js";
import { ramp, rampImage } from "../../web/look.js";
import { SIDES } from "../../web/models.js";
import { NEIGHBOURS } from "./map_drawing.js";
import { format, isolate, levelColors, meanOf } from "./map_points.js";

/** @import { MapsData, Side } from "../../web/data.js" */
/** @import { Shown } from "./maps_state.js" */
/** @typedef {(selector: string) => any} Find */

const MANY = 20; // classes; more are chosen from a list, so that the maps stay on the screen
/** @type {Record<string, {label: string, native?: boolean}>} */
const LAYERS = {
  circles: { label: "Prior circles r = 1, 2, 3", native: true },
  ellipses: { label: "Clouds: posterior ellipses, 1 sigma, to scale", native: true },
  prior: { label: "Samples from the prior N(0, I)", native: true },
  neighbours: { label: `${NEIGHBOURS} nearest codes of the selected image, in latent space` },
};

/**
 * The list of colourings and the layers that can be switched on.
 * @param {Find} find @param {MapsData} data @param {Record<string, boolean>} layers
 * @param {(name: string, on: boolean) => void} onLayer
 */
export function controls(find, { colourings, left, right, layers_note }, layers, onLayer) {
  const native = left.native && right.native;
  find(".colour").replaceChildren(
    make("option", { value: "class" }, "class"),
    ...colourings.map(({ id, label }) => make("option", { value: id }, label)),
  );
  const boxes = Object.entries(LAYERS).map(([name, layer]) => {
    const off = Boolean(layer.native) && !native;
    const box = make("input", {
      type: "checkbox",
      "data-layer": name,
      disabled: off,
      onchange: () => onLayer(name, box.checked),
    });
    box.checked = Boolean(layers[name]) && !off;
    return make("label", { class: off ? "off" : "" }, box, layer.label);
  });
  const note = native ? [] : [make("span", { class: "muted small" }, layers_note)];
  find(".layers .choices").replaceChildren(...boxes, ...note);
}

/**
 * The colour scale, and a button for each class or a list of classes.
 * @param {MapsData} data @param {Shown} colouring @param {number[]} isolated classes
 * @param {(classes: number[]) => void} onIsolate
 * @returns {HTMLElement[]}
 */
export function legend({ classes, class_colors: colors, class_word }, colouring, isolated, onIsolate) {
  const { low, high, label, id, unit = "", note = "", levels = [], colors: own = [] } = colouring;
  const bar = [
    make("span", { class: "number" }, format(low)),
    make("i", { class: "bar", style: `background:${rampImage()}` }),
    make("span", { class: "number" }, `${format(high)} ${unit}`),
  ];
  const swatches = levelColors({ levels, colors: own }, ramp).map((color, k) =>
    make("span", { class: "level number" }, make("i", { class: "swatch", style: `background:${color}` }), levels[k]),
  );
  if (levels.length && unit) swatches.push(make("span", { class: "number" }, unit));
  const scale = [...(levels.length ? swatches : bar), make("span", { class: "muted small" }, note || label)];
  const chips = classes.map((name, c) =>
    make(
      "button",
      {
        class: isolated.length && !isolated.includes(c) ? "away" : "",
        "data-class": c,
        "aria-pressed": String(isolated.includes(c)),
        title: `Show ${name} alone; again to show all. With Shift: add to those shown.`,
        onclick: (event) => onIsolate(isolate(isolated, c, event.shiftKey)),
      },
      ...(id === "class" ? [make("i", { class: "swatch", style: `background:${colors[c]}` })] : []),
      name,
    ),
  );
  return [
    ...(id === "class" ? [] : scale),
    ...(classes.length > MANY ? classList(classes, colors, class_word, isolated, onIsolate) : chips),
  ];
}

/**
 * What takes the place of a button per class where there are many: a list, and how far colours still tell classes
 * apart.
 * @param {string[]} classes @param {string[]} colors @param {string} word for a class @param {number[]} isolated
 * @param {(classes: number[]) => void} onIsolate
 */
function classList(classes, colors, word, isolated, onIsolate) {
  const list = make(
    "select",
    {
      class: "class-list",
      "aria-label": `Show one ${word} alone`,
      onchange: () => onIsolate(list.value === "" ? [] : [Number(list.value)]),
    },
    make("option", { value: "" }, `all ${classes.length} classes`),
    ...classes.map((name, c) => make("option", { value: c }, name)),
  );
  list.value = isolated.length ? String(isolated[0]) : "";
  const own = new Set(colors).size,
    shared = own < classes.length ? `${classes.length} classes share ${own} colours` : "";
  return [make("label", {}, "Show ", list), make("span", { class: "muted small" }, shared)];
}

/**
 * What the maps show, as a table by class: for readers who cannot see them.
 * @param {MapsData} data @param {Record<string, Float32Array>} arrays
 */
export function table(data, arrays) {
  const columns = data.colourings.flatMap((colouring) =>
    SIDES.filter((side) => data[side].own.includes(colouring.id)).map((side) => ({ ...colouring, side })),
  );
  const rows = data.classes.map((name, c) => {
    const members = Array.from(arrays.labels.keys()).filter((i) => arrays.labels[i] === c),
      means = columns.map(({ id, side }) => format(meanOf(arrays[`${side}_value_${id}`], members)));
    return make("tr", {}, ...[name, String(members.length), ...means].map((cell) => make("td", {}, cell)));
  });
  const both = (/** @type {string} */ id) => SIDES.every((side) => data[side].own.includes(id)),
    named = columns.map(({ id, label, side }) => (both(id) ? `${data[side].short} ${label}` : label));
  const heads = [data.class_word, "images", ...named].map((head) => make("th", { scope: "col" }, head));
  return make(
    "details",
    {},
    make("summary", { class: "muted" }, "The same as a table"),
    make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)),
  );
}
