/* What several tests of the browser code use: reproducible numbers, comparisons, safetensors files. */

import assert from "node:assert/strict";

/**
 * A function that returns uniform numbers in [low, high), the same ones for the same seed (a linear congruential
 * generator).
 */
export function uniform(seed, low = -1, high = 1) {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return low + ((high - low) * Number(state >> 11n)) / 2 ** 53;
  };
}

/** `length` such numbers. */
export const numbers = (length, seed = 1, low = -1, high = 1) =>
  Float32Array.from({ length }, uniform(seed, low, high));

/** Two lists of numbers agree up to `tolerance`, relative to the largest expected one where that exceeds 1. */
export function close(actual, expected, tolerance = 1e-5, what = "") {
  assert.equal(actual.length, expected.length, `${what} length`);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (let i = 0; i < expected.length; i++)
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * scale))
      assert.fail(`${what} number ${i} is ${actual[i]}, expected ${expected[i]} (tolerance ${tolerance * scale})`);
}

/** The bytes of a safetensors file: tensors as {name: {dtype, shape, bytes}}. */
export function safetensors(tensors, metadata = {}) {
  const header = { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.byteLength] };
    end += bytes.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const { bytes } of Object.values(tensors)) {
    file.set(bytes, at);
    at += bytes.byteLength;
  }
  return file.buffer;
}

/** A float32 tensor for `safetensors`. */
export const floats = (shape, data) => ({ dtype: "F32", shape, bytes: new Uint8Array(Float32Array.from(data).buffer) });
