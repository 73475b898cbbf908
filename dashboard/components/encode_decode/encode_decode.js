/* One image through both models, while it is being drawn. Data: `EncodeDecodeData` in data.d.ts. The image is published
   under data.topic, for the other components of the page.

   `update` takes the data, `draw` draws a frame: given_image.js decides what the page puts on the pad,
   encoding.js has the numbers, lane.js and code_map.js draw them, words.js has the sentences. */

import { paint } from "../../web/canvas.js";
import { Component, mount } from "../../web/component.js";
import { Pad } from "../../web/drawing_pad.js";
import { make, putText } from "../../web/elements.js";
import { formatOf } from "../../web/image.js";
import { imageButtons } from "../../web/image_buttons.js";
import { arrow, clears } from "../../web/keys.js";
import { inked, theme } from "../../web/look.js";
import { SIDES } from "../../web/models.js";
import { loadNetwork, loadingProblem } from "../../web/networks.js";
import { publish } from "../../web/share.js";
import { loadSprite } from "../../web/sprites.js";
import { loadArrays } from "../../web/weights.js";
import { encodeDecode, shifted } from "./encoding.js";
import { GivenImage } from "./given_image.js";
import { Lane } from "./lane.js";
import { ENCODED, describeImage, lead, repeated } from "./words.js";

/** @import { EncodeDecodeData, ImageInfo, Mount, Report, Side } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/** @import { Network } from "../../web/networks.js" */
/** @import { Outcome } from "./encoding.js" */
/** @import { Kept } from "./given_image.js" */
/** @import { Sentence } from "./words.js" */

const REST = 250; // milliseconds without a change
/** @type {Map<string, Kept>} what was on the pad, by topic, for when the page is opened again */
const kept = new Map();

/** @param {Mount<EncodeDecodeData>} component */
export default function (component) {
  return mount(component, ".encode-decode", EncodeDecode);
}

class EncodeDecode extends Component {
  /** @type {EncodeDecodeData} */
  data;
  /** @type {Report} */
  report;
  /** @type {Record<string, Float32Array>} */
  arrays;
  /** @type {Float32Array} classes of the test images */
  labels;
  /** @type {Sprite} */
  sprite;
  /** What the images are. */
  format = formatOf();
  given = new GivenImage(kept);
  /** Address of the sprite that the buttons show. */
  thumbed = "";
  /** @type {ImageInfo} what the image on the pad is */
  info;
  /** Of the sampled codes. */
  seed = 0;
  /** How much the lens enlarges. */
  enlarge = 0;
  /** @type {Side} the model whose samples are left out in this frame while the pen is down */
  turn = "right";
  /** Whether nothing has changed for a moment. */
  resting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  rest;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.pad = new Pad(this.find(".pad"), () => this.drawn());
    this.pad.canvas.onkeydown = (event) => this.key(event);
    this.pad.canvas.after(this.pad.palette);
    this.lanes = { left: new Lane("left"), right: new Lane("right") };
    this.find(".lanes").append(...SIDES.map((side) => this.lanes[side].section));
    this.find(".clear").onclick = () => this.clear();
    this.find(".random").onclick = () => this.choose(Math.floor(Math.random() * this.labels.length));
    this.find(".redraw").onclick = () => {
      this.seed++;
      this.redraw();
    };
  }

  /** @param {EncodeDecodeData} data @param {Report} report */
  async update(data, report) {
    const first = !this.data;
    this.data = data;
    this.report = report;
    this.format = formatOf(data.shape);
    const loaded = await this.loaded(async () => {
      const [arrays, sprite, left, right] = await Promise.all([
        loadArrays(data.arrays),
        loadSprite(data.sprite, this.format),
        loadNetwork(data.left.weights),
        loadNetwork(data.right.weights),
      ]);
      if (this.data !== data) return false;
      const changed = this.arrays !== arrays;
      if (this.sprite !== sprite) this.pad.takeSprite(sprite, arrays.labels.length);
      Object.assign(this, { arrays, sprite, labels: arrays.labels });
      this.prepareLane("left", left, changed);
      this.prepareLane("right", right, changed);
      return true;
    }, loadingProblem);
    if (!loaded) return;
    this.thumbs();
    const given = this.given.next(data, first);
    if (given) this.take(given.image ?? this.sprite.image(data.start), given.info);
    this.ready();
    this.redraw();
  }

  draw() {
    if (!this.labels || !this.info) return;
    for (const side of SIDES) this.lanes[side].measure();
    this.turn = this.turn === "left" ? "right" : "left";
    const image = this.pad.image(),
      look = theme(this.root);
    this.drawPad(image);
    // The cloud first: its size decides how much both lenses enlarge.
    const right = this.drawLane("right", image, look),
      found = { left: this.drawLane("left", image, look), right };
    this.find(".lead").replaceChildren(...this.inColor(lead(found), look));
    this.find(".repeat").replaceChildren(make("b", {}, ENCODED), ...this.inColor(repeated(found), look));
    this.share(image);
    this.waitForRest();
    this.noteTime();
    this.root.dataset.runs = String(Number(this.root.dataset.runs ?? 0) + 1);
  }

  /* ---- where images come from ---- */

  thumbs() {
    const { sprite, thumbs } = this.data;
    if (this.thumbed === sprite) return;
    this.thumbed = sprite;
    this.find(".thumbs").replaceChildren(
      ...imageButtons(thumbs, this.sprite, this.labels, this.data, (i) => this.choose(i)),
    );
  }

  /** @param {Float32Array} image @param {ImageInfo} info */
  take(image, info) {
    this.pad.start(image);
    this.show(info);
  }

  /** @param {number} i a test image */
  choose(i) {
    this.take(this.sprite.image(i), { source: "test", index: i });
    this.given.choose(i);
    this.report("chosen", i);
  }

  clear() {
    this.pad.start();
    this.show({ source: "drawing" });
  }

  /** The pen has moved. */
  drawn() {
    this.info = { ...this.info, source: this.pad.base ? this.info.source : "drawing", edited: true };
    this.redrawTimed();
  }

  /** @param {ImageInfo} info */
  show(info) {
    this.info = info;
    for (const side of SIDES) this.lanes[side].map.trail = [];
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const by = arrow(event);
    if (clears(event)) this.clear();
    else if (by) {
      this.pad.start(shifted(this.pad.image(), by, this.format, this.pad.ground));
      this.info = { ...this.info, edited: true };
      this.redraw();
    } else return;
    event.preventDefault();
  }

  /* ---- through the models ---- */

  /** @param {Side} side @param {Network} network @param {boolean} changed whether the test images are others */
  prepareLane(side, network, changed) {
    const lane = this.lanes[side],
      { arrays } = this;
    lane.take(network, this.data[side]);
    if (!changed) return;
    const projection = { basis: arrays[`${side}_basis`], offset: arrays[`${side}_offset`] };
    lane.map.take(arrays[`${side}_xy`], arrays.labels, projection, this.data[side].native);
  }

  /** @param {Float32Array} image on the pad */
  drawPad(image) {
    this.pad.draw("Draw here");
    const { side } = this.format,
      seen = this.find(".seen .tile");
    paint(seen, image, this.format);
    seen.setAttribute("aria-label", `The image as both networks see it, ${side} by ${side} pixels`);
    putText(this.find(".seen figcaption"), describeImage(this.info, this.labels, this.data));
    const { source, edited, index } = this.info;
    for (const button of this.find(".thumbs").children) {
      const pressed = source === "test" && !edited && Number(button.dataset.image) === index;
      button.setAttribute("aria-pressed", String(pressed));
    }
  }

  /**
   * One model: encode, decode the mean and the first samples, and show it all.
   * @param {Side} side @param {Float32Array} image @param {Look} look
   * @returns {Outcome}
   */
  drawLane(side, image, look) {
    const lane = this.lanes[side];
    // "Encoded 50 times" is meant: at rest the encoder really runs 50 times. While the pen moves, once has to do.
    const outcome = encodeDecode(lane.network, image, this.seed, this.resting);
    // Small canvases cost the browser most: while the pen is down, the two models' samples take turns, a frame each.
    const waits = this.pad.last !== null && !this.resting && side === this.turn;
    lane.show(outcome, !waits);
    this.enlarge = lane.showMap(outcome, this.data.class_colors, this.enlarge, look);
    return outcome;
  }

  /** @param {Float32Array} image */
  share(image) {
    const { topic } = this.data,
      { info } = this;
    publish(topic, { image, info });
    this.given.keep(topic, image, info);
  }

  /** Another frame follows when nothing has changed for a moment; this may have been that one. */
  waitForRest() {
    clearTimeout(this.rest);
    if (!this.resting)
      this.rest = setTimeout(() => {
        this.resting = true;
        this.redraw();
      }, REST);
    this.root.dataset.resting = this.resting ? "1" : "";
    this.resting = false;
  }

  /**
   * A sentence with the models' names in their colours.
   * @param {Sentence} sentence @param {Look} look
   */
  inColor(sentence, look) {
    return sentence.map((part) => {
      if (typeof part === "string") return part;
      const lane = this.lanes[part.name];
      return make("b", { style: `color:${inked(lane.color(look))}` }, lane.info.short);
    });
  }

  destroy() {
    super.destroy();
    clearTimeout(this.rest);
  }
}
