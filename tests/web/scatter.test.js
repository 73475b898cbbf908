/* A map of points: screen and data positions are inverses, zooming keeps what is under the finger, hits agree with a
   naive search. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { discs } from "../../dashboard/web/dots.js";
import { Scatter, boundsOf } from "../../dashboard/web/scatter.js";
import { close, numbers, uniform } from "./tools.js";

/** A map of random points that was zoomed and panned at random. */
function map(seed, n = 200, width = 400, height = 300) {
  const next = uniform(seed),
    scatter = new Scatter(null);
  scatter.setPoints(numbers(2 * n, seed, -5, 5));
  scatter.resize(width, height);
  scatter.zoomAt(1.5 + next(), 200 + 100 * next(), 150 + 100 * next());
  scatter.pan(80 * next(), 80 * next());
  return scatter;
}

const place = (scatter, i) => scatter.toScreen(scatter.points[2 * i], scatter.points[2 * i + 1]);

test("to the screen and back is where one started", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const scatter = map(seed);
    for (const [x, y] of [
      [0, 0],
      [-4.2, 3.3],
      [1e-3, -7],
    ])
      close(scatter.toData(...scatter.toScreen(x, y)), [x, y], 1e-9);
  }
});

test("the fitted picture shows every point, upright, with one scale for both axes", () => {
  const scatter = new Scatter(null);
  scatter.setPoints(numbers(400, 1, -5, 5));
  for (const [width, height] of [
    [400, 300],
    [100, 700],
  ]) {
    scatter.resize(width, height);
    for (let i = 0; i < 200; i++) {
      const [x, y] = place(scatter, i);
      assert.ok(x >= 0 && x <= width && y >= 0 && y <= height);
    }
    const [x0, y0] = scatter.toScreen(0, 0),
      [x1] = scatter.toScreen(1, 0),
      [, y1] = scatter.toScreen(0, 1);
    assert.ok(x1 > x0 && y1 < y0);
    close([x1 - x0], [y0 - y1], 1e-9);
  }
});

test("zooming keeps what is under the pointer; zooming out again restores the view; zoom has limits", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const scatter = map(seed),
      before = { ...scatter.view },
      under = scatter.toData(120, 80);
    scatter.zoomAt(1.7, 120, 80);
    close(scatter.toScreen(...under), [120, 80], 1e-9);
    scatter.zoomAt(1 / 1.7, 120, 80);
    close(Object.values(scatter.view), Object.values(before), 1e-9);
    scatter.zoomAt(1e6);
    assert.equal(scatter.view.zoom, 60);
    scatter.zoomAt(1e-6);
    assert.equal(scatter.view.zoom, 0.5);
  }
});

test("panning moves every point by as many pixels as the finger", () => {
  const scatter = map(3),
    before = place(scatter, 7);
  scatter.pan(13, -21);
  const after = place(scatter, 7);
  close([after[0] - before[0], after[1] - before[1]], [13, -21], 1e-9);
});

test("the same view on maps of other sizes shows the same: that is what links two of them", () => {
  const small = map(5),
    large = new Scatter(null);
  large.setPoints(small.points);
  large.view = { ...small.view };
  large.resize(3 * small.width, 3 * small.height);
  for (const i of [0, 50, 199])
    close(
      place(large, i),
      place(small, i).map((v) => 3 * v),
      1e-9,
    );
});

test("the point under the pointer is the nearest of those within reach that are allowed", () => {
  const next = uniform(11);
  for (let seed = 1; seed <= 10; seed++) {
    const scatter = map(seed),
      n = scatter.points.length / 2,
      allowed = seed % 2 ? null : Uint8Array.from({ length: n }, (_, i) => i % 3 === 0);
    for (let round = 0; round < 50; round++) {
      const [px, py] = [200 + 200 * next(), 150 + 150 * next()];
      let [best, least] = [-1, 14];
      for (let i = 0; i < n; i++) {
        const [x, y] = place(scatter, i),
          distance = Math.hypot(x - px, y - py);
        if (distance < least && (!allowed || allowed[i])) [best, least] = [i, distance];
      }
      assert.equal(scatter.at(px, py, 14, allowed), best);
    }
    const [x, y] = place(scatter, 0);
    assert.equal(scatter.at(x, y), 0);
    assert.equal(scatter.at(-1e4, -1e4), -1);
  }
});

test("a step goes to the nearest point within 45 degrees of its direction, or nowhere", () => {
  const scatter = new Scatter(null);
  scatter.setPoints(Float32Array.of(0, 0, 1, 0.2, 3, 0, 0.1, 2, -1, 0.9, 0, -5));
  scatter.resize(300, 300);
  assert.equal(scatter.step(0, 1, 0), 1); // right
  assert.equal(scatter.step(1, 1, 0), 2);
  assert.equal(scatter.step(2, 1, 0), 2); // nothing further
  assert.equal(scatter.step(0, 0, -1), 3); // up: the screen's y points down
  assert.equal(scatter.step(0, 0, 1), 5);
  assert.equal(scatter.step(0, -1, 0), 4);
  assert.equal(scatter.step(0, 1, 0, [1, 0, 1, 1, 1, 1]), 2); // 1 is not allowed
});

test("a lasso holds the points that a ray crosses its edge an odd number of times from", () => {
  const scatter = map(2);
  const [left, top, right, bottom] = [90, 60, 310, 240];
  const square = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
  const expected = Array.from({ length: 200 }, (_, i) => i).filter((i) => {
    const [x, y] = place(scatter, i);
    return x > left && x < right && y > top && y < bottom;
  });
  assert.ok(expected.length > 5 && expected.length < 195);
  assert.deepEqual(scatter.inside(square), expected);
  assert.deepEqual(scatter.inside([...square].reverse()), expected);
  const odd = Uint8Array.from({ length: 200 }, (_, i) => i % 2);
  assert.deepEqual(
    scatter.inside(square, odd),
    expected.filter((i) => i % 2),
  );
  const notch = [...square.slice(0, 2), [200, 150], ...square.slice(2)]; // the right-hand quarter is cut out
  const cut = new Set(scatter.inside(notch));
  for (const i of expected) {
    const [x, y] = place(scatter, i),
      edge = right - ((right - 200) * (90 - Math.abs(y - 150))) / 90;
    if (Math.abs(x - edge) > 1e-6) assert.equal(cut.has(i), x < edge);
  }
  assert.deepEqual(scatter.inside([]), []);
});

test("bounds leave out single far points, and hold for one point or none", () => {
  const points = numbers(4000, 4, -1, 1);
  points[0] = 1e6;
  points[3] = -1e6;
  const [x0, y0, x1, y1] = boundsOf(points);
  assert.ok(x0 >= -1 && y0 >= -1 && x1 <= 1 && y1 <= 1 && x1 - x0 > 1.9 && y1 - y0 > 1.9);
  assert.deepEqual(boundsOf(new Float32Array(0)), [-1, -1, 1, 1]);
  assert.deepEqual(boundsOf(Float32Array.of(3, 4)), [2, 3, 4, 5]);
});

test("a disc covers pi r^2 pixels, wherever in its pixel it stands", () => {
  for (const radius of [1.5, 3, 6.25])
    for (const { offsets, covers } of discs(radius, 100)) {
      assert.equal(offsets.length, covers.length);
      const area = covers.reduce((sum, cover) => sum + cover, 0);
      assert.ok(Math.abs(area - Math.PI * radius ** 2) < 0.35 * radius, `${area} for radius ${radius}`);
      assert.ok(covers.every((cover) => cover > 0 && cover <= 1));
    }
});
