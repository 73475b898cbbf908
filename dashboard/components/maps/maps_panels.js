/* What stands around the two maps of maps.js: layers, legend, the image pointed at, a selection's gallery, a table. */

import { contextOf, inked, make, paint, ramp } from "../../web/canvas.js";
import { Component } from "../../web/component.js";
import { SIDE } from "../../web/image.js";
import { loadNetwork } from "../../web/networks.js";

/** @import { Colouring, MapsData, Side } from "../../web/data.js" */
/**
 * What a person set up; it survives reruns.
 * @typedef {object} MapsState
 * @property {string} sprite the images it is about
 * @property {Partial<Record<Side, {zoom: number, x: number, y: number}>>} views
 * @property {string} tool
 * @property {boolean} linked
 * @property {string} colour id of a colouring, or "class"
 * @property {number} current the image pointed at
 * @property {number[]} selected
 * @property {number[]} isolated classes
 * @property {Record<string, boolean>} layers
 */

/** @type {import("../../web/data.js").Side[]} */
export const SIDES = ["left", "right"];
export const NEIGHBOURS = 8;
const GALLERY_TILES = 48;
const MANY = 20; // classes; more are chosen from a list, so that the maps stay on the screen
const LAYERS = {
  circles: { label: "Prior circles r = 1, 2, 3", native: true },
  ellipses: { label: "Clouds: posterior ellipses, 1 sigma, to scale", native: true },
  prior: { label: "Samples from the prior N(0, I)", native: true },
  neighbours: { label: `${NEIGHBOURS} nearest codes of the selected image, in latent space` },
};

/** The methods of LinkedMaps that fill the elements around the canvases. */
export class MapPanels extends Component {
  /** @type {MapsData} */
  data;
  /** @type {MapsState} */
  state;
  /** @type {Record<string, Float32Array>} */
  arrays;
  /** @type {HTMLImageElement | undefined} */
  sprite;
  /** @type {Pick<Colouring, "id" | "label"> & Partial<Colouring>} by what the points are coloured */
  colouring = { id: "class", label: "class" };

  /** @param {Partial<MapsState>} _changes */
  set(_changes) {}

  /** @param {number} _i an image that is pointed at */
  show(_i) {}

  /** @param {number} _i an image to open in both models */
  open(_i) {}

  /** @param {number} _i @returns {[number, number]} where image i lies in the sprite */
  spritePlace(_i) {
    return [0, 0];
  }

  controls() {
    const { colourings, left, right } = this.data;
    const native = left.native && right.native;
    this.find(".colour").replaceChildren(
      make("option", { value: "class" }, "class"),
      ...colourings.map(({ id, label }) => make("option", { value: id }, label)),
    );
    this.find(".layers .choices").replaceChildren(
      ...Object.entries(LAYERS).map(([name, layer]) => {
        const off = Boolean(layer.native) && !native;
        const box = make("input", {
          type: "checkbox",
          "data-layer": name,
          disabled: off,
          onchange: (event) => this.set({ layers: { ...this.state.layers, [name]: event.target.checked } }),
        });
        box.checked = Boolean(this.state.layers[name]) && !off;
        return make("label", { class: off ? "off" : "" }, box, layer.label);
      }),
      ...(native ? [] : [make("span", { class: "muted small" }, this.data.layers_note)]),
    );
  }

  legend() {
    const { classes, class_colors: colors } = this.data,
      { isolated } = this.state,
      { low, high, label, id, unit = "", note = "" } = this.colouring;
    const chips =
      classes.length > MANY
        ? this.classList(classes, colors, isolated)
        : classes.map((name, c) =>
            make(
              "button",
              {
                class: isolated.length && !isolated.includes(c) ? "away" : "",
                "data-class": c,
                "aria-pressed": String(isolated.includes(c)),
                title: `Show ${name} alone; again to show all. With Shift: add to those shown.`,
                onclick: (event) => {
                  const others = isolated.filter((other) => other !== c);
                  this.set({
                    isolated: event.shiftKey
                      ? others.length < isolated.length
                        ? others
                        : [...isolated, c]
                      : isolated.length === 1 && isolated[0] === c
                        ? []
                        : [c],
                    selected: [],
                  });
                },
              },
              ...(id === "class" ? [make("i", { class: "swatch", style: `background:${colors[c]}` })] : []),
              name,
            ),
          );
    const scale =
      id === "class"
        ? []
        : [
            make("span", { class: "number" }, format(low)),
            make("i", {
              class: "bar",
              style: `background:linear-gradient(90deg,${Array.from({ length: 9 }, (_, i) => ramp(i / 8))})`,
            }),
            make("span", { class: "number" }, `${format(high)} ${unit}`),
            make("span", { class: "muted small" }, note || label),
          ];
    this.find(".legend").replaceChildren(...scale, ...chips);
  }

  /**
   * What takes the place of a button per class where there are many: a list, and how far colours still tell classes
   * apart.
   */
  classList(classes, colors, isolated) {
    const list = make(
      "select",
      {
        class: "class-list",
        "aria-label": `Show one ${this.data.class_word} alone`,
        onchange: (event) =>
          this.set({ isolated: event.target.value === "" ? [] : [Number(event.target.value)], selected: [] }),
      },
      make("option", { value: "" }, `all ${classes.length} classes`),
      ...classes.map((name, c) => make("option", { value: c }, name)),
    );
    list.value = isolated.length ? isolated[0] : "";
    return [make("label", {}, "Show ", list), make("span", { class: "muted small" }, sharedColours(classes, colors))];
  }

  network(side) {
    return this.data[side].weights ? loadNetwork(this.data[side].weights) : Promise.resolve(null);
  }

  tile(i) {
    const canvas = make("canvas", { class: "tile", width: SIDE, height: SIDE });
    if (this.sprite) contextOf(canvas).drawImage(this.sprite, ...this.spritePlace(i), SIDE, SIDE, 0, 0, SIDE, SIDE);
    return canvas;
  }

  /** The real network's reconstruction of image i, decoded here from its code. */
  reconstruct(side, i, canvas) {
    const { dim } = this.data[side];
    this.network(side).then(
      (network) =>
        network && paint(canvas, network.decodeImage(this.arrays[`${side}_codes`].subarray(i * dim, (i + 1) * dim))),
      () => canvas.replaceWith(make("span", { class: "muted small" }, "weights not loaded")),
    );
    return canvas;
  }

  inspect() {
    const { current: i } = this.state;
    const { arrays, data } = this;
    const dark = this.root.dataset.dark === "1";
    const cards = [
      make(
        "figure",
        { "data-image": i },
        this.tile(i),
        make(
          "figcaption",
          {},
          make("b", {}, `${data.class_word} ${data.classes[arrays.labels[i]]}`),
          make("span", { class: "muted number" }, `test image ${i}`),
        ),
      ),
    ];
    for (const side of SIDES) {
      const { short, color, color_dark } = data[side];
      const lines = data.colourings
        .filter(({ id }) => arrays[`${side}_value_${id}`] && data[side].own.includes(id))
        .map(({ id, label, unit = "" }) =>
          make(
            "div",
            { class: "number muted" },
            `${label.replace(/^VAE's /, "")} ${format(arrays[`${side}_value_${id}`][i])} ${unit}`,
          ),
        );
      const picture = data[side].weights ? [this.reconstruct(side, i, make("canvas", { class: "tile" }))] : [];
      cards.push(
        make(
          "figure",
          { "data-side": side },
          ...picture,
          make(
            "figcaption",
            {},
            make(
              "b",
              { style: `color:${inked(dark ? color_dark : color)}` },
              picture.length ? `${short} reconstruction` : short,
            ),
            ...lines,
          ),
        ),
      );
    }
    if (data.can_open)
      cards.push(make("button", { class: "open", onclick: () => this.open(i) }, "Open this image in both models"));
    this.find(".inspector").replaceChildren(...cards);
  }

  gallery() {
    const { selected } = this.state,
      { arrays, data } = this;
    const box = this.find(".gallery");
    box.hidden = !selected.length;
    if (!selected.length) return box.replaceChildren();
    const counts = data.classes
      .map((name, c) => ({ name, n: selected.filter((i) => arrays.labels[i] === c).length }))
      .filter(({ n }) => n)
      .sort((a, b) => b.n - a.n);
    const errors = SIDES.map(
      (side) =>
        `${data[side].short} ${format(selected.reduce((sum, i) => sum + arrays[`${side}_value_error`][i], 0) / selected.length)}`,
    );
    const tiles = selected.slice(0, GALLERY_TILES).map((i) =>
      make(
        "button",
        {
          "data-image": i,
          "aria-label": `Test image ${i}, ${data.class_word} ${data.classes[arrays.labels[i]]}`,
          onpointerenter: () => this.show(i),
          onfocus: () => this.show(i),
          onclick: () => this.show(i),
        },
        this.tile(i),
        ...SIDES.filter((side) => data[side].weights).map((side) =>
          this.reconstruct(side, i, make("canvas", { class: "tile" })),
        ),
      ),
    );
    box.replaceChildren(
      make(
        "div",
        { class: "row" },
        make("b", { class: "count" }, `${selected.length} images selected`),
        make("span", {}, counts.map(({ name, n }) => `${name}: ${n}`).join(", ")),
        make("span", { class: "muted number" }, `mean squared error ${errors.join(", ")}`),
        make("button", { class: "clear", onclick: () => this.set({ selected: [] }) }, "Clear (Esc)"),
      ),
      make(
        "div",
        { class: "muted small" },
        `Each column: the image, the ${data.left.short}'s reconstruction, the ${data.right.short}'s${selected.length > GALLERY_TILES ? `; the first ${GALLERY_TILES} are shown` : ""}.`,
      ),
      make("div", { class: "strip" }, ...tiles),
    );
  }

  /** What the maps say, as a table by class: for readers who cannot see them. */
  table() {
    const { arrays, data } = this;
    const rows = data.classes.map((name, c) => {
      const members = Array.from(arrays.labels.keys()).filter((i) => arrays.labels[i] === c);
      const means = data.colourings.flatMap(({ id }) =>
        SIDES.filter((side) => data[side].own.includes(id)).map(
          (side) => members.reduce((sum, i) => sum + arrays[`${side}_value_${id}`][i], 0) / members.length,
        ),
      );
      return make(
        "tr",
        {},
        ...[name, members.length, ...means.map(format)].map((cell) => make("td", {}, String(cell))),
      );
    });
    const heads = [
      data.class_word,
      "images",
      ...data.colourings.flatMap(({ id, label }) =>
        SIDES.filter((side) => data[side].own.includes(id)).map((side) =>
          data.left.own.includes(id) && data.right.own.includes(id) ? `${data[side].short} ${label}` : label,
        ),
      ),
    ];
    this.find(".alternative").replaceChildren(
      make(
        "details",
        {},
        make("summary", { class: "muted" }, "The same as a table"),
        make(
          "table",
          {},
          make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
          make("tbody", {}, ...rows),
        ),
      ),
    );
  }
}

/** What a reader has to know where there are more classes than colours. */
function sharedColours(classes, colors) {
  const own = new Set(colors).size;
  return own < classes.length ? `${classes.length} classes share ${own} colours` : "";
}

function format(value) {
  if (!Number.isFinite(value)) return "n/a";
  const size = Math.abs(value);
  return size >= 100
    ? value.toFixed(0)
    : size >= 10
      ? value.toFixed(1)
      : size >= 1
        ? value.toFixed(2)
        : size >= 0.1
          ? value.toFixed(3)
          : value.toFixed(4);
}
