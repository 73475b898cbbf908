/* Safetensors files are read as they were written; a bad file is refused in words; a file is fetched once. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { loadArrays, parseSafetensors, unpacked } from "../../dashboard/web/weights.js";
import { floats, safetensors } from "./tools.js";

const half = (bits) => ({ dtype: "F16", shape: [bits.length], bytes: new Uint8Array(Uint16Array.from(bits).buffer) });
const read = (bits) => parseSafetensors(safetensors({ x: half(bits) })).tensors.x.data;

test("float32 and bytes come back bit for bit, with their shapes and the metadata, at any alignment", () => {
  const values = [0, -0, 1.5, -Math.PI, 3e38, 1e-45];
  const { metadata, tensors } = parseSafetensors(
    safetensors(
      { odd: { dtype: "U8", shape: [3], bytes: Uint8Array.of(0, 128, 255) }, x: floats([2, 3], values) },
      { config: "{}" },
    ),
  );
  assert.deepEqual(metadata, { config: "{}" });
  assert.deepEqual([...tensors.odd.data], [0, 128, 255]);
  assert.deepEqual(tensors.x.shape, [2, 3]);
  assert.deepEqual(tensors.x.data, Float32Array.from(values));
});

test("half precision: known bit patterns of IEEE 754", () => {
  const known = {
    0x0000: 0,
    0x8000: -0,
    0x3c00: 1,
    0xc000: -2,
    0x3555: 0.333251953125,
    0x7bff: 65504,
    0x0400: 2 ** -14,
    0x03ff: 2 ** -14 - 2 ** -24,
    0x0001: 2 ** -24,
    0x7c00: Infinity,
    0xfc00: -Infinity,
    0x7e00: NaN,
  };
  const decoded = read(Object.keys(known).map(Number));
  Object.keys(known).forEach((bits, i) => assert.ok(Object.is(decoded[i], known[bits]), `bits ${bits}: ${decoded[i]}`));
});

test("half precision: order of the bits is order of the values, the sign bit negates, the exponent doubles", () => {
  const positive = read(Array.from({ length: 0x7c01 }, (_, bits) => bits));
  const negative = read(Array.from({ length: 0x7c01 }, (_, bits) => bits | 0x8000));
  for (let bits = 0; bits < 0x7c00; bits++) {
    assert.ok(positive[bits] < positive[bits + 1]);
    assert.equal(negative[bits], -positive[bits]);
    if (bits >= 0x0400 && bits < 0x7800) assert.equal(positive[bits + 0x0400], 2 * positive[bits]);
  }
});

test("what is not a safetensors file, or has a type that is not read, is refused with its name", () => {
  assert.throws(() => parseSafetensors(new ArrayBuffer(16)), /not a safetensors file/);
  assert.throws(() => parseSafetensors(safetensors({ x: floats([1], [1]) }).slice(0, 20)), /not a safetensors file/);
  const integers = { dtype: "I64", shape: [1], bytes: new Uint8Array(8) };
  assert.throws(() => parseSafetensors(safetensors({ steps: integers })), /steps has type I64/);
});

const { fetch } = globalThis;
let asked;

beforeEach(() => {
  asked = [];
  delete globalThis.pointOrCloud;
});
afterEach(() => {
  globalThis.fetch = fetch;
});

test("components that ask for the same address share one fetch and one array", async () => {
  globalThis.fetch = async (url) => {
    asked.push(url);
    return new Response(safetensors({ x: floats([2], [1, 2]) }));
  };
  const [first, second] = await Promise.all([loadArrays("/a"), loadArrays("/a")]);
  assert.equal(first, second);
  assert.deepEqual([...first.x], [1, 2]);
  await loadArrays("/b");
  assert.deepEqual(asked, ["/a", "/b"]);
});

test("a fetch that failed may be tried again", async () => {
  let fail = true;
  globalThis.fetch = async () =>
    fail ? new Response("", { status: 404, statusText: "Not Found" }) : new Response(safetensors({}));
  await assert.rejects(loadArrays("/a"), /404 Not Found/);
  fail = false;
  assert.deepEqual(await loadArrays("/a"), {});
});

test("levels with a step for each row are their products, and steps are no tensors of their own", async () => {
  const levels = { dtype: "I8", shape: [2, 3], bytes: Uint8Array.from(Int8Array.of(-127, 0, 1, 127, -1, 5)) };
  const file = safetensors({ w: levels, "w:step": floats([2], [0.5, 2]), b: floats([1], [7]) });
  const { tensors } = parseSafetensors(file);
  assert.deepEqual(Object.keys(tensors).sort(), ["b", "w"]);
  assert.deepEqual(tensors.w, { shape: [2, 3], data: Float32Array.of(-63.5, 0, 0.5, 254, -2, 10) });
  assert.throws(() => parseSafetensors(safetensors({ w: levels })), /no steps/);
});

test("a file is read as it is or from what gzip has made of it", async () => {
  const file = safetensors({ x: floats([2], [1, 2]) });
  const bytes = file instanceof ArrayBuffer ? file : new Uint8Array(file).buffer;
  const squeezed = Uint8Array.from(gzipSync(new Uint8Array(bytes))).buffer;
  assert.deepEqual(new Uint8Array(await unpacked(squeezed)), new Uint8Array(bytes));
  assert.equal(await unpacked(bytes), bytes);
});
