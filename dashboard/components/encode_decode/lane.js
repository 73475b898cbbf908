/* One model's half of the component: its reconstruction, its figures, its map and the samples of its code. */

import { paint, paintSigned } from "../../web/canvas.js";
import { make, putRows, putText } from "../../web/elements.js";
import { inked } from "../../web/look.js";
import { signed } from "../../web/measures.js";
import { colorOf } from "../../web/models.js";
import { sigmoid } from "../../web/posterior.js";
import { CodeMap, enlargementOf } from "./code_map.js";
import { DRAWS, SHOWN } from "./encoding.js";

/** @import { EncodeDecodeLane, Side } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Network } from "../../web/networks.js" */
/** @import { Outcome } from "./encoding.js" */

const LIMIT = 3; // the error image is full strength at 1 / LIMIT
const LEAST = 1.5; // a lens that enlarges less is left out
const TILES = {
  mean: "Decoded from the mean of the code",
  error: "Difference from the image",
  sample: "Decoded from one sample of the code",
};

export class Lane {
  /** @type {Network} */
  network;
  /** @type {EncodeDecodeLane} */
  info;
  width = 0;

  /** @param {Side} side */
  constructor(side) {
    this.title = make("h2");
    this.mean = tile("mean");
    this.error = tile("error");
    this.table = make("table");
    this.meanLabel = make("figcaption", { class: "muted small" });
    this.map = new CodeMap(make("canvas", { class: "map", role: "img" }));
    this.label = make("p", { class: "muted small" });
    this.tiles = Array.from({ length: SHOWN }, () => tile("sample"));
    const errorLabel = make("figcaption", { class: "muted small" }, "error: purple too dark, green too bright");
    this.section = make(
      "section",
      { class: "lane", "data-side": side },
      this.title,
      make(
        "div",
        { class: "outcome" },
        make("figure", {}, this.mean, this.meanLabel),
        make("figure", {}, this.error, errorLabel),
        this.table,
      ),
      this.map.canvas,
      this.label,
      make("div", { class: "samples" }, ...this.tiles),
    );
  }

  /** @param {Network} network @param {EncodeDecodeLane} info */
  take(network, info) {
    Object.assign(this, { network, info });
    this.title.textContent = info.title;
    this.meanLabel.textContent = network.isCloud ? "decoded from the centre of the cloud" : "decoded from the point";
  }

  /** Reads the width that is there; before anything is written, so that the browser lays out the page once. */
  measure() {
    this.width = this.section.clientWidth;
  }

  /** @param {Look} look */
  color(look) {
    return colorOf(this.info, look.dark);
  }

  /**
   * Pictures and figures.
   * @param {Outcome} outcome @param {boolean} samples whether the samples are drawn too
   */
  show({ logits, decoded, error, nats, rate, squared }, samples) {
    const { format } = this.network,
      { pixels } = format;
    if (samples)
      this.tiles.forEach((canvas, i) => {
        paint(canvas, logits.subarray(i * pixels, (i + 1) * pixels).map(sigmoid), format);
      });
    paint(this.mean, decoded, format);
    paintSigned(this.error, error, format, 1 / LIMIT, [190, 110, 235], [120, 205, 110]);
    /** @type {(value: number | null) => string} */
    const inNats = (value) => (value === null ? "n/a" : `${signed(value)} nats`);
    putRows(this.table, [
      ["D, distortion", inNats(nats)],
      ["R, rate", inNats(rate)],
      ["−ELBO", inNats(rate === null ? null : nats + rate)],
      ["squared error", squared.toFixed(4)],
    ]);
  }

  /**
   * The map with its lens. Returns how much the lens enlarges, a cloud's own measure; `enlarge` serves a point.
   * @param {Outcome} outcome @param {string[]} palette @param {number} enlarge @param {Look} look
   */
  showMap(outcome, palette, enlarge, look) {
    const { map, width, info } = this,
      own = this.color(look);
    this.title.style.color = inked(own);
    if (!width) return enlarge;
    const marks = map.draw(outcome, width, palette, own, look),
      { here, covariance } = marks;
    if (outcome.isCloud) enlarge = enlargementOf(covariance, map.lens, map.scatter.scale);
    if (enlarge > LEAST) map.drawLens(marks, enlarge, outcome.isCloud, palette, own, look);
    this.section.dataset.place = map.scatter
      .toScreen(...here)
      .map((v) => v.toFixed(1))
      .join();
    putText(this.label, `${info.map_label} Below: ${SHOWN} of ${DRAWS} sampled codes of this image, decoded.`);
    map.canvas.setAttribute(
      "aria-label",
      `${info.title}: this image's code at ${here.map((v) => v.toFixed(2)).join(", ")} ` +
        `among the codes of ${map.labels.length} test images.`,
    );
    return enlarge;
  }
}

/** @param {keyof typeof TILES} name */
const tile = (name) =>
  make("canvas", { class: `tile ${name}`, width: 28, height: 28, role: "img", "aria-label": TILES[name] });
