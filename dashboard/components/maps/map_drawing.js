/* What is drawn on a map: its points or images in their place, the prior, posteriors, neighbours, the image pointed
   at. */

import { ring } from "../../web/marks.js";
import { colorOf } from "../../web/models.js";
import { normals } from "../../web/posterior.js";
import { tilePlace } from "../../web/sprites.js";
import { apart, nearest } from "./map_points.js";

/** @import { MapData } from "../../web/data.js" */
/** @import { Look } from "../../web/look.js" */
/** @import { Place, Scatter } from "../../web/scatter.js" */
/** @import { Sprite } from "../../web/sprites.js" */
/**
 * What a map shows of the images.
 * @typedef {object} Content
 * @property {string[]} colors a palette
 * @property {ArrayLike<number>} which for each point its place in the palette
 * @property {Uint8Array} level for each point 1 if it is drawn in full
 * @property {number} current the image pointed at; -1: none
 * @property {Record<string, boolean>} layers
 * @property {Float32Array} codes (n, dim)
 * @property {Float32Array | undefined} sigma (n, 2), in a map that is the latent space itself
 * @property {Sprite | undefined} sprite
 * @property {boolean} pictures whether images are drawn in place of their points
 */

export const NEIGHBOURS = 8;
const PRIOR_SAMPLES = 400; // drawn on a map that is the latent space itself
const PICTURE = 26; // pixels of an image in place of its point
const MARKED = 44; // pixels of the image pointed at
const CROSS = 2.5; // pixels from the centre of a cross to its ends

/**
 * Draws a map. Returns how many images take the place of their points, those out of sight included.
 * @param {CanvasRenderingContext2D} context @param {Scatter} map @param {MapData} info @param {Content} content
 * @param {Look} look
 */
export function drawMap(context, map, info, content, look) {
  const { current, layers, level, colors, which } = content,
    own = colorOf(info, look.dark),
    sigma = info.native ? content.sigma : undefined,
    sprite = content.pictures ? content.sprite : undefined;
  map.stamp(context, colors, which, sprite ? level.map(() => 0) : level, look.background);
  const pictures = sprite ? drawImages(context, map, content, sprite) : 0;
  if (info.native && layers.circles) map.circles(context, look.muted);
  if (info.native && layers.prior) drawPrior(context, map, look.text);
  /** @type {(i: number, width: number, color: string, alpha?: number) => void} */
  const ellipse = (i, width, color, alpha) => {
    if (sigma) map.ellipse(context, placeOf(map, i), sigma.subarray(2 * i, 2 * i + 2), width, color, alpha);
  };
  if (layers.ellipses) for (let i = 0; i < level.length; i++) if (level[i]) ellipse(i, 1, look.text, 0.16);
  if (current < 0) return pictures;
  context.lineWidth = 1.2;
  for (const width of [1, 2]) ellipse(current, width, own);
  if (layers.neighbours) drawNeighbours(context, map, content, info.dim, look);
  drawMarked(context, map, content, own, look);
  return pictures;
}

/** @param {Scatter} map @param {number} i @returns {Place} */
const placeOf = ({ points }, i) => [points[2 * i], points[2 * i + 1]];

/** @param {Scatter} map @param {number} i @returns {Place} on the canvas */
const onScreen = (map, i) => map.toScreen(...placeOf(map, i));

/**
 * Images in place of their points, as many as fit beside each other, framed in the points' colours.
 * @param {CanvasRenderingContext2D} context @param {Scatter} map @param {Content} content @param {Sprite} sprite
 */
function drawImages(context, map, { colors, which, level }, { picture, format }) {
  const half = PICTURE / 2;
  context.lineWidth = 2;
  const chosen = apart(map.points, map.scale * map.view.zoom, PICTURE + 2, level);
  for (const i of chosen) {
    const [x, y] = onScreen(map, i);
    if (x < -half || y < -half || x > map.width + half || y > map.height + half) continue;
    context.drawImage(picture, ...tilePlace(i, format.side), x - half, y - half, PICTURE, PICTURE);
    context.strokeStyle = colors[which[i] % colors.length];
    context.strokeRect(x - half + 1, y - half + 1, PICTURE - 2, PICTURE - 2);
  }
  return chosen.length;
}

/**
 * Samples of the prior, as crosses.
 * @param {CanvasRenderingContext2D} context @param {Scatter} map @param {string} color
 */
function drawPrior(context, map, color) {
  const next = normals(1);
  Object.assign(context, { strokeStyle: color, globalAlpha: 0.5 });
  context.beginPath();
  for (let i = 0; i < PRIOR_SAMPLES; i++) {
    const [x, y] = map.toScreen(next(), next());
    context.moveTo(x - CROSS, y - CROSS);
    context.lineTo(x + CROSS, y + CROSS);
    context.moveTo(x - CROSS, y + CROSS);
    context.lineTo(x + CROSS, y - CROSS);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * Lines to the nearest codes.
 * @param {CanvasRenderingContext2D} context @param {Scatter} map @param {Content} content @param {number} dim
 * @param {Look} look
 */
function drawNeighbours(context, map, { codes, current }, dim, look) {
  context.strokeStyle = look.text;
  for (const j of nearest(codes, dim, current, NEIGHBOURS)) {
    context.beginPath();
    context.moveTo(...onScreen(map, current));
    context.lineTo(...onScreen(map, j));
    context.stroke();
  }
}

/**
 * A ring round the image pointed at, and the image itself beside it, kept inside the map.
 * @param {CanvasRenderingContext2D} context @param {Scatter} map @param {Content} content @param {string} color
 * @param {Look} look
 */
function drawMarked(context, map, { current, sprite }, color, look) {
  const [x, y] = onScreen(map, current);
  ring(context, x, y, 8, look.background, 4.5);
  ring(context, x, y, 8, color, 2.5);
  if (!sprite || x < 0 || y < 0 || x > map.width || y > map.height) return;
  const left = x + 14 + MARKED > map.width ? x - 14 - MARKED : x + 14,
    top = Math.min(Math.max(y - MARKED / 2, 3), map.height - MARKED - 3);
  context.imageSmoothingEnabled = false;
  context.drawImage(sprite.picture, ...tilePlace(current, sprite.format.side), left, top, MARKED, MARKED);
  context.imageSmoothingEnabled = true;
  context.lineWidth = 1.5;
  context.strokeRect(left, top, MARKED, MARKED);
}
