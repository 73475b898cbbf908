/* Pictures on canvases: where each number of an image goes, grey and in colour. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { paint, paintSigned } from "../../dashboard/web/canvas.js";
import { formatOf } from "../../dashboard/web/image.js";
import { readTile } from "../../dashboard/web/sprites.js";
import { paintGrid } from "../../dashboard/web/tiles.js";
import { numbers } from "./tools.js";

/** A canvas that keeps what is put on it. */
function canvas() {
  const made = { width: 0, height: 0, style: {}, shown: null };
  const context = {
    createImageData: (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }),
    putImageData: (pixels) => (made.shown = pixels),
  };
  return Object.assign(made, { getContext: () => context });
}

const FORMATS = [
  [1, 28, 28],
  [1, 64, 64],
  [3, 28, 28],
  [3, 32, 32],
].map(formatOf);

for (const format of FORMATS) {
  const { channels, side, area, pixels } = format,
    images = numbers(3 * pixels, 1, 0, 1);
  /** Red, green, blue and opacity of a pixel of image i. */
  const expected = (i, p) => [
    ...[0, 1, 2].map((c) => Math.round(255 * images[i * pixels + (channels > 1 ? c : 0) * area + p])),
    255,
  ];

  test(`${channels} x ${side} x ${side}: a painted image has the colours of its numbers`, () => {
    const made = canvas();
    paint(made, images, format, pixels);
    assert.deepEqual([made.width, made.height], [side, side]);
    for (const p of [0, 1, side, area - 1])
      assert.deepEqual([...made.shown.data.subarray(4 * p, 4 * p + 4)], expected(1, p));
  });

  test(`${channels} x ${side} x ${side}: tiles stand in rows, a pixel apart, and are read back as they were`, () => {
    const made = canvas();
    paintGrid(made, 2, 2, format, (i) => (i < 3 ? [images, i, 1] : null));
    const width = 2 * side + 1,
      { data } = made.shown;
    assert.deepEqual([made.width, made.height], [width, width]);
    const at = (x, y) => [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
    assert.deepEqual(at(side + 1 + 5, 7), expected(1, 7 * side + 5));
    assert.deepEqual(at(0, side + 1), expected(2, 0));
    assert.deepEqual(at(side, 3), [0, 0, 0, 0], "between two tiles");
    assert.deepEqual(at(side + 4, side + 4), [0, 0, 0, 0], "a tile that is not there");
    const back = new Float32Array(pixels);
    readTile(data, width, side + 1, format, back, 0, 255);
    for (let p = 0; p < pixels; p++) assert.ok(Math.abs(back[p] - images[pixels + p]) <= 0.5 / 255 + 1e-6);
  });

  test(`${channels} x ${side} x ${side}: tiles can be dimmed, and differences have two colours`, () => {
    const made = canvas();
    paintGrid(made, 1, 1, format, () => [images, 0, 0.5]);
    const [red] = made.shown.data;
    assert.ok(Math.abs(red - 127.5 * images[0]) <= 0.5);
    paintSigned(made, images.map((v) => (v > 0.5 ? 1 : 1)).fill(-1, 0, pixels), format, 1, [1, 2, 3], [4, 5, 6]);
    assert.deepEqual([...made.shown.data.subarray(0, 4)], [1, 2, 3, 255]);
  });
}
