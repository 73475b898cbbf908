/* Safetensors files in the page, and fetching each of them once. */

/** @typedef {{shape: number[], data: Float32Array | Uint8Array}} Tensor */
/** @typedef {Record<string, Tensor>} Tensors */

const STEP = ":step";

/** @type {Float32Array | null} */
let halfTable = null;

/** The 65,536 values of a 16-bit float, as float32. */
function halfValues() {
  if (halfTable) return halfTable;
  halfTable = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    halfTable[bits] =
      exponent === 0
        ? sign * fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? NaN
            : sign * Infinity
          : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halfTable;
}

// Loops, because Float32Array.from with a function takes 15 times as long: .1 s for a network of 440,000 weights.

/** @param {Uint16Array} halves 16-bit floats */
function floatsOfHalves(halves) {
  const table = halfValues();
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = table[halves[i]];
  return floats;
}

/** @param {Int8Array} levels @param {Float32Array} steps one for each row of levels */
function floatsOfLevels(levels, steps) {
  const width = levels.length / steps.length;
  const floats = new Float32Array(levels.length);
  for (let row = 0, i = 0; row < steps.length; row++)
    for (const end = i + width; i < end; i++) floats[i] = levels[i] * steps[row];
  return floats;
}

/**
 * A safetensors file: 8 bytes of header length, a JSON header, raw little-endian tensors.
 * Floats are read as float32, bytes stay bytes; I8 tensors are levels, a step for each row of them (NAME:step), as
 * the static site has them (dashboard/site/compact.py).
 * @param {ArrayBuffer} buffer
 * @returns {{metadata: Record<string, string>, tensors: Tensors}}
 */
export function parseSafetensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  if (!(length > 0 && 8 + length <= buffer.byteLength))
    throw new Error("not a safetensors file: its header does not fit");
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, 8, length)),
  );
  /** @type {Tensors} */
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    const [from, to] = data_offsets;
    const bytes = buffer.slice(8 + length + from, 8 + length + to); // a copy, because offsets need not be aligned
    if (name.endsWith(STEP)) continue;
    if (dtype === "F32") tensors[name] = { shape, data: new Float32Array(bytes) };
    else if (dtype === "U8") tensors[name] = { shape, data: new Uint8Array(bytes) };
    else if (dtype === "F16") {
      tensors[name] = { shape, data: floatsOfHalves(new Uint16Array(bytes)) };
    } else if (dtype === "I8") {
      const { data_offsets: at } = entries[name + STEP] ?? {};
      if (!at) throw new Error(`tensor ${name} has type I8 and no steps`);
      const steps = new Float32Array(buffer.slice(8 + length + at[0], 8 + length + at[1]));
      tensors[name] = { shape, data: floatsOfLevels(new Int8Array(bytes), steps) };
    } else throw new Error(`tensor ${name} has type ${dtype}; F16, F32, I8 and U8 are read`);
  }
  return { metadata, tensors };
}

/**
 * A file as it is, or what gzip has made of it. No safetensors file begins like gzip: its header's length, which comes
 * first, is a multiple of eight.
 * @param {ArrayBuffer} bytes
 */
export function unpacked(bytes) {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first !== 0x1f || second !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/**
 * What `make` turns the bytes at a URL into: once for all components of the page; a failed load may be tried again.
 * @template T
 * @param {string} url
 * @param {(bytes: ArrayBuffer) => T} make
 * @returns {Promise<T>}
 */
export function load(url, make) {
  const page = /** @type {{pointOrCloud?: Map<string, Promise<any>>}} */ (globalThis);
  const shared = (page.pointOrCloud ??= new Map());
  let promise = shared.get(url);
  if (!promise) {
    // The URL names the content (see assets.py), so any copy the browser still has is the right one.
    promise = fetch(url, { cache: "force-cache" }).then(async (response) => {
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      return make(await unpacked(await response.arrayBuffer()));
    });
    promise.catch(() => shared.delete(url));
    shared.set(url, promise);
  }
  return promise;
}

/**
 * The tensors of a safetensors file at a URL: name -> typed array.
 * @param {string} url
 * @returns {Promise<Record<string, Float32Array>>} what Python sends to components are floats
 */
export const loadArrays = (url) =>
  load(url, (bytes) =>
    Object.fromEntries(
      Object.entries(parseSafetensors(bytes).tensors).map(([name, { data }]) => [
        name,
        /** @type {Float32Array} */ (data),
      ]),
    ),
  );
