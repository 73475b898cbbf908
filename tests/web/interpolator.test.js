/* The interpolator: paths as in core/latent/interpolation.py, drawings in the address, what is said of the midpoint. */

import assert from "node:assert/strict";
import test from "node:test";

import { closest, endName, nextOf, takeaway } from "../../dashboard/components/interpolator/interpolator_words.js";
import { Path, between, places, stepsOf } from "../../dashboard/components/interpolator/path.js";
import { fromText, rounded, toText } from "../../dashboard/components/interpolator/drawn_text.js";
import { GREY_28, formatOf } from "../../dashboard/web/image.js";
import { inParts } from "../../dashboard/web/sentences.js";
import { close, numbers } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

const A = [1, 0],
  B = [0, 2];

test("a line and an arc pass where they should", () => {
  close(between(A, B, "linear", [0, 0.5, 1]), [1, 0, 0.5, 1, 0, 2]);
  const [x, y] = between(A, B, "spherical", [0.5]);
  close([Math.atan2(y / 2, x)], [Math.PI / 4], 1e-6);
  const unit = between([1, 0], [0, 1], "spherical", places(7));
  for (let i = 0; i < 7; i++) close([Math.hypot(unit[2 * i], unit[2 * i + 1])], [1], 1e-6);
});

test("both ways begin and end at the ends", () => {
  const a = numbers(5, 1),
    b = numbers(5, 2);
  for (const way of /** @type {const} */ (["linear", "spherical"]))
    close(between(a, b, way, [0, 1]), [...a, ...b], 1e-6);
});

test("where no arc is defined, it is the line", () => {
  for (const b of [A, [-1, 0], [0, 0], [3, 0]])
    close(between(A, b, "spherical", [0.25]), between(A, b, "linear", [0.25]), 1e-6);
});

/** Encodes an image as its first two pixels; a picture is the code's sum in every pixel. */
const network = {
  latentDim: 2,
  encode: (image) => ({ mean: image.slice(0, 2), logvar: null }),
  decodeImage: (z, n = 1) =>
    Float32Array.from({ length: n * PIXELS }, (_, p) => {
      const i = Math.floor(p / PIXELS);
      return z[2 * i] + z[2 * i + 1];
    }),
};

test("frames are decoded codes of the path; the cross-fade needs no network and is straight", () => {
  const path = new Path(),
    black = new Float32Array(PIXELS),
    white = new Float32Array(PIXELS).fill(1);
  path.connect(black, white, "spherical", 5);
  assert.deepEqual(Object.keys(path.frames), ["pixels"]);
  close(
    path.frames.pixels.filter((_, p) => p % PIXELS === 9),
    places(5),
    1e-6,
  );
  path.take({ left: network, right: network });
  path.connect(black, white, "linear", 5);
  close(
    path.frames.left.filter((_, p) => p % PIXELS === 0),
    places(5).map((t) => 2 * t),
    1e-6,
  );
  close(path.at([0.5]).right.slice(0, 1), [1], 1e-6);
});

test("distances of neighbouring frames; a cross-fade has even steps", () => {
  const path = new Path();
  path.connect(numbers(PIXELS, 3, 0, 1), numbers(PIXELS, 4, 0, 1), "linear", 6);
  const steps = stepsOf(path.frames.pixels, 6);
  assert.equal(steps.length, 5);
  close(steps, Array(5).fill(steps[0]), 1e-4);
  assert.deepEqual(stepsOf(new Float32Array(PIXELS), 1), []);
});

test("a drawing comes back from the address, rounded to 16 grey levels", () => {
  const drawing = rounded(numbers(PIXELS, 5, 0, 1)),
    text = toText(drawing, GREY_28);
  assert.match(text, /^[\w-]{523}$/, "nothing that an address would have to escape");
  close(fromText(text, GREY_28), drawing, 1e-6);
});

test("a drawing of any shape comes back from its text; runs of one colour make it short", () => {
  for (const shape of [
    [1, 32, 32],
    [1, 64, 64],
    [3, 28, 28],
    [3, 32, 32],
    [3, 64, 64],
  ]) {
    const format = formatOf(shape),
      { channels, area, pixels } = format;
    const noise = rounded(numbers(pixels, 6, 0, 1)),
      flat = new Float32Array(pixels);
    for (let c = 0; c < channels; c++)
      flat.fill((c + 1) / 15, c * area, (c + 1) * area).fill(1, c * area + 40, c * area + 57);
    for (const drawing of [noise, flat]) {
      const text = toText(drawing, format);
      assert.match(text, /^[\w-]+$/);
      close(fromText(text, format), drawing, 1e-6, `${shape}:`);
    }
    if (channels > 1) assert.ok(toText(flat, format).length < toText(noise, format).length / 10);
  }
});

const DISTANCES = { left: 5, right: 6, pixels: 7 };

test("the closest midpoint, and both where they hardly differ; the cross-fade wins every tie", () => {
  assert.equal(closest(DISTANCES, 0.05), "left");
  assert.equal(closest({ ...DISTANCES, right: 4 }, 0.05), "right");
  assert.equal(closest({ ...DISTANCES, right: 5.2 }, 0.05), "both");
  assert.equal(closest({ ...DISTANCES, pixels: 5.2 }, 0.05), "pixels");
  assert.equal(closest({ left: 5, right: 5, pixels: 5 }, 0.05), "pixels");
});

test("the sentence names the verdict and all three distances", () => {
  const verdicts = { left: "the :orange[**AE**] is", right: "", both: "", pixels: "" };
  const said = takeaway(DISTANCES, { verdicts, tolerance: 0.05 }, { left: "L", right: "R", pixels: "P" });
  assert.equal(
    said,
    "At the midpoint, the :orange[**AE**] is. (Distance to the nearest real image: L 5.0, R 6.0, P 7.0.)",
  );
  assert.deepEqual(inParts(said)[1], { name: "AE" });
});

test("an end is a test image with its class, or a drawing; the next of a class begins again at the end", () => {
  const values = { a: 2, b: 0, a_drawn: "", b_drawn: "x", way: "linear", steps: 9, at: 0.5 },
    labels = [0, 1, 0, 1, 1],
    data = { classes: ["cat", "dog"], class_word: "class" };
  assert.equal(endName("a", values, labels, data), "Test image 2, class cat");
  assert.equal(endName("b", values, labels, data), "A drawing");
  assert.deepEqual(
    [nextOf(labels, 1, -1), nextOf(labels, 1, 1), nextOf(labels, 1, 4), nextOf(labels, 2, 3)],
    [1, 3, 1, 3],
  );
});
