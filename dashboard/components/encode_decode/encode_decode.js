/* One image through both models, while it is being drawn. Data: `EncodeDecodeData` in data.d.ts. The image is published
   under data.topic, for the other components of the page. */

import {
  arrow,
  inked,
  loadSprite,
  make,
  paint,
  paintSigned,
  prepare,
  putRows,
  putText,
  theme,
} from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { Pad } from "../../web/drawing.js";
import { PIXELS, SIDE } from "../../web/image.js";
import { moments } from "../../web/moments.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { distortion, klPerDim, normals, reparameterise, stddev } from "../../web/posterior.js";
import { Scatter, boundsOf } from "../../web/scatter.js";
import { publish } from "../../web/share.js";
import { loadArrays } from "../../web/weights.js";

/** @import { Tell } from "../../web/data.js" */

const DRAWS = 50;
const SHOWN = 8; // of which this many are decoded
const REST = 250; // milliseconds without a change
const TRAIL = 60; // past codes drawn as a line
/** @type {import("../../web/data.js").Side[]} */
const SIDES = ["left", "right"];
const LIMIT = 3; // the error image is full strength at 1 / LIMIT
const remembered = new Map(); // topic -> what was on the pad, for when the page is opened again

const TILES = {
  mean: "Decoded from the mean of the code",
  error: "Difference from the image",
  sample: "Decoded from one sample of the code",
};

/** @param {import("../../web/data.js").Mount<import("../../web/data.js").EncodeDecodeData>} component */
export default function (component) {
  return mount(component, ".encode-decode", EncodeDecode);
}

class EncodeDecode extends Component {
  /** How much the lens enlarges. */
  enlarge = 0;

  /** @type {import("../../web/data.js").EncodeDecodeData} */
  data;
  /** @type {Tell} */
  trigger;
  /** @type {Record<string, Float32Array>} */
  arrays;
  /** @type {Float32Array} classes of the test images */
  labels;
  /** @type {import("../../web/canvas.js").Sprite} */
  sprite;
  /** @type {import("../../web/data.js").ImageInfo} */
  info;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.pad = new Pad(this.find(".pad"), () => this.drawn());
    this.seed = 0;
    this.own = new Set(); // images chosen here
    this.lanes = Object.fromEntries(SIDES.map((side) => [side, this.makeLane(side)]));
    this.find(".clear").onclick = () => this.clear();
    this.find(".random").onclick = () => this.choose(Math.floor(Math.random() * this.labels.length));
    this.find(".redraw").onclick = () => {
      this.seed++;
      this.redraw();
    };
    this.find(".pad").onkeydown = (event) => this.key(event);
  }

  makeLane(side) {
    const tile = (name) =>
      make("canvas", { class: `tile ${name}`, width: SIDE, height: SIDE, role: "img", "aria-label": TILES[name] });
    const lane = {
      trail: [],
      title: make("h2"),
      mean: tile("mean"),
      error: tile("error"),
      table: make("table"),
      map: make("canvas", { class: "map", role: "img" }),
      samples: make("div", { class: "samples" }),
      label: make("p", { class: "muted small" }),
    };
    lane.tiles = Array.from({ length: SHOWN }, () => tile("sample"));
    lane.samples.append(...lane.tiles);
    lane.scatter = new Scatter(lane.map);
    lane.meanLabel = make("figcaption", { class: "muted small" });
    lane.section = make(
      "section",
      { class: "lane", "data-side": side },
      lane.title,
      make(
        "div",
        { class: "outcome" },
        make("figure", {}, lane.mean, lane.meanLabel),
        make(
          "figure",
          {},
          lane.error,
          make("figcaption", { class: "muted small" }, "error: purple too dark, green too bright"),
        ),
        lane.table,
      ),
      lane.map,
      lane.label,
      lane.samples,
    );
    this.find(".lanes").append(lane.section);
    return lane;
  }

  async update(data, trigger) {
    const first = !this.data;
    this.data = data;
    this.trigger = trigger;
    const loaded = await this.loaded(async () => {
      const [arrays, sprite, ...networks] = await Promise.all([
        loadArrays(data.arrays),
        loadSprite(data.sprite),
        ...SIDES.map((side) => loadNetwork(data[side].weights)),
      ]);
      if (this.data !== data) return false;
      const changed = this.arrays !== arrays;
      Object.assign(this, { arrays, sprite, labels: arrays.labels });
      SIDES.forEach((side, i) => this.prepareLane(side, networks[i], changed));
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.thumbs();
    const kept = remembered.get(data.topic);
    if (data.upload && data.upload.id !== this.uploaded) {
      this.uploaded = data.upload.id;
      this.take(
        Float32Array.from(data.upload.pixels, (v) => v / 255),
        { source: "upload", name: data.upload.name },
      );
    } else if ((data.start !== this.started && !this.own.has(data.start)) || this.sprites !== data.sprite) {
      // An image chosen here comes back as data.start one rerun later, when another may have been chosen already.
      const again = first && kept && kept.start === data.start && kept.sprite === data.sprite;
      if (again) this.take(kept.image, kept.info);
      else this.take(this.testImage(data.start), { source: "test", index: data.start });
    }
    if (!this.own.has(data.start)) this.started = data.start;
    this.sprites = data.sprite;
    this.ready();
    this.redraw();
  }

  prepareLane(side, network, changed) {
    const lane = this.lanes[side],
      info = this.data[side];
    Object.assign(lane, { network, info });
    lane.title.textContent = info.title;
    lane.meanLabel.textContent = network.isCloud ? "decoded from the centre of the cloud" : "decoded from the point";
    if (!changed) return;
    const xy = this.arrays[`${side}_xy`];
    const bounds = boundsOf(xy);
    if (info.native)
      for (const i of [0, 1]) {
        bounds[i] = Math.min(bounds[i], -3.2);
        bounds[i + 2] = Math.max(bounds[i + 2], 3.2);
      }
    lane.scatter.setPoints(xy, bounds);
    lane.trail = [];
    lane.faint = new Uint8Array(xy.length / 2);
    lane.colors = this.arrays.labels;
    lane.basis = this.arrays[`${side}_basis`]; // (2, d)
    lane.offset = this.arrays[`${side}_offset`]; // (2,)
  }

  /* ---- where images come from ---- */

  testImage(i) {
    return this.sprite.image(i);
  }

  thumbs() {
    const { data } = this;
    if (this.thumbed === data.sprite) return;
    this.thumbed = data.sprite;
    this.find(".thumbs").replaceChildren(
      ...data.thumbs.map((i) => {
        const canvas = make("canvas", { class: "tile" });
        paint(canvas, this.testImage(i));
        return make(
          "button",
          {
            "data-image": i,
            "aria-label": `Test image ${i}, ${data.class_word} ${data.classes[this.labels[i]]}`,
            title: data.classes[this.labels[i]],
            onclick: () => this.choose(i),
          },
          canvas,
        );
      }),
    );
  }

  take(image, info) {
    this.pad.start(image);
    this.show(info);
  }

  choose(i) {
    this.take(this.testImage(i), { source: "test", index: i });
    this.started = i;
    this.own.add(i);
    this.trigger("chosen", i);
  }

  clear() {
    this.pad.start();
    this.show({ source: "drawing" });
  }

  drawn() {
    this.asked ??= performance.now();
    this.info = { ...this.info, source: this.pad.base ? this.info.source : "drawing", edited: true };
    this.redraw();
  }

  show(info) {
    this.info = info;
    for (const lane of Object.values(this.lanes)) lane.trail = [];
    this.redraw();
  }

  key(event) {
    const shift = arrow(event);
    if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (shift) {
      const image = this.pad.image(),
        moved = new Float32Array(PIXELS);
      for (let y = 0; y < SIDE; y++)
        for (let x = 0; x < SIDE; x++) {
          const [sx, sy] = [x - shift[0], y - shift[1]];
          if (sx >= 0 && sy >= 0 && sx < SIDE && sy < SIDE) moved[y * SIDE + x] = image[sy * SIDE + sx];
        }
      this.pad.start(moved);
      this.info = { ...this.info, edited: true };
      this.redraw();
    } else return;
    event.preventDefault();
  }

  /* ---- through the models ---- */

  draw() {
    if (!this.labels || !this.info) return;
    // before anything is written, see beta_lab.js
    for (const lane of Object.values(this.lanes)) lane.width = lane.section.clientWidth;
    this.turn = this.turn === SIDES[0] ? SIDES[1] : SIDES[0];
    const image = this.pad.image();
    this.pad.draw("Draw here");
    paint(this.find(".seen .tile"), image);
    putText(this.find(".seen figcaption"), this.describe());
    for (const button of this.find(".thumbs").children)
      button.setAttribute(
        "aria-pressed",
        String(this.info.source === "test" && !this.info.edited && Number(button.dataset.image) === this.info.index),
      );
    const look = theme(this.root);
    // The cloud first: its size decides how much both lenses enlarge.
    const found = Object.fromEntries(
      [...SIDES].reverse().map((side) => [side, this.encodeDecode(this.lanes[side], image, look)]),
    );
    const spreads = SIDES.map((side) => found[side]);
    this.find(".lead").replaceChildren(...this.lead(found, look));
    this.find(".repeat").replaceChildren(...this.repeated(spreads, look));
    publish(this.data.topic, { image, info: this.info });
    remembered.set(this.data.topic, { image, info: this.info, start: this.started, sprite: this.data.sprite });
    // from the first movement not yet shown
    if (this.asked) this.root.dataset.ms = (performance.now() - this.asked).toFixed(1);
    this.asked = null;
    clearTimeout(this.rest);
    if (!this.resting)
      this.rest = setTimeout(() => {
        this.resting = true;
        this.redraw();
      }, REST);
    this.root.dataset.resting = this.resting ? "1" : "";
    this.resting = false;
    this.root.dataset.runs = String(Number(this.root.dataset.runs ?? 0) + 1);
  }

  describe() {
    const { source, index, edited, name } = this.info,
      { classes, class_word } = this.data;
    if (source === "test")
      return `Test image ${index}, ${class_word} ${classes[this.labels[index ?? 0]]}${edited ? ", edited" : ""}: 28×28 grey levels, as the networks see it.`;
    if (source === "upload") return `${name}${edited ? ", edited" : ""}, as the networks see it: 28×28 grey levels.`;
    return "As the networks see it: fitted into 20×20 pixels, its centre of mass in the middle of 28×28, the way MNIST was made.";
  }

  /** One model: encode, decode the mean and the first draws, and show it all. Returns how far the draws spread. */
  encodeDecode(lane, image, look) {
    const { network } = lane,
      d = network.latentDim;
    const encoded = network.encode(image);
    const mean = encoded.mean.slice(),
      logvar = encoded.logvar && encoded.logvar.slice();
    const sigma = stddev(logvar, d);
    const next = normals(this.seed),
      codes = new Float32Array(DRAWS * d);
    // "Encoded 50 times" is meant: when the hand rests, the encoder really runs 50 times. While it moves, once has to
    // do.
    const means = this.resting ? network.encode(repeat(image, DRAWS), DRAWS).mean.slice() : repeat(mean, DRAWS);
    for (let i = 0; i < DRAWS; i++)
      codes.set(
        reparameterise(means.subarray(i * d, (i + 1) * d), logvar, Float32Array.from({ length: d }, next)),
        i * d,
      );

    const logits = network.decode(codes, SHOWN);
    let nats = 0;
    for (let i = 0; i < SHOWN; i++)
      nats += distortion(logits.subarray(i * PIXELS), image, network.config.likelihood) / SHOWN;
    // Small canvases cost the browser most: while the pen is down, the two models' draws take turns, a frame each.
    const waits = this.pad.last && !this.resting && lane === this.lanes[this.turn];
    if (!waits)
      lane.tiles.forEach((tile, i) =>
        paint(
          tile,
          logits.subarray(i * PIXELS, (i + 1) * PIXELS).map((l) => 1 / (1 + Math.exp(-l))),
        ),
      );
    const decoded = network.decodeImage(mean);
    paint(lane.mean, decoded);
    const error = decoded.map((value, i) => value - image[i]);
    const squared = error.reduce((sum, value) => sum + value * value, 0);
    paintSigned(lane.error, error, 1 / LIMIT, [190, 110, 235], [120, 205, 110]);
    const rate = klPerDim(mean, logvar)?.reduce((sum, value) => sum + value, 0) ?? null;
    const inNats = (/** @type {number | null} */ value) => (value === null ? "n/a" : `${value.toFixed(1)} nats`);
    putRows(lane.table, [
      ["D, distortion", inNats(nats)],
      ["R, rate", inNats(rate)],
      ["−ELBO", inNats(rate === null ? null : nats + rate)],
      ["squared error", (squared / PIXELS).toFixed(4)],
    ]);
    this.drawMap(lane, mean, sigma, codes, look);
    return { ...spread(codes, d), sigma, squared: squared / PIXELS, rate, isCloud: network.isCloud };
  }

  drawMap(lane, mean, sigma, codes, look) {
    const { scatter, info, basis, offset, map } = lane,
      d = mean.length;
    const own = look.dark ? info.color_dark : info.color;
    lane.title.style.color = inked(own);
    const { width } = lane;
    if (!width) return;
    const height = Math.round(width * 0.8);
    const context = prepare(map, width, height);
    scatter.resize(width, height);
    scatter.stamp(context, this.data.class_colors, lane.colors, lane.faint, look.background, 0.38);
    if (info.native) scatter.circles(context, look.muted);
    /** @type {(code: Float32Array) => [number, number]} */
    const place = (code) => {
      let [x, y] = offset;
      for (let j = 0; j < d; j++) {
        x += code[j] * basis[j];
        y += code[j] * basis[d + j];
      }
      return [x, y];
    };
    const here = place(mean);
    /** @type {[number, number][]} */
    const trail = (lane.trail = [...lane.trail, here].slice(-TRAIL));
    context.strokeStyle = look.text;
    context.lineWidth = 1.2;
    context.beginPath();
    for (const [x, y] of trail.map((point) => scatter.toScreen(...point))) context.lineTo(x, y);
    context.stroke();
    context.fillStyle = own;
    const drawn = Array.from({ length: DRAWS }, (_, i) => place(codes.subarray(i * d, (i + 1) * d)));
    for (const code of drawn) {
      context.beginPath();
      const [x, y] = scatter.toScreen(...code);
      context.arc(x, y, 2.2, 0, 2 * Math.PI);
      context.fill();
    }
    // The cloud's shadow on this plane: covariance B diag(sigma^2) B^T.
    const covariance = [0, 1, 3].map((k) =>
      sigma.reduce((sum, s, j) => sum + s * s * basis[(k >> 1) * d + j] * basis[(k & 1) * d + j], 0),
    );
    context.lineWidth = 2;
    context.strokeStyle = own;
    if (lane.network.isCloud) for (const factor of [1, 2]) scatter.cloud(context, here, covariance, factor);
    const [x, y] = scatter.toScreen(...here);
    for (const [color, line, r] of lane.network.isCloud
      ? []
      : [
          [look.background, 5, 7],
          [own, 2.5, 7],
        ]) {
      Object.assign(context, { strokeStyle: color, lineWidth: line });
      context.beginPath();
      context.arc(x, y, r, 0, 2 * Math.PI);
      context.stroke();
    }
    this.drawLens(lane, context, here, covariance, drawn, own, look);
    lane.section.dataset.place = [x, y].map((v) => v.toFixed(1)).join();
    putText(lane.label, `${info.map_label} Below: ${SHOWN} of ${DRAWS} sampled codes of this image, decoded.`);
    map.setAttribute(
      "aria-label",
      `${info.title}: this image's code at ${here.map((v) => v.toFixed(2)).join(", ")} among the codes of ${this.labels.length} test images.`,
    );
  }

  /**
   * The code's surroundings, enlarged alike in both maps: so much that the VAE's cloud, two sigma wide, fills most of
   * the lens.
   */
  drawLens(lane, context, here, covariance, drawn, own, look) {
    const { scatter } = lane,
      radius = Math.min(scatter.width, scatter.height) * 0.2;
    if (lane.network.isCloud) {
      const [xx, xy, yy] = covariance;
      this.enlarge = (0.8 * radius) / (2 * Math.sqrt((xx + yy) / 2 + Math.hypot((xx - yy) / 2, xy)) * scatter.scale);
    }
    if (!(this.enlarge > 1.5)) return;
    const [x, y] = scatter.toScreen(...here),
      cx = x < scatter.width / 2 ? scatter.width - radius - 6 : radius + 6,
      cy = y < scatter.height / 2 ? scatter.height - radius - 6 : radius + 6;
    /** @type {(point: number[]) => [number, number]} */
    const at = ([px, py]) => [
      cx + (px - here[0]) * scatter.scale * this.enlarge,
      cy - (py - here[1]) * scatter.scale * this.enlarge,
    ];
    const dot = (point, r) => {
      context.beginPath();
      context.arc(...at(point), r, 0, 2 * Math.PI);
      context.fill();
    };
    context.save();
    context.beginPath();
    context.arc(cx, cy, radius, 0, 2 * Math.PI);
    Object.assign(context, { fillStyle: look.background, strokeStyle: look.muted, lineWidth: 1.5 });
    context.fill();
    context.stroke();
    context.clip();
    context.globalAlpha = 0.6;
    const reach = (radius + 4) / (scatter.scale * this.enlarge),
      { points } = scatter;
    for (let i = 0; i < points.length / 2; i++) {
      if (Math.hypot(points[2 * i] - here[0], points[2 * i + 1] - here[1]) > reach) continue;
      context.fillStyle = this.data.class_colors[lane.colors[i]];
      dot([points[2 * i], points[2 * i + 1]], 4);
    }
    context.globalAlpha = 1;
    context.fillStyle = context.strokeStyle = own;
    for (const code of drawn) dot(code, lane.network.isCloud ? 1.8 : 3.5);
    if (lane.network.isCloud) {
      const close = Object.assign(new Scatter(lane.map), {
        scale: scatter.scale * this.enlarge,
        centre: here,
        width: 2 * cx,
        height: 2 * cy,
      });
      for (const factor of [1, 2]) close.cloud(context, here, covariance, factor);
    }
    context.restore();
    context.fillStyle = look.muted;
    context.font = "11px sans-serif";
    context.textAlign = "center";
    Object.assign(context, { strokeStyle: look.background, lineWidth: 4 }); // a halo: points lie under the words
    /** @type {[string, number, number]} */
    const words = [`× ${this.enlarge.toFixed(0)}`, cx, cy + (cy > scatter.height / 2 ? -radius - 4 : radius + 12)];
    context.strokeText(...words);
    context.fillText(...words);
    context.textAlign = "start";
  }

  name(side, look) {
    const info = this.data[side];
    return make("b", { style: `color:${inked(look.dark ? info.color_dark : info.color)}` }, info.short);
  }

  /** What the models make of this very image, in one sentence. */
  lead(found, look) {
    const parts = SIDES.flatMap((side, i) => {
      const { squared, rate, sigma, isCloud } = found[side];
      const mean = sigma.reduce((sum, s) => sum + s, 0) / sigma.length;
      const made = isCloud ? `a cloud with mean σ ${mean.toFixed(2)} and a rate of ${rate.toFixed(1)} nats` : "a point";
      return [
        i ? "; the " : "The ",
        this.name(side, look),
        ` encodes the image as ${made}, and reconstructs it with squared error ${squared.toFixed(4)}`,
      ];
    });
    const [a, b] = SIDES.map((side) => found[side].squared),
      better = a < b ? "left" : "right",
      by = 1 - Math.min(a, b) / Math.max(a, b);
    const verdict =
      by < 0.02
        ? [": equally precise."]
        : [". More precise here: the ", this.name(better, look), `, by ${(100 * by).toFixed(0)}%.`];
    return [...parts, ...verdict];
  }

  repeated(spreads, look) {
    const parts = SIDES.flatMap((side, i) => {
      const { largest, deviation, sigma, isCloud } = spreads[i];
      const ratio = deviation.reduce((sum, s, j) => sum + s / sigma[j], 0) / sigma.length;
      const text = isCloud
        ? `differ by up to ${largest.toFixed(2)}; their standard deviation is ${ratio.toFixed(2)} times the drawn σ`
        : largest === 0
          ? "coincide exactly (largest difference 0)"
          : `differ by up to ${largest.toExponential(1)}`;
      return [i ? "; the " : " The ", this.name(side, look), `'s codes ${text}`];
    });
    return [make("b", {}, `Encoded ${DRAWS} times.`), ...parts, "."];
  }

  destroy() {
    super.destroy();
    clearTimeout(this.rest);
  }
}

/** `values`, n times in a row. */
function repeat(values, n) {
  const out = new Float32Array(n * values.length);
  for (let i = 0; i < n; i++) out.set(values, i * values.length);
  return out;
}

/** Of codes (n, d): the largest difference in any number, and the standard deviations. */
function spread(codes, d) {
  const deviation = Float32Array.from({ length: d }, (_, j) => moments(codes, d, j, 1).deviation);
  let largest = 0;
  for (let j = 0; j < d; j++) {
    const column = codes.filter((_, i) => i % d === j);
    largest = Math.max(largest, Math.max(...column) - Math.min(...column));
  }
  return { largest, deviation };
}
