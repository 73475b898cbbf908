/* Marks on a map: codes as dots, with their posteriors where those are known; single discs and rings; the prior's
   circles. A map of thousands of points is drawn by dots.js, which is many times faster but draws nothing else. */

/** @typedef {CanvasRenderingContext2D} Context */

const OPACITY = 0.85; // of a dot
const CLOUD = 0.1; // of a posterior's disc
const LEAST = 2; // pixels: a dot of a smaller radius is a square, which costs much less and looks alike

/**
 * A filled circle in the context's present colour.
 * @param {Context} context @param {number} x @param {number} y @param {number} radius
 */
export function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/**
 * A circle's line.
 * @param {Context} context @param {number} x @param {number} y @param {number} radius @param {string} color
 * @param {number} width
 */
export function ring(context, x, y, radius, color, width) {
  Object.assign(context, { strokeStyle: color, lineWidth: width });
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/**
 * Codes as dots in the colours of their classes.
 * @param {Context} context @param {ArrayLike<number>} places x0 y0 x1 y1 ..., on the canvas
 * @param {ArrayLike<number>} labels class indices @param {string[]} palette of the classes; used again from its
 *   beginning where there are more of them
 * @param {{radius?: number, opacity?: number, spread?: ArrayLike<number> | null}} [options] `spread`: half axes of the
 *   posteriors, a disc of one standard deviation behind each dot, laid out as `places`
 */
export function drawCodes(context, places, labels, palette, { radius = 3, opacity = OPACITY, spread = null } = {}) {
  context.globalAlpha = opacity;
  for (let i = 0; 2 * i < places.length; i++) {
    const x = places[2 * i],
      y = places[2 * i + 1];
    context.fillStyle = palette[labels[i] % palette.length];
    if (spread) {
      context.globalAlpha = CLOUD;
      context.beginPath();
      context.ellipse(x, y, spread[2 * i], spread[2 * i + 1], 0, 0, 2 * Math.PI);
      context.fill();
      context.globalAlpha = opacity;
    }
    if (radius < LEAST) context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    else disc(context, x, y, radius);
  }
  context.globalAlpha = 1;
}

/**
 * Places of a plane on the canvas, x0 y0 x1 y1 ...: the plane's origin at (x, y), one unit `unit` pixels long, upwards.
 * @param {ArrayLike<number>} points @param {number} x @param {number} y @param {number} unit
 */
export function onCanvas(points, x, y, unit) {
  const places = new Float32Array(points.length);
  for (let k = 0; k < points.length; k++) places[k] = k % 2 ? y - points[k] * unit : x + points[k] * unit;
  return places;
}

/**
 * The prior's circles r = 1, 2, 3 around a place on the screen, one standard deviation being `unit` pixels.
 * @param {Context} context @param {number} x @param {number} y @param {number} unit
 * @param {string} color
 * @param {(r: number, radius: number) => void} [each] called after each circle, to name it for instance
 */
export function priorCircles(context, x, y, unit, color, each = () => {}) {
  Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: 1 });
  for (const r of [1, 2, 3]) {
    if (r * unit < 6) continue; // too small to be seen as a circle
    context.beginPath();
    context.arc(x, y, r * unit, 0, 2 * Math.PI);
    context.stroke();
    each(r, r * unit);
  }
}
