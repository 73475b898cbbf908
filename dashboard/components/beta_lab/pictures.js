/* The lab's pictures: samples of noise that stays the same while beta varies, and reconstructions of unseen images.

   Every change makes all of them out of date (`version`); they are decoded again in turn, as many a frame as its time
   allows. */

import { GREY_28 } from "../../web/image.js";
import { CHUNK } from "../../web/layers.js";
import { rootMeanSquare } from "../../web/moments.js";
import { normals } from "../../web/posterior.js";
import { decodeSprite } from "../../web/sprites.js";
import { firstOfEach, paintGrid } from "../../web/tiles.js";
import { SAMPLES } from "./lab_views.js";

/** @import { InterpolatedCodes } from "../../web/code_interpolator.js" */
/** @import { Format } from "../../web/image.js" */
/** @import { Network } from "../../web/networks.js" */
/**
 * What pictures are made by: a network, and the weight of its run where it has one of its own.
 * @typedef {{network: Pick<Network, "latentDim" | "encode" | "decodeImage">, run: {beta: number} | null}} Maker
 */

const PER_ROW = 6;
const COPIES = 10;
const BUDGET = 8; // ms a frame may spend on decoding; what does not fit is decoded in the next frame
const DIM = 0.3; // brightness of predictions beside the pictures of a network in training
const LIVE = 16; // tiles of a preview: samples of the first codes,
const LIVE_COPIES = 8; // and reconstructions of the first classes

export class Pictures {
  /** What the pictures are. */
  format = GREY_28;
  /** @type {Float32Array} all images, one after another */
  images = new Float32Array(0);
  /** @type {number[]} images that are reconstructed */
  copied = [];
  /** @type {Float32Array} the noise of the first seed */
  given = new Float32Array(0);
  /** @type {Float32Array} codes of the samples */
  normal = new Float32Array(0);
  /** Of what the pictures should show. */
  version = 0;
  /** @type {Float32Array} all pictures: samples, then reconstructions */
  tiles = new Float32Array(0);
  /** @type {Int32Array} the version that each picture shows */
  current = new Int32Array(0);
  /** @type {Float32Array} codes of all pictures */
  z = new Float32Array(0);
  /** The version that `z` is of. */
  coded = -1;
  nextTile = 0;

  /**
   * The images to reconstruct, and the noise of the samples.
   * @param {Float32Array} images @param {Float32Array} labels @param {Float32Array} noise @param {Format} [format]
   */
  take(images, labels, noise, format = GREY_28) {
    if (format.pixels !== this.format.pixels) this.tiles = new Float32Array(0);
    this.format = format;
    this.images = images;
    this.given = noise;
    this.copied = firstOfEach(labels, COPIES);
  }

  /**
   * The codes of the samples; the first seed's are those that previews decode.
   * @param {number} seed @param {number} d
   */
  seed(seed, d) {
    this.normal = seed === 0 ? this.given : Float32Array.from({ length: SAMPLES * d }, normals(seed));
    this.version++;
  }

  get count() {
    return SAMPLES + this.copied.length;
  }

  /**
   * Means of the reconstructed images, (COPIES * d): encoded for themselves where the others' codes are not there yet.
   * @param {Maker} maker @param {InterpolatedCodes | null} codes
   */
  copyMeans({ network, run }, codes) {
    const d = network.latentDim,
      { pixels } = this.format,
      means = new Float32Array(this.copied.length * d);
    /** @type {(image: number) => Float32Array} */
    const encoded = (image) =>
      network.encode(this.images.subarray(image * pixels, (image + 1) * pixels), 1, run?.beta).mean;
    this.copied.forEach((image, i) => {
      if (codes) means.set(codes.mean.subarray(image * d, (image + 1) * d), i * d);
      else if (run) means.set(encoded(image), i * d);
    });
    return means;
  }

  /**
   * Codes of all pictures: samples first, then reconstructions; units that are disabled sit at the prior's mean, 0.
   * @param {Maker} maker @param {InterpolatedCodes | null} codes @param {Set<number>} off
   */
  codesOf(maker, codes, off) {
    const d = maker.network.latentDim,
      z = new Float32Array(this.count * d);
    z.set(this.normal);
    z.set(this.copyMeans(maker, codes), SAMPLES * d);
    disable(z, d, off);
    return z;
  }

  /**
   * Decodes pictures that are out of date until the frame's time is used; true when none is left.
   * @param {Maker} maker @param {InterpolatedCodes | null} codes @param {number} beta @param {Set<number>} off
   */
  decode(maker, codes, beta, off) {
    const { network } = maker,
      { count, version } = this,
      { pixels } = this.format,
      d = network.latentDim;
    if (this.tiles.length !== count * pixels) {
      this.tiles = new Float32Array(count * pixels);
      this.current = new Int32Array(count).fill(-1);
      this.nextTile = 0;
    }
    if (this.coded !== version) {
      this.z = this.codesOf(maker, codes, off);
      this.coded = version;
    }
    const began = performance.now();
    for (let done = 0; done < count;) {
      const start = this.nextTile,
        n = Math.min(CHUNK, count - start);
      if (this.current[start] !== version || this.current[start + n - 1] !== version) {
        this.tiles.set(network.decodeImage(this.z.subarray(start * d, (start + n) * d), n, beta), start * pixels);
        this.current.fill(version, start, start + n);
      }
      this.nextTile = (start + n) % count;
      done += n;
      if (performance.now() - began > BUDGET) break;
    }
    return this.current.every((shown) => shown === version);
  }

  /**
   * How much the reconstructions change when the disabled units are enabled: root mean square over pixels, grey levels
   * of [0, 1].
   * @param {Maker} maker @param {InterpolatedCodes | null} codes @param {number} beta @param {Set<number>} off
   */
  effect(maker, codes, beta, off) {
    const { network } = maker,
      n = this.copied.length,
      z = this.copyMeans(maker, codes);
    const enabled = network.decodeImage(z, n, beta).slice();
    disable(z, network.latentDim, off);
    return rootMeanSquare(enabled, network.decodeImage(z, n, beta));
  }

  /**
   * Everything onto its canvases. Pictures of a network in training are bright, the others then dim; its samples are of
   * the first seed only.
   * @param {HTMLCanvasElement} samples @param {HTMLCanvasElement} copies
   * @param {Float32Array | null} live pictures as of `loadPreview` @param {number} seed
   */
  draw(samples, copies, live, seed) {
    const n = this.copied.length,
      faint = live ? DIM : 1,
      liveSamples = live && seed === 0 ? LIVE : 0,
      liveCopies = live ? Math.min(LIVE_COPIES, n) : 0;
    paintGrid(samples, PER_ROW, SAMPLES / PER_ROW, this.format, (i) =>
      live && i < liveSamples ? [live, i, 1] : [this.tiles, i, faint],
    );
    paintGrid(copies, n, 2, this.format, (i) => {
      if (i < n) return [this.images, this.copied[i], 1];
      return live && i - n < liveCopies ? [live, LIVE + i - n, 1] : [this.tiles, SAMPLES + i - n, faint];
    });
  }
}

/**
 * Sets units to 0 in all codes (n, d).
 * @param {Float32Array} z @param {number} d @param {Set<number>} off
 */
function disable(z, d, off) {
  for (const j of off) for (let at = j; at < z.length; at += d) z[at] = 0;
}

/**
 * The pictures of a network in training, as one array.
 * @param {string} url @param {Format} format
 */
export async function loadPreview(url, format) {
  const sprite = await decodeSprite(url, format, 8);
  return sprite.images(LIVE + LIVE_COPIES);
}
