/* Which image the page puts on the drawing pad. */

import assert from "node:assert/strict";
import test from "node:test";

import { GivenImage } from "../../dashboard/components/encode_decode/given_image.js";

const DATA = { upload: null, start: 3, sprite: "a", topic: "t" };
const TEST_IMAGE = (/** @type {number} */ index) => ({ image: null, info: { source: "test", index } });

test("the page's test image is put there once, and again among other images", () => {
  const given = new GivenImage(new Map());
  assert.deepEqual(given.next(DATA, true), TEST_IMAGE(3));
  assert.equal(given.next(DATA, false), null);
  assert.deepEqual(given.next({ ...DATA, start: 5 }, false), TEST_IMAGE(5));
  assert.deepEqual(given.next({ ...DATA, start: 5, sprite: "b" }, false), TEST_IMAGE(5));
});

test("an image chosen here does not come back over a later one", () => {
  const given = new GivenImage(new Map());
  given.next(DATA, true);
  given.choose(7);
  given.choose(8);
  assert.equal(given.next({ ...DATA, start: 7 }, false), null, "the report of the first choice");
  assert.equal(given.next({ ...DATA, start: 8 }, false), null);
  assert.deepEqual(given.next({ ...DATA, start: 4 }, false), TEST_IMAGE(4), "a link was followed");
});

test("an upload is taken once, before any test image", () => {
  const given = new GivenImage(new Map()),
    upload = { id: "u", name: "mine.png", pixels: [0, 255] };
  const found = given.next({ ...DATA, upload }, true);
  assert.deepEqual([...(found?.image ?? [])], [0, 1]);
  assert.deepEqual(found?.info, { source: "upload", name: "mine.png" });
  assert.equal(given.next({ ...DATA, upload }, false), null);
  assert.deepEqual(given.next({ ...DATA, upload, start: 6 }, false), TEST_IMAGE(6));
});

test("what was on the pad is there again when the page is opened with the same image", () => {
  const kept = new Map(),
    image = Float32Array.of(0.5),
    /** @type {any} */ info = { source: "drawing" };
  const before = new GivenImage(kept);
  before.next(DATA, true);
  before.keep("t", image, info);
  assert.equal(new GivenImage(kept).next(DATA, true)?.image, image);
  assert.deepEqual(new GivenImage(kept).next({ ...DATA, start: 1 }, true), TEST_IMAGE(1));
  assert.deepEqual(new GivenImage(kept).next({ ...DATA, sprite: "b" }, true), TEST_IMAGE(3));
  assert.deepEqual(new GivenImage(kept).next({ ...DATA, topic: "other" }, true), TEST_IMAGE(3));
});
