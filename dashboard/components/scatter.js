/* One map of points on a canvas: fits, zooms, pans, draws and answers which point is where. Used by maps.js and others.

   Points are stamped from an atlas of discs drawn once for each colour, so 10,000 of them cost a few milliseconds. A view
   {zoom, x, y} is relative to the fitted picture and in units of its width: the same view means the same to maps of any
   size, which is what links two of them. */

const STAMP = 32; // side of a disc in the atlas, larger than any point drawn from it

export class Scatter {
  /** @param canvas where to draw; sized by draw(). */
  constructor(canvas) {
    this.canvas = canvas;
    this.view = { zoom: 1, x: 0, y: 0 };
    this.points = new Float32Array(0); // x0 y0 x1 y1 ...
    this.atlas = document.createElement("canvas");
    this.width = this.height = 1;
  }

  /** New points; by default the picture is fitted around them, `bounds` = [x0, y0, x1, y1] overrides that. */
  setPoints(points, bounds = null) {
    this.points = points;
    this.bounds = bounds ?? boundsOf(points);
  }

  resize(width, height) {
    Object.assign(this, { width, height });
    const [x0, y0, x1, y1] = this.bounds;
    this.scale = (0.92 * Math.min(width / Math.max(x1 - x0, 1e-6), height / Math.max(y1 - y0, 1e-6))); // equal on both axes
    this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  /** Screen position of a data position. */
  toScreen(x, y) {
    const { zoom } = this.view, unit = this.width;
    return [
      ((x - this.centre[0]) * this.scale + this.view.x * unit) * zoom + this.width / 2,
      (-(y - this.centre[1]) * this.scale + this.view.y * unit) * zoom + this.height / 2,
    ];
  }

  /** Data position of a screen position. */
  toData(px, py) {
    const { zoom } = this.view, unit = this.width;
    return [
      ((px - this.width / 2) / zoom - this.view.x * unit) / this.scale + this.centre[0],
      -((py - this.height / 2) / zoom - this.view.y * unit) / this.scale + this.centre[1],
    ];
  }

  pan(dx, dy) {
    this.view.x += dx / this.width / this.view.zoom;
    this.view.y += dy / this.width / this.view.zoom;
  }

  /** Zoom by a factor, keeping what is under (px, py) where it is. */
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const zoom = Math.min(Math.max(this.view.zoom * factor, 0.5), 60);
    for (const [axis, at, middle] of [["x", px, this.width / 2], ["y", py, this.height / 2]])
      this.view[axis] += ((at - middle) / this.width) * (1 / zoom - 1 / this.view.zoom);
    this.view.zoom = zoom;
  }

  /** Index of the nearest point within `reach` pixels that `allowed` admits, or -1. */
  at(px, py, reach = 14, allowed = null) {
    let best = -1, least = reach * reach;
    const s = this.scale * this.view.zoom, [ox, oy] = this.toScreen(0, 0), { points } = this;
    for (let i = 0; i < points.length / 2; i++) {
      const dx = points[2 * i] * s + ox - px, dy = -points[2 * i + 1] * s + oy - py;
      const distance = dx * dx + dy * dy;
      if (distance < least && (!allowed || allowed[i])) (least = distance), (best = i);
    }
    return best;
  }

  /** From point i to its nearest neighbour on the screen within 45 degrees of a direction, or i itself. */
  step(i, dx, dy, allowed = null) {
    let best = i, least = Infinity;
    const [x0, y0] = [this.points[2 * i], this.points[2 * i + 1]];
    for (let j = 0; j < this.points.length / 2; j++) {
      if (j === i || (allowed && !allowed[j])) continue;
      const x = this.points[2 * j] - x0, y = y0 - this.points[2 * j + 1];
      const along = x * dx + y * dy, across = Math.abs(x * dy) + Math.abs(y * dx);
      if (along > 0 && across <= along && along * along + across * across < least) (least = along * along + across * across), (best = j);
    }
    return best;
  }

  /** Indices of the points inside a polygon of screen positions [[x, y], ...]. */
  inside(polygon, allowed = null) {
    const found = [];
    const s = this.scale * this.view.zoom, [ox, oy] = this.toScreen(0, 0);
    for (let i = 0; i < this.points.length / 2; i++) {
      if (allowed && !allowed[i]) continue;
      const x = this.points[2 * i] * s + ox, y = -this.points[2 * i + 1] * s + oy;
      let odd = false;
      for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
        const [xa, ya] = polygon[a], [xb, yb] = polygon[b];
        if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) odd = !odd;
      }
      if (odd) found.push(i);
    }
    return found;
  }

  /** Radius in pixels that suits this many points at this zoom. */
  radius() {
    const crowd = Math.sqrt(2000 / Math.max(this.points.length / 2, 300));
    return Math.min(Math.max(2.6 * crowd * (this.width / 420) ** 0.5 * this.view.zoom ** 0.45, 1.3), 9);
  }

  /** Stamps every point: `colors` is a palette, `which` a palette index a point, `level` an opacity class a point (0 faint, 1 full). */
  stamp(context, colors, which, level, faint = 0.13) {
    const key = colors.join();
    if (this.atlasKey !== key) {
      this.atlasKey = key;
      this.atlas.width = STAMP * colors.length;
      this.atlas.height = STAMP;
      const pen = this.atlas.getContext("2d");
      colors.forEach((color, c) => {
        pen.fillStyle = color;
        pen.beginPath();
        pen.arc((c + 0.5) * STAMP, STAMP / 2, STAMP / 2 - 1, 0, 2 * Math.PI);
        pen.fill();
      });
    }
    const r = this.radius(), size = 2 * r;
    const s = this.scale * this.view.zoom, [ox, oy] = this.toScreen(0, 0), { points } = this;
    for (const pass of [0, 1]) {
      context.globalAlpha = pass ? 0.85 : faint;
      for (let i = 0; i < points.length / 2; i++) {
        if (level[i] !== pass) continue;
        const x = points[2 * i] * s + ox - r, y = -points[2 * i + 1] * s + oy - r;
        if (x > -size && y > -size && x < this.width && y < this.height) context.drawImage(this.atlas, which[i] * STAMP, 0, STAMP, STAMP, x, y, size, size);
      }
    }
    context.globalAlpha = 1;
  }

  /** The prior's circles r = 1, 2, 3 and its centre: only where the map is the latent space itself. */
  circles(context, color) {
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = 1;
    context.font = "11px sans-serif";
    const [cx, cy] = this.toScreen(0, 0);
    for (const r of [1, 2, 3]) {
      const radius = r * this.scale * this.view.zoom;
      context.beginPath();
      context.arc(cx, cy, radius, 0, 2 * Math.PI);
      context.stroke();
      context.fillText(`r = ${r}`, cx + radius * 0.71 + 3, cy - radius * 0.71 - 3);
    }
  }

  /** A posterior to scale: its mean +- `width` standard deviations. */
  ellipse(context, mean, sigma, width, color, alpha = 1) {
    const [x, y] = this.toScreen(mean[0], mean[1]);
    const s = this.scale * this.view.zoom * width;
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.beginPath();
    context.ellipse(x, y, Math.max(sigma[0] * s, 0.5), Math.max(sigma[1] * s, 0.5), 0, 0, 2 * Math.PI);
    context.stroke();
    context.globalAlpha = 1;
  }
}

/** Bounds that leave out the farthest 0.2 % on each side, which would squeeze everything else. */
export function boundsOf(points) {
  const range = (offset) => {
    const values = Float32Array.from({ length: points.length / 2 }, (_, i) => points[2 * i + offset]).sort();
    const cut = Math.floor(values.length * 0.002);
    return [values[cut], values[values.length - 1 - cut]];
  };
  if (points.length < 4) return [-1, -1, 1, 1];
  const [[x0, x1], [y0, y1]] = [range(0), range(1)];
  return [x0, y0, x1, y1];
}
