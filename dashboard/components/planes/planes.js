/* Decode as you move: the two latent planes of d = 2, the real decoder under the cursor.
   Data: `PlanesData` in data.d.ts. */

import {
  arrow,
  contextOf,
  inTurn,
  inked,
  loadSprite,
  make,
  paint,
  prepare,
  ramp,
  rgb,
  roomFor,
  theme,
} from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { PIXELS, SIDE } from "../../web/image.js";
import { loadJudge } from "../../web/judge.js";
import { CHUNK } from "../../web/layers.js";
import { moments } from "../../web/moments.js";
import { Nearest } from "../../web/nearest.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { Scatter, boundsOf } from "../../web/scatter.js";
import { loadArrays } from "../../web/weights.js";

/** @import { Judge } from "../../web/judge.js" */

/** @type {import("../../web/data.js").Side[]} */
const SIDES = ["left", "right"];
const MODES = { codes: "Codes", grid: "Picture grid", holes: "Holes", regions: "Classes" };
const TILES = 15; // the picture grid's side
const MANY = 20; // classes; more have no legend that fits the page
const ENOUGH = 20; // real images: of fewer, "what 95 % exceed" is less than one image
const CELLS = 40; // the measured maps' side
const SLICE = 12; // milliseconds of measuring between two frames
const measured = new Map(); // weights -> what was measured on that plane

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").PlanesData>} component */
export default function (component) {
  return mount(component, ".planes", Planes);
}

class Planes extends Component {
  /** @type {import("../../web/data.js").PlanesData} */
  data;
  /** @type {Record<string, Float32Array>} */
  arrays;
  /** @type {Float32Array} classes of the real images */
  labels;
  /** @type {Float32Array} the real images, n * 784 */
  real;
  /** @type {Nearest} */
  nearest;
  /** @type {Judge | null} */
  judge;
  /** @type {{typical: number, least: number} | null} how alike real images are to each other, once measured */
  baseline = null;
  /** @type {number[][] | undefined} */
  ramps;
  /** @type {Promise<void> | undefined} */
  turn;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.mode = "codes";
    this.planes = Object.fromEntries(SIDES.map((side) => [side, this.makePlane(side)]));
    for (const [mode, label] of Object.entries(MODES))
      this.find(".modes").append(make("button", { "data-mode": mode, onclick: () => this.show(mode) }, label));
  }

  makePlane(side) {
    const tile = () => make("canvas", { class: "tile", width: SIDE, height: SIDE });
    const plane = {
      side,
      title: make("h2"),
      canvas: make("canvas", { class: "space", tabindex: 0, role: "application" }),
      decoded: tile(),
      near: tile(),
      text: make("div", { class: "text number small" }),
      cursor: [0, 0],
    };
    plane.section = make(
      "section",
      { class: "plane", "data-side": side },
      plane.title,
      plane.canvas,
      make(
        "div",
        { class: "under" },
        make("figure", {}, plane.decoded, make("figcaption", { class: "muted small" }, "decoded here")),
        make("figure", {}, plane.near, make("figcaption", { class: "muted small" }, "most similar real image")),
        plane.text,
      ),
    );
    plane.scatter = new Scatter(plane.canvas);
    this.find(".pair").append(plane.section);
    plane.canvas.onpointermove = (event) =>
      (event.pointerType === "mouse" || event.buttons) && this.point(plane, event.offsetX, event.offsetY);
    plane.canvas.onpointerdown = (event) => this.point(plane, event.offsetX, event.offsetY);
    plane.canvas.onkeydown = (event) => {
      const step = arrow(event);
      if (!step) return;
      event.preventDefault();
      const [x, y] = this.toScreen(plane, plane.cursor),
        by = plane.scatter.width / (event.shiftKey ? 12 : 60);
      this.point(plane, x + step[0] * by, y + step[1] * by);
    };
    return plane;
  }

  async update(data) {
    this.data = data;
    await (this.turn ??= inTurn(this.root));
    if (this.data !== data) return;
    const loaded = await this.loaded(async () => {
      const [arrays, sprite, ...networks] = await Promise.all([
        loadArrays(data.arrays),
        loadSprite(data.sprite),
        ...SIDES.map((side) => loadNetwork(data[side].weights)),
      ]);
      this.judge = data.judge ? await loadJudge(data.judge) : null;
      if (this.data !== data) return false;
      if (this.arrays !== arrays) {
        Object.assign(this, { arrays, sprite, labels: arrays.labels });
        const images = new Float32Array(this.labels.length * PIXELS);
        for (let i = 0; i < this.labels.length; i++) images.set(sprite.image(i), i * PIXELS);
        this.real = images;
        this.nearest = new Nearest(images);
        this.baseline = null;
      }
      SIDES.forEach((side, i) => this.preparePlane(this.planes[side], networks[i]));
      return true;
    }, loadingProblem);
    if (!loaded) return;
    // The image on the pad decides where both cursors begin.
    this.follow(
      data.topic,
      ({ image }) => {
        for (const plane of Object.values(this.planes))
          plane.cursor = plane.image = [...plane.network.encode(image).mean];
        this.redraw();
      },
      0,
    );
    if (data.mode && data.mode !== this.wanted) this.mode = this.wanted = data.mode; // the page asks for another view
    this.show(this.mode);
    this.ready();
  }

  preparePlane(plane, network) {
    const info = this.data[plane.side],
      xy = this.arrays[`${plane.side}_xy`];
    Object.assign(plane, { network, info, xy, faint: new Uint8Array(xy.length / 2) });
    plane.title.textContent = info.title;
    plane.canvas.setAttribute(
      "aria-label",
      `${info.title}: the latent plane. Arrow keys move the cursor, with Shift faster; the image decoded from that point is shown below.`,
    );
    const bounds = boundsOf(xy);
    for (const i of [0, 1]) {
      bounds[i] = Math.min(bounds[i], -3.2);
      bounds[i + 2] = Math.max(bounds[i + 2], 3.2);
    }
    plane.scatter.setPoints(xy, bounds);
    plane.moments = [0, 1].map((axis) => {
      const { mean, deviation } = moments(xy, 2, axis);
      return [mean, deviation || 1]; // codes that are all alike have no spread to measure in
    });
    plane.tiles = null;
  }

  show(mode) {
    this.mode = mode;
    for (const button of this.find(".modes").children)
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    if (mode === "holes" || mode === "regions") this.measure();
    this.legend();
    this.redraw();
  }

  /* ---- places ---- */

  /**
   * Canvas position of a code. On the picture grid an axis is the codes' own Gaussian quantile, elsewhere the code
   * itself.
   */
  toScreen(plane, z) {
    const { width, height } = plane.scatter;
    if (this.mode !== "grid") return plane.scatter.toScreen(...z);
    const [u, v] = plane.moments.map(([mean, sd], axis) => normalCdf((z[axis] - mean) / sd));
    return [u * width, (1 - v) * height];
  }

  toData(plane, x, y) {
    const { width, height } = plane.scatter;
    if (this.mode !== "grid") return plane.scatter.toData(x, y);
    const clip = (u) => Math.min(Math.max(u, 0.5 / TILES / 4), 1 - 0.5 / TILES / 4);
    return [clip(x / width), clip(1 - y / height)].map(
      (u, axis) => plane.moments[axis][0] + plane.moments[axis][1] * normalQuantile(u),
    );
  }

  point(plane, x, y) {
    this.asked ??= performance.now();
    const { width, height } = plane.scatter;
    plane.cursor = this.toData(plane, Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height));
    this.redraw();
  }

  /* ---- drawing ---- */

  draw() {
    if (!this.labels) return;
    const look = theme(this.root);
    for (const plane of Object.values(this.planes)) {
      const { scatter, canvas, info, section, cursor, network } = plane;
      const own = look.dark ? info.color_dark : info.color;
      plane.title.style.color = inked(own);
      const width = section.clientWidth;
      if (!width) return;
      const height = Math.round(Math.min(width * 0.85, roomFor(460, 0.26)));
      const context = prepare(canvas, width, height);
      scatter.resize(width, height);
      if (this.mode === "grid") this.drawGrid(plane, context, width, height);
      else {
        scatter.stamp(
          context,
          this.data.class_colors,
          this.labels,
          plane.faint,
          look.background,
          this.mode === "codes" ? 0.55 : 0,
        );
        if (this.mode !== "codes") this.drawCells(plane, context);
        scatter.circles(context, this.mode === "codes" ? look.muted : "#fff");
      }
      const [x, y] = this.toScreen(plane, cursor);
      for (const [color, line] of [
        ["#000", 5],
        [own, 2.5],
      ]) {
        Object.assign(context, { strokeStyle: color, lineWidth: line });
        context.beginPath();
        context.moveTo(x - 11, y);
        context.lineTo(x + 11, y);
        context.moveTo(x, y - 11);
        context.lineTo(x, y + 11);
        context.stroke();
      }
      const decoded = network.decodeImage(Float32Array.from(cursor));
      paint(plane.decoded, decoded);
      const [{ index, likeness }] = this.nearest.find(decoded, 1);
      paint(plane.near, this.real, index * PIXELS);
      section.dataset.cursor = cursor.map((v) => v.toFixed(3)).join();
      plane.text.replaceChildren(
        make("div", {}, `z = (${cursor.map((v) => v.toFixed(2).replace("-", "−")).join(", ")})`),
        make(
          "div",
          {},
          `${this.data.class_word} ${this.data.classes[this.name(decoded, 0, index)]}, likeness ${likeness.toFixed(2)}`,
        ),
        make(
          "div",
          { class: "muted" },
          this.baseline && this.labels.length > 1
            ? `real images to each other: ${this.baseline.typical.toFixed(2)}`
            : "",
        ),
      );
    }
    if (this.asked) this.root.dataset.ms = (performance.now() - this.asked).toFixed(1);
    this.asked = null;
  }

  drawGrid(plane, context, width, height) {
    if (!plane.tiles) {
      const codes = new Float32Array(TILES * TILES * 2);
      for (let row = 0; row < TILES; row++)
        for (let column = 0; column < TILES; column++) {
          const u = [(column + 0.5) / TILES, 1 - (row + 0.5) / TILES];
          codes.set(
            u.map((value, axis) => plane.moments[axis][0] + plane.moments[axis][1] * normalQuantile(value)),
            2 * (row * TILES + column),
          );
        }
      const images = plane.network.decodeImage(codes, TILES * TILES);
      plane.tiles = document.createElement("canvas");
      plane.tiles.width = plane.tiles.height = TILES * SIDE;
      const pen = contextOf(plane.tiles),
        one = document.createElement("canvas");
      for (let i = 0; i < TILES * TILES; i++) {
        paint(one, images, i * PIXELS);
        pen.drawImage(one, (i % TILES) * SIDE, Math.floor(i / TILES) * SIDE);
      }
    }
    context.drawImage(plane.tiles, 0, 0, width, height);
  }

  /* ---- measured maps: what is decoded at each cell, and how like a real image it is ---- */

  /** Cells of the visible plane, as it would be fitted, bounds first. */
  cells(plane) {
    const [x0, y0, x1, y1] = plane.scatter.bounds,
      dx = (x1 - x0) * 0.05,
      dy = (y1 - y0) * 0.05;
    return { x0: x0 - dx, y0: y0 - dy, width: x1 - x0 + 2 * dx, height: y1 - y0 + 2 * dy };
  }

  measure() {
    const todo = SIDES.map((side) => this.planes[side]).filter(({ info }) => !measured.has(info.weights));
    if (this.measuring || (!todo.length && this.baseline)) return this.finding();
    this.measuring = true;
    const jobs = [...(this.baseline ? [] : [this.measureReal()]), ...todo.map((plane) => this.measurePlane(plane))];
    let done = 0;
    const total = jobs.length;
    const step = () => {
      if (!this.root.isConnected) return (this.measuring = false);
      const until = performance.now() + SLICE;
      let share = 0;
      while (jobs.length && performance.now() < until) {
        const { value, done: finished } = jobs[0].next();
        share = value ?? 0;
        if (finished) {
          jobs.shift();
          done++;
          share = 0;
        }
      }
      this.find(".progress").textContent = jobs.length
        ? `measuring, ${Math.round((100 * (done + share)) / total)}%`
        : "";
      this.redraw();
      if (jobs.length) setTimeout(step);
      else {
        this.measuring = false;
        this.finding();
        this.legend();
      }
    };
    step();
  }

  /** How alike real images are to the most similar other one: what a likeness has to be compared with. */
  *measureReal() {
    const n = Math.min(400, this.labels.length),
      found = [];
    for (let i = 0; i < n; i += CHUNK) {
      const m = Math.min(CHUNK, n - i),
        own = Array.from({ length: m }, (_, k) => i + k);
      found.push(
        ...this.nearest.find(this.real.subarray(i * PIXELS, (i + m) * PIXELS), m, own).map(({ likeness }) => likeness),
      );
      yield i / n;
    }
    found.sort((a, b) => a - b);
    this.baseline = { typical: found[n >> 1], least: found[Math.floor(0.05 * n)] };
  }

  *measurePlane(plane) {
    const cells = this.cells(plane),
      likeness = new Float32Array(CELLS * CELLS),
      named = new Uint32Array(CELLS * CELLS),
      codes = new Float32Array(2 * CHUNK);
    for (let i = 0; i < CELLS * CELLS; i += CHUNK) {
      for (let k = 0; k < CHUNK; k++) {
        const column = (i + k) % CELLS,
          row = Math.floor((i + k) / CELLS);
        codes[2 * k] = cells.x0 + ((column + 0.5) / CELLS) * cells.width;
        codes[2 * k + 1] = cells.y0 + (1 - (row + 0.5) / CELLS) * cells.height;
      }
      const decoded = plane.network.decodeImage(codes, CHUNK);
      this.nearest.find(decoded, CHUNK).forEach((found, k) => {
        likeness[i + k] = found.likeness;
        named[i + k] = this.name(decoded, k * PIXELS, found.index);
      });
      yield i / (CELLS * CELLS);
    }
    measured.set(plane.info.weights, { cells, likeness, named });
  }

  /** The class of a decoded picture: the judge's opinion, or without a judge that of the most similar real image. */
  name(images, offset, similar) {
    return this.judge ? this.judge.name(images, offset) : this.labels[similar];
  }

  drawCells(plane, context) {
    const found = measured.get(plane.info.weights);
    if (!found || !this.baseline) return;
    const picture = document.createElement("canvas");
    picture.width = picture.height = CELLS;
    const pen = contextOf(picture),
      pixels = pen.createImageData(CELLS, CELLS);
    const { low, high } = this.scale();
    const palette = this.data.class_colors.map(rgb),
      ramps = (this.ramps ??= Array.from({ length: 64 }, (_, i) => rgb(ramp(i / 63))));
    for (let i = 0; i < CELLS * CELLS; i++) {
      const t = Math.min(Math.max((high - found.likeness[i]) / (high - low || 1), 0), 1);
      const color = this.mode === "holes" ? ramps[Math.round(63 * t)] : palette[found.named[i]];
      pixels.data.set([...color, 255], 4 * i);
    }
    pen.putImageData(pixels, 0, 0);
    const { cells } = found;
    const [left, top] = plane.scatter.toScreen(cells.x0, cells.y0 + cells.height),
      [right, bottom] = plane.scatter.toScreen(cells.x0 + cells.width, cells.y0);
    context.imageSmoothingEnabled = this.mode === "holes";
    context.drawImage(picture, left, top, right - left, bottom - top);
    context.imageSmoothingEnabled = true;
  }

  /** One colour scale for both planes, so that they can be compared. */
  scale() {
    const all = SIDES.flatMap((side) => [...(measured.get(this.data[side].weights)?.likeness ?? [])]).sort(
      (a, b) => a - b,
    );
    return { low: all[Math.floor(0.02 * all.length)] ?? 0, high: all[Math.floor(0.98 * (all.length - 1))] ?? 1 };
  }

  legend() {
    const box = this.find(".legend"),
      { classes, class_colors: colors } = this.data;
    if (this.mode === "holes") {
      const { low, high } = this.scale();
      box.replaceChildren(
        make("span", { class: "number" }, `alike ${high.toFixed(2)}`),
        make("i", {
          class: "bar",
          style: `background:linear-gradient(90deg,${Array.from({ length: 9 }, (_, i) => ramp(i / 8))})`,
        }),
        make("span", { class: "number" }, `unlike ${low.toFixed(2)}`),
        make("span", { class: "muted" }, "cosine similarity between the decoded image and the most similar real image"),
      );
    } else if (this.mode !== "grid" && classes.length > MANY)
      box.replaceChildren(
        make(
          "span",
          { class: "muted" },
          `${classes.length} classes share ${new Set(colors).size} colours; that of the picture under the cursor is named below.`,
        ),
      );
    else if (this.mode === "grid")
      box.replaceChildren(
        make(
          "span",
          { class: "muted" },
          `${TILES} × ${TILES} codes at equal steps of probability (quantiles of a Gaussian with the codes' own mean and spread), decoded.`,
        ),
      );
    else
      box.replaceChildren(
        ...classes.map((name, c) =>
          make("span", {}, make("i", { class: "swatch", style: `background:${colors[c]}` }), name),
        ),
        ...(this.mode === "regions"
          ? [
              make(
                "span",
                { class: "muted" },
                this.judge
                  ? `the ${this.data.class_word} that a classifier trained on the same images predicts for the decoded image`
                  : `the ${this.data.class_word} of the real image most similar to the decoded image`,
              ),
            ]
          : []),
      );
  }

  /** What the measured maps say about codes drawn from the prior, as numbers. */
  finding() {
    if (this.labels.length < ENOUGH)
      return void this.find(".finding").replaceChildren(
        `How much of N(0, I) decodes to a hole needs at least ${ENOUGH} test images to compare with; there are ${this.labels.length}.`,
      );
    const { baseline } = this;
    if (!baseline) return;
    const shares = SIDES.map((side) => {
      const { cells, likeness } = measured.get(this.data[side].weights);
      let inside = 0,
        holes = 0;
      for (let i = 0; i < CELLS * CELLS; i++) {
        const x = cells.x0 + (((i % CELLS) + 0.5) / CELLS) * cells.width,
          y = cells.y0 + (1 - (Math.floor(i / CELLS) + 0.5) / CELLS) * cells.height;
        const weight = Math.exp(-0.5 * (x * x + y * y));
        inside += weight;
        if (likeness[i] < baseline.least) holes += weight;
      }
      return (100 * holes) / inside;
    });
    const parts = SIDES.flatMap((side, i) => {
      const { color, color_dark, short } = this.data[side];
      return [
        i ? ", " : "",
        make("b", { style: `color:${inked(this.root.dataset.dark ? color_dark : color)}` }, short),
        ` ${shares[i].toFixed(shares[i] < 10 ? 1 : 0)}%`,
      ];
    });
    const verdict =
      Math.max(...shares) < 1 ? "With two latent numbers, neither plane has a hole where the prior has mass." : "";
    this.find(".finding").replaceChildren(
      `Codes drawn from N(0, I) that decode to a hole (less similar to every real image than ${baseline.least.toFixed(2)}, which 95% of real images exceed): `,
      ...parts,
      `. ${verdict}`,
    );
  }
}

/** The standard normal's distribution function (Abramowitz & Stegun 26.2.17, error below 1e-7) ... */
function normalCdf(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    0.3989422804 *
    Math.exp((-x * x) / 2) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x < 0 ? tail : 1 - tail;
}

/** ... and its inverse, by bisection. */
function normalQuantile(u) {
  let low = -8,
    high = 8;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < u) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
