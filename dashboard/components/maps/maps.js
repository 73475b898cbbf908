/* Two maps of the same images, linked: what is pointed at, selected or isolated in one is so in the other.
   Data: `MapsData` in data.d.ts. What a person set up survives reruns, kept by data.key.

   `update` takes the data, `set` changes the state (maps_state.js), `draw` draws a frame: map_plot.js has one map,
   map_points.js decides which points it shows, maps_panels.js and maps_images.js fill what stands around. */

import { roomFor } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { make } from "../../web/elements.js";
import { ramp, theme } from "../../web/look.js";
import { SIDES } from "../../web/models.js";
import { notLoaded } from "../../web/problems.js";
import { boundsOf, boundsWithPrior } from "../../web/scatter.js";
import { SharedSettings } from "../../web/settings.js";
import { formatOf } from "../../web/image.js";
import { loadSprite } from "../../web/sprites.js";
import { loadArrays } from "../../web/weights.js";
import { Plot } from "./map_plot.js";
import { RAMP_STEPS, between, encloses, levelOf, shownOf } from "./map_points.js";
import { gallery, inspector } from "./maps_images.js";
import { controls, legend, table } from "./maps_panels.js";
import { BY_CLASS, colouringOf, paletteOf, placesIn, stateFor } from "./maps_state.js";

/** @import { MapsData, Mount, Report, Side } from "../../web/data.js" */
/** @import { Place } from "../../web/scatter.js" */
/** @import { Owner } from "./map_plot.js" */
/** @import { MapsState, Shown } from "./maps_state.js" */

const TOOLS = { move: "Pan", lasso: "Lasso", box: "Box" };
const GLIDE = 700; // ms that points take to where a new projection puts them
/** @type {Map<string, MapsState>} */
const kept = new Map(); // by data.key

/** @param {Mount<MapsData>} component */
export default function (component) {
  return mount(component, ".maps", LinkedMaps);
}

class LinkedMaps extends Component {
  /** @type {MapsData} */
  data;
  /** @type {Report} */
  report;
  /** @type {MapsState} */
  state;
  /** @type {Record<string, Float32Array> | undefined} */
  arrays;
  /** @type {import("../../web/sprites.js").Sprite | undefined} */
  sprite;
  /** Of the images. */
  count = 0;
  /** @type {Uint8Array} for each point 1 if its class is shown */
  shown = new Uint8Array(0);
  /** @type {Uint8Array} for each point 1 if it is drawn in full */
  level = new Uint8Array(0);
  /** @type {Shown} */
  colouring = BY_CLASS;
  /** @type {Record<Side, ArrayLike<number>>} for each point its place in the palette */
  which = { left: [], right: [] };
  rampColors = RAMP_STEPS.map(ramp);
  /** @type {SharedSettings<{pictures: boolean}>} */
  settings = new SharedSettings();
  /** The frame of a movement under way. */
  gliding = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    /** @type {Owner} */
    const owner = {
      tool: () => this.state.tool,
      level: () => this.level,
      current: () => this.state.current,
      show: (i) => this.show(i),
      select: (plot, polygon) => this.select(plot, polygon),
      clear: () => this.set({ selected: [], isolated: [] }),
      reset: () => this.resetView(),
      open: (i) => this.open(i),
      redraw: this.redraw,
    };
    this.plots = { left: new Plot("left", owner), right: new Plot("right", owner) };
    this.find(".pair").append(...SIDES.map((side) => this.plots[side].panel));
    const colour = this.find(".colour"),
      linked = this.find(".linked");
    colour.onchange = () => this.set({ colour: colour.value });
    linked.onchange = () => this.link(linked.checked);
    const pictures = this.find(".pictures");
    pictures.onchange = () => this.showPictures(pictures.checked);
    this.find(".reset").onclick = () => this.resetView();
    for (const [name, label] of Object.entries(TOOLS))
      this.find(".tools").append(make("button", { "data-tool": name, onclick: () => this.set({ tool: name }) }, label));
  }

  /** @param {MapsData} data @param {Report} report */
  async update(data, report) {
    this.report = report;
    this.data = data;
    this.root.classList.toggle("plain", Boolean(data.plain));
    this.state = stateFor(kept, data);
    this.settings.receive(data);
    const loaded = await this.loaded(async () => {
      const arrays = await loadArrays(data.arrays);
      if (this.data !== data) return false; // a newer update has overtaken this one
      this.arrays = arrays;
      this.count = arrays.labels.length;
      if (this.state.current >= this.count) this.state.current = 0;
      this.state.selected = this.state.selected.filter((i) => i < this.count);
      return true;
    }, notLoaded("The maps"));
    if (!loaded || !this.arrays) return;
    this.loadImages(data);
    for (const side of SIDES) {
      this.plots[side].take(data[side], this.count);
      this.plots[side].view = this.state.views[side] ??= { zoom: 1, x: 0, y: 0 };
    }
    if (this.state.linked) this.plots.right.view = this.plots.left.view;
    this.movePoints(this.arrays);
    controls(this.find, data, this.state.layers, (name, on) =>
      this.set({ layers: { ...this.state.layers, [name]: on } }),
    );
    this.set({});
    this.find(".alternative").replaceChildren(table(data, this.arrays));
    this.ready();
  }

  draw() {
    const { arrays, data, level, which, sprite } = this,
      { current, layers } = this.state ?? {};
    if (!arrays || level.length !== this.count) return;
    const look = theme(this.root),
      colors = paletteOf(this.colouring, data.class_colors, this.rampColors, ramp);
    const begin = performance.now();
    for (const side of SIDES) {
      const plot = this.plots[side],
        width = plot.panel.clientWidth;
      if (!width) return;
      const height = Math.round(Math.min(width, roomFor(data.height, 0.47))),
        [codes, sigma] = [arrays[`${side}_codes`], arrays[`${side}_sigma`]];
      const content = {
        colors,
        which: which[side],
        level,
        current,
        layers,
        codes,
        sigma,
        sprite,
        ...this.settings.values,
      };
      plot.draw(width, height, data[side], content, look);
    }
    this.root.dataset.frame = (performance.now() - begin).toFixed(2); // these two are read by tests and the benchmark
    this.root.dataset.view = SIDES.map((side) => Object.values(this.plots[side].view).join()).join(";");
  }

  /**
   * Changes the state, recomputes what depends on it, and draws.
   * @param {Partial<MapsState>} changes
   */
  set(changes) {
    Object.assign(this.state, changes);
    const { state, data, arrays } = this;
    if (!arrays) return;
    this.shown = shownOf(arrays.labels, state.isolated);
    this.level = levelOf(this.shown, state.selected);
    this.colouring = colouringOf(data.colourings, state.colour);
    for (const side of SIDES) {
      this.which[side] = placesIn(this.colouring, arrays[`${side}_value_${this.colouring.id}`], arrays.labels);
      this.plots[side].canvas.classList.toggle("whole", state.tool !== "move");
    }
    for (const button of this.find(".tools").children)
      button.setAttribute("aria-pressed", String(button.dataset.tool === state.tool));
    this.find(".colour").value = this.colouring.id;
    this.find(".linked").checked = state.linked;
    this.find(".pictures").checked = this.settings.values.pictures;
    this.find(".legend").replaceChildren(
      ...legend(data, this.colouring, state.isolated, (isolated) => this.set({ isolated, selected: [] })),
    );
    this.inspect();
    this.gallery();
    this.redraw();
  }

  /* ---- data ---- */

  /** @param {MapsData} data */
  loadImages(data) {
    loadSprite(data.sprite, formatOf(data.shape)).then(
      (sprite) => {
        if (this.sprite === sprite) return;
        this.sprite = sprite;
        this.inspect();
        this.gallery();
        this.redraw();
      },
      (error) => this.problem(`The maps are shown without images: ${error.message}.`),
    );
  }

  /**
   * Points glide to where a new projection puts them, so that one can follow them.
   * @param {Record<string, Float32Array>} arrays
   */
  movePoints({ left_xy, right_xy }) {
    const { left, right } = this.plots,
      ways = [
        { plot: left, from: left.points, to: left_xy, native: this.data.left.native },
        { plot: right, from: right.points, to: right_xy, native: this.data.right.native },
      ];
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches,
      moved = ways.some(({ from, to }) => from.length === to.length && from !== to),
      begin = performance.now();
    cancelAnimationFrame(this.gliding);
    const glide = (/** @type {number} */ now) => {
      const share = still || !moved ? 1 : Math.min(Math.max((now - begin) / GLIDE, 0), 1);
      for (const { plot, from, to, native } of ways)
        plot.setPoints(between(from, to, share), native ? boundsWithPrior(to) : boundsOf(to));
      this.redraw();
      if (share < 1) this.gliding = requestAnimationFrame(glide);
    };
    glide(begin);
  }

  /* ---- images below the maps ---- */

  inspect() {
    const { arrays, data, sprite } = this,
      { current } = this.state;
    if (!arrays) return;
    const dark = this.root.dataset.dark === "1";
    const cards = inspector({ data, arrays, sprite }, current, dark, () => this.open(current));
    this.find(".inspector").replaceChildren(...cards);
  }

  gallery() {
    const { arrays, data, sprite } = this,
      { selected } = this.state,
      box = this.find(".gallery");
    box.hidden = !selected.length;
    /** @type {(i: number) => void} */
    const show = (i) => this.show(i);
    const parts =
      selected.length && arrays
        ? gallery({ data, arrays, sprite }, selected, show, () => this.set({ selected: [] }))
        : [];
    box.replaceChildren(...parts);
  }

  /* ---- what a person does ---- */

  /** @param {number} i an image that is pointed at */
  show(i) {
    if (i === this.state.current) return;
    this.state.current = i;
    this.inspect();
    this.redraw();
  }

  /** @param {Plot} plot @param {Place[]} polygon drawn round points */
  select(plot, polygon) {
    this.set({ selected: encloses(polygon) ? plot.inside(polygon, this.shown) : [] });
  }

  /** @param {boolean} linked whether both maps show the same part */
  link(linked) {
    const { left, right } = this.plots;
    right.view = this.state.views.right = linked ? left.view : { ...right.view };
    this.set({ linked });
  }

  /** @param {boolean} pictures whether images are drawn in place of their points */
  showPictures(pictures) {
    this.settings.set({ pictures });
    const message = this.settings.rest();
    if (message) this.report("rested", message);
    this.redraw();
  }

  resetView() {
    for (const side of SIDES) Object.assign(this.plots[side].view, { zoom: 1, x: 0, y: 0 });
    this.redraw();
  }

  /** @param {number} i an image to open in both models */
  open(i) {
    if (this.data.can_open) this.report("open", i);
  }

  destroy() {
    super.destroy();
    cancelAnimationFrame(this.gliding);
  }
}
