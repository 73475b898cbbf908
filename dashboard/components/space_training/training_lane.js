/* One model while it is trained in the page: where its codes are, what it makes of the prior's samples and of unseen
   images. Every set of weights that the training sends is encoded and decoded; the codes glide to their new places. */

import { contextOf, prepare } from "../../web/canvas.js";
import { CodeInterpolator } from "../../web/code_interpolator.js";
import { make, putText } from "../../web/elements.js";
import { GREY_28 } from "../../web/image.js";
import { drawCodes, onCanvas, priorCircles, ring } from "../../web/marks.js";
import { colorOf, inkOf } from "../../web/models.js";
import { normals, stddev } from "../../web/posterior.js";
import { inPlane, principalPlane } from "../../web/principal_plane.js";
import { figuresInWords } from "../../web/measures.js";
import { paintGrid } from "../../web/tiles.js";

/** @import { Look } from "../../web/look.js" */
/** @import { Network } from "../../web/networks.js" */
/** @import { PrincipalPlane } from "../../web/principal_plane.js" */
/** @import { SpaceTrainingData, SpaceTrainingLane } from "../../web/data.js" */
/** @import { Figures } from "../../web/training/trainer.js" */

const SAMPLES = 16,
  COLUMNS = 8,
  COPIES = 8;
const GLIDE = 350; // ms that codes take to their new places
const REACH = 3.2; // how far from the origin a map shows at least
const quiet = matchMedia("(prefers-reduced-motion: reduce)");

export class TrainingLane {
  /** @type {Network | null} */
  network = null;
  /** @type {CodeInterpolator | null} codes on their way */
  encoding = null;
  /** @type {PrincipalPlane | null} */
  plane = null;
  /** @type {Float32Array | null} where the codes were drawn before, (n, 2) */
  from = null;
  /** @type {Float32Array | null} where they are going */
  to = null;
  /** @type {Float32Array | null} standard deviations along the axes, (n, 2); null for points and other planes */
  spread = null;
  /** When they set out. */
  since = 0;
  reach = REACH;
  format = GREY_28;
  /** @type {Float32Array} samples, then reconstructions */
  tiles = new Float32Array(0);
  /** @type {[number, number] | null} where the drawing is */
  own = null;

  /** @param {HTMLElement} section @param {() => void} redraw */
  constructor(section, redraw) {
    this.redraw = redraw;
    this.section = section;
    section.replaceChildren(
      make("h3"),
      make("p", { class: "figures muted small number" }),
      make("canvas", { class: "map", role: "img" }),
      make("canvas", { class: "tiles", role: "img" }),
    );
    this.find = (/** @type {string} */ selector) => /** @type {any} */ (section.querySelector(selector));
  }

  /** Another network, or none: nothing is drawn of it yet. */
  clear() {
    this.encoding?.stop();
    Object.assign(this, { network: null, encoding: null, plane: null, from: null, to: null, spread: null, own: null });
    this.reach = REACH;
    delete this.section.dataset.version;
    contextOf(this.find(".tiles")).clearRect(0, 0, 1e4, 1e4);
  }

  /**
   * The network as it is now.
   * @param {Network} network @param {Float32Array} images @param {number} n @param {number[]} copied
   * @param {Float32Array | null} drawing
   */
  show(network, images, n, copied, drawing) {
    this.encoding?.stop();
    this.network = network;
    this.decode(images, copied, drawing);
    const encoding = (this.encoding = new CodeInterpolator(network, images, n, () => this.place(encoding)));
    void encoding.fill();
    this.redraw();
  }

  /**
   * Samples of the same noise, and reconstructions; the last one is that of the drawing.
   * @param {Float32Array} images @param {number[]} copied @param {Float32Array | null} drawing
   */
  decode(images, copied, drawing) {
    const { network } = this;
    if (!network) return;
    const d = network.latentDim,
      { pixels } = (this.format = network.format),
      numbers = (SAMPLES + COPIES) * pixels;
    if (this.tiles.length !== numbers) this.tiles = new Float32Array(numbers);
    const tiles = this.tiles.fill(0);
    tiles.set(network.decodeImage(Float32Array.from({ length: SAMPLES * d }, normals(1)), SAMPLES));
    const seen = copied.map((i) => images.subarray(i * pixels, (i + 1) * pixels));
    if (drawing) seen.splice(COPIES - 1, 1, drawing);
    seen.slice(0, COPIES).forEach((image, i) => {
      const mean = network.encode(image).mean.slice(0, d);
      tiles.set(network.decodeImage(mean, 1).subarray(0, pixels), (SAMPLES + i) * pixels);
      if (drawing && image === drawing && this.plane) [this.own] = [pairOf(inPlane(mean, d, this.plane))];
    });
    if (!drawing) this.own = null;
  }

  /** Codes have arrived. @param {CodeInterpolator} encoding */
  place(encoding) {
    const codes = encoding.codes(1),
      { network } = this;
    if (!codes || !network || encoding !== this.encoding) return;
    const d = network.latentDim,
      first = !this.to;
    this.from = this.places();
    this.plane = principalPlane(codes.mean, d, this.plane);
    this.to = inPlane(codes.mean, d, this.plane);
    this.spread = null;
    if (network.isCloud && d === 2) this.spread = stddev(codes.logvar, codes.logvar.length);
    const far = Float32Array.from(this.to, Math.abs).sort()[Math.floor(0.99 * (this.to.length - 1))];
    const needed = Math.max(REACH, 1.15 * far); // it grows at once, so that no code is cut off, and shrinks slowly
    this.reach = first || needed > this.reach ? needed : 0.3 * this.reach + 0.7 * needed;
    this.since = first || quiet.matches ? -GLIDE : performance.now();
    this.redraw();
  }

  /** Where the codes are at this moment, (n, 2). */
  places() {
    const { from, to } = this;
    const share = Math.min(1, (performance.now() - this.since) / GLIDE);
    if (!from || !to || share >= 1) return to;
    return to.map((v, i) => from[i] + (1 - (1 - share) ** 2) * (v - from[i]));
  }

  /**
   * @param {SpaceTrainingLane} lane @param {SpaceTrainingData} data @param {ArrayLike<number>} labels
   * @param {Figures | undefined} figures @param {Look} look
   */
  draw(lane, data, labels, figures, look) {
    const title = this.find("h3");
    this.section.style.setProperty("--own", colorOf(lane, look.dark));
    putText(title, lane.title);
    title.style.color = inkOf(lane, look.dark);
    putText(
      this.find(".figures"),
      figures ? figuresInWords(figures) : this.network ? "figures follow after an epoch" : "",
    );
    this.drawMap(lane, data, labels, look);
    const canvas = this.find(".tiles"),
      images = `${SAMPLES} samples, and below them ${COPIES} reconstructions`;
    canvas.setAttribute("aria-label", `${lane.short}: ${this.network ? images : "not trained yet"}`);
    if (!this.network) return;
    paintGrid(canvas, COLUMNS, (SAMPLES + COPIES) / COLUMNS, this.format, (i) => [this.tiles, i, 1]);
  }

  /**
   * @param {SpaceTrainingLane} lane @param {SpaceTrainingData} data @param {ArrayLike<number>} labels
   * @param {Look} look
   */
  drawMap(lane, data, labels, look) {
    const canvas = this.find(".map"),
      width = canvas.clientWidth,
      height = Math.min(width, 420),
      d = lane.start.config.latent_dim;
    const codes = this.to ? `codes of ${data.n} test images` : "not trained yet";
    canvas.setAttribute("aria-label", `${lane.title}: ${codes}`);
    if (!width) return;
    const context = prepare(canvas, width, height),
      unit = Math.min(width, height) / (2 * this.reach),
      cx = width / 2,
      cy = height / 2;
    if (d <= 2) priorCircles(context, cx, cy, unit, look.faint);
    const places = this.places();
    if (!places) return;
    drawCodes(context, onCanvas(places, cx, cy, unit), labels, data.class_colors, {
      spread: this.spread && this.spread.map((deviation) => deviation * unit),
    });
    if (this.own) {
      const [x, y] = onCanvas(this.own, cx, cy, unit);
      ring(context, x, y, 7, look.text, 2.5);
      Object.assign(context, { fillStyle: look.text, textAlign: "left", font: `600 12px ${look.font}` });
      context.fillText("yours", x + 11, y + 4);
    }
    if (performance.now() - this.since < GLIDE) this.redraw();
  }

  stop() {
    this.encoding?.stop();
  }
}

/** @param {Float32Array} values @returns {[number, number]} */
const pairOf = (values) => [values[0], values[1]];
