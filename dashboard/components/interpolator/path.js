/* From one image to another: codes on a straight line or an arc between the codes of both, decoded, and the control,
   a cross-fade of the pixels. As core/latent/interpolation.py:

     lerp(a, b; t) = (1 - t) a + t b
     slerp(a, b; t) = sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b,  w the angle between a and b */

import { CHUNK } from "../../web/layers.js";
import { SIDES } from "../../web/models.js";

/** @import { Side } from "../../web/data.js" */
/** @import { Network } from "../../web/networks.js" */
/** @typedef {Side | "pixels"} Method */
/** @typedef {"linear" | "spherical"} Way */
/** @typedef {Pick<Network, "latentDim" | "encode" | "decodeImage">} Coder */

/** @type {Method[]} */
export const METHODS = ["left", "right", "pixels"];

/**
 * The weights of both ends at t.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {Way} way
 * @returns {(t: number) => [number, number]}
 */
export function weightsOf(a, b, way) {
  /** @type {(t: number) => [number, number]} */
  const straight = (t) => [1 - t, t];
  if (way === "linear") return straight;
  let dot = 0,
    aa = 0,
    bb = 0;
  for (let j = 0; j < a.length; j++) {
    dot += a[j] * b[j];
    aa += a[j] * a[j];
    bb += b[j] * b[j];
  }
  const lengths = Math.sqrt(aa) * Math.sqrt(bb),
    angle = lengths > 0 ? Math.acos(Math.min(1, Math.max(-1, dot / lengths))) : 0,
    sine = Math.sin(angle);
  if (sine < 1e-6) return straight; // no arc is defined
  return (t) => [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
}

/**
 * Points of the way from a to b, one after the other.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {Way} way @param {number[]} at each from 0 to 1
 */
export function between(a, b, way, at) {
  const weights = weightsOf(a, b, way),
    d = a.length,
    points = new Float32Array(at.length * d);
  at.forEach((t, i) => {
    const [first, second] = weights(t);
    for (let j = 0; j < d; j++) points[i * d + j] = first * a[j] + second * b[j];
  });
  return points;
}

/**
 * Where n frames stand, from 0 to 1.
 * @param {number} n
 */
export const places = (n) => Array.from({ length: n }, (_, i) => (n > 1 ? i / (n - 1) : 0));

/**
 * Euclidean distances between neighbouring frames, (n - 1).
 * @param {Float32Array} frames @param {number} n of them
 */
export function stepsOf(frames, n) {
  const pixels = frames.length / n;
  return Array.from({ length: Math.max(0, n - 1) }, (_, i) => {
    let sum = 0;
    for (let p = i * pixels; p < (i + 1) * pixels; p++) sum += (frames[p + pixels] - frames[p]) ** 2;
    return Math.sqrt(sum);
  });
}

export class Path {
  /** @type {Record<Side, Coder> | null} */
  networks = null;
  /** @type {[Float32Array, Float32Array]} */
  ends = [new Float32Array(0), new Float32Array(0)];
  /** @type {Record<Side, [Float32Array, Float32Array]> | null} codes of both ends */
  codes = null;
  /** @type {Way} */
  way = "linear";
  count = 0;
  /** @type {Partial<Record<Method, Float32Array>>} frames, one after another */
  frames = {};
  /** Of the frames. */
  version = 0;

  /** @param {Record<Side, Coder>} networks */
  take(networks) {
    this.networks = networks;
  }

  /**
   * Connects two other images.
   * @param {Float32Array} a an image @param {Float32Array} b @param {Way} way @param {number} count of frames
   */
  connect(a, b, way, count) {
    Object.assign(this, { ends: [a, b], way, count });
    const { networks } = this;
    this.codes = networks && {
      left: [networks.left.encode(a).mean.slice(), networks.left.encode(b).mean.slice()],
      right: [networks.right.encode(a).mean.slice(), networks.right.encode(b).mean.slice()],
    };
    this.frames = this.at(places(count));
    this.version++;
  }

  /**
   * What every method makes of these places; a model nothing before there is a network.
   * @param {number[]} at at most 16, each from 0 to 1
   * @returns {Partial<Record<Method, Float32Array>>}
   */
  at(at) {
    const { networks, codes, ends, way } = this,
      n = Math.min(at.length, CHUNK);
    /** @type {Partial<Record<Method, Float32Array>>} */
    const made = { pixels: between(ends[0], ends[1], "linear", at) };
    if (networks && codes)
      for (const side of SIDES)
        made[side] = networks[side].decodeImage(between(codes[side][0], codes[side][1], way, at), n).slice();
    return made;
  }
}
