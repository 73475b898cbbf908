/* Drawings become images the way MNIST's digits were made: fitted, centred, ink preserved, wherever and however large
   they are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitLikeMnist, flat, groundOf, overlaid, resample } from "../../dashboard/web/drawing.js";
import { grown } from "../../dashboard/web/drawing_pad.js";
import { GREY_28, formatOf } from "../../dashboard/web/image.js";
import { close, numbers } from "./tools.js";

const { pixels: PIXELS, side: SIDE } = GREY_28;

/** Ink of a pad, (side * side), from a function of column and row. */
const ink = (side, level) =>
  Float32Array.from({ length: side * side }, (_, i) => level(i % side, Math.floor(i / side)));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const inside = (x, y, left, top, width, height) =>
  Number(x >= left && x < left + width && y >= top && y < top + height);

/** An L of size (width, height) at a place: not symmetric, so its centre of mass is not its box's. */
const letter = (side, left, top, width, height) =>
  ink(side, (x, y) =>
    Math.max(
      inside(x, y, left, top, Math.ceil(width / 4), height),
      inside(x, y, left, top + height - Math.ceil(height / 4), width, Math.ceil(height / 4)),
    ),
  );

function centreOfMass(image) {
  let x = 0,
    y = 0;
  image.forEach((v, i) => {
    x += v * ((i % SIDE) + 0.5);
    y += v * (Math.floor(i / SIDE) + 0.5);
  });
  return [x / sum(image), y / sum(image)];
}

function box(image) {
  const inked = [...image.keys()].filter((i) => image[i] > 1e-6);
  const [xs, ys] = [inked.map((i) => i % SIDE), inked.map((i) => Math.floor(i / SIDE))];
  return [Math.max(...xs) - Math.min(...xs) + 1, Math.max(...ys) - Math.min(...ys) + 1];
}

test("an empty pad is a black image", () => {
  assert.deepEqual(fitLikeMnist(new Float32Array(280 * 280), 280), new Float32Array(PIXELS));
});

test("the centre of mass lies in the middle, the longer side is 20 pixels, the aspect ratio is kept", () => {
  for (const [width, height] of [
    [80, 160],
    [160, 80],
    [40, 40],
  ]) {
    const image = fitLikeMnist(letter(280, 20, 30, width, height), 280);
    close(centreOfMass(image), [SIDE / 2, SIDE / 2], 0.05 / SIDE); // ink within a pixel counts as at its centre
    const [w, h] = box(image), // up to a pixel at each edge, where an edge falls within it
      scale = 20 / Math.max(width, height);
    assert.ok(w >= width * scale - 1e-6 && w <= width * scale + 2, `width ${w}`);
    assert.ok(h >= height * scale - 1e-6 && h <= height * scale + 2, `height ${h}`);
    assert.ok(image.every((v) => v >= 0 && v <= 1 + 1e-6));
  }
});

test("where a drawing is, and how large, changes nothing", () => {
  const image = fitLikeMnist(letter(280, 20, 30, 80, 160), 280);
  close(fitLikeMnist(letter(280, 150, 101, 80, 160), 280), image, 1e-5, "moved:");
  close(fitLikeMnist(letter(140, 10, 15, 40, 80), 140), image, 1e-5, "on a pad of half the size:");
  close(fitLikeMnist(letter(280, 7, 90, 40, 80), 280), image, 1e-5, "half as large:");
});

test("resampling preserves the amount of ink, for whole and for broken steps", () => {
  for (const side of [SIDE, 56, 100, 280]) {
    const drawn = numbers(side * side, side, 0, 1);
    close([sum(resample(drawn, side)) * (side / SIDE) ** 2], [sum(drawn)], 1e-4, `side ${side}:`);
  }
  const drawn = letter(100, 30, 30, 40, 40),
    step = 100 / 27.3; // the frame still holds all of the ink
  close([sum(resample(drawn, 100, SIDE, step, -1.7, -0.4)) * step ** 2], [sum(drawn)], 1e-5);
});

test("larger images are fitted in proportion", () => {
  for (const side of [32, 64]) {
    const image = fitLikeMnist(letter(280, 30, 40, 120, 180), 280, side);
    assert.equal(image.length, side * side);
    const inked = [...image.keys()].filter((i) => image[i] > 1e-6).map((i) => Math.floor(i / side));
    const high = Math.max(...inked) - Math.min(...inked) + 1;
    assert.ok(Math.abs(high - (20 * side) / 28) <= 1.5, `${high} rows of ${side}`);
  }
});

test("the ground is what most of the images' edges have, channel by channel; grey images lie on black", () => {
  const format = formatOf([3, 32, 32]),
    images = numbers(5 * format.pixels, 4, 0, 1);
  for (let i = 0; i < 5; i++)
    [0.25, 0.5, 1].forEach((level, c) => {
      const start = i * format.pixels + c * format.area;
      for (let y = 0; y < 32; y++)
        for (let x = 0; x < 32; x++)
          if (x % 31 === 0 || y % 31 === 0) images[start + 32 * y + x] = i === 4 ? 0.9 : level; // one is another
    });
  assert.deepEqual(groundOf(images, format), [0.25, 0.5, 1]);
  assert.deepEqual(groundOf(new Float32Array(PIXELS).fill(1), GREY_28), [0]);
});

test("strokes in colour keep their place, and cover what is under them as far as they cover a pixel", () => {
  const format = formatOf([3, 32, 32]),
    side = 288,
    under = flat([0.2, 0.4, 1], format),
    covered = ink(side, (x, y) => inside(x, y, 90, 45, 22.5, 9)), // two and a half pixels in row 5
    pen = [1, 0.5, 0],
    image = overlaid([covered, ...pen.map((level) => covered.map((v) => v * level))], side, format, under);
  const at = (x, y) => [0, 1, 2].map((c) => image[c * format.area + y * 32 + x]);
  close(at(10, 5), pen, 1e-5);
  close(at(11, 5), pen, 1e-5);
  const share = sum(covered.slice(50 * side + 108, 50 * side + 117)) / 9;
  assert.ok(share > 0.4 && share < 0.6);
  close(
    at(12, 5),
    pen.map((level, c) => share * level + (1 - share) * [0.2, 0.4, 1][c]),
    1e-5,
  );
  for (const [x, y] of [
    [9, 5],
    [13, 5],
    [10, 4],
    [10, 6],
  ])
    close(at(x, y), [0.2, 0.4, 1], 1e-5);
});

test("a pixel is the mean of the ink under it", () => {
  const image = numbers(PIXELS, 1, 0, 1);
  close(resample(image, SIDE), image, 1e-6, "same size:");
  const enlarged = ink(3 * SIDE, (x, y) => image[Math.floor(y / 3) * SIDE + Math.floor(x / 3)]);
  close(resample(enlarged, 3 * SIDE), image, 1e-6, "three times as large:");
  const shifted = resample(image, SIDE, SIDE, 1, 0.25, 0);
  close(
    shifted.slice(0, SIDE - 1),
    Array.from({ length: SIDE - 1 }, (_, x) => 0.75 * image[x] + 0.25 * image[x + 1]),
    1e-6,
    "a quarter of a pixel to the right:",
  );
});

test("what a pen leaves is inside the area that is read again, which stays inside the pad", () => {
  const first = grown(null, [50.5, 60.2], 10, 280);
  assert.deepEqual(first, { left: 39, top: 49, right: 62, bottom: 72 });
  assert.deepEqual(grown(first, [3, 279], 10, 280), { left: 0, top: 49, right: 62, bottom: 280 });
  const beside = grown(null, [400, 20], 10, 280);
  assert.ok(beside.right <= beside.left, "nothing of the pad");
});
