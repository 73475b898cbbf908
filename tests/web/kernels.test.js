/* The WebAssembly that kernel_code.js assembles: its bytes are valid, and it computes what plain loops compute. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { Procedure, advance, assemble, get, integer, repeat, set, store } from "../../dashboard/web/assembler.js";
import { Heap } from "../../dashboard/web/heap.js";
import { inIndices, kernelModule } from "../../dashboard/web/kernel_code.js";
import { KINDS, PANEL, packed, upTo } from "../../dashboard/web/kernels.js";
import { plain } from "../../dashboard/web/plain_kernels.js";
import { close, numbers } from "./tools.js";

// Node 20 has the multiply-add instructions behind a flag; later versions always have them.
if (process.version.startsWith("v20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");

/** The procedures on a fresh memory, with places as indices, as `Heap` offers them. */
function assembled(relaxed) {
  const memory = new WebAssembly.Memory({ initial: 8 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernelModule(relaxed)), { m: { m: memory } });
  return { floats: new Float32Array(memory.buffer), ...inIndices(exports) };
}

function inJavaScript() {
  const floats = new Float32Array(8 * 16384);
  return { floats, ...plain(floats) };
}

const relaxedSimd = WebAssembly.validate(kernelModule(true));
const KERNELS = {
  WebAssembly: () => assembled(false),
  ...(relaxedSimd && { "WebAssembly with multiply-add": () => assembled(true) }),
  JavaScript: inJavaScript,
};

test("the assembled module is valid WebAssembly with exactly the four procedures", () => {
  const bytes = kernelModule(false);
  assert.ok(WebAssembly.validate(bytes));
  const module = new WebAssembly.Module(bytes);
  assert.deepEqual(
    WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`),
    ["product", "gather", "scatter", "finish"].map((name) => `function ${name}`),
  );
  assert.deepEqual(WebAssembly.Module.imports(module), [{ module: "m", name: "m", kind: "memory" }]);
});

test("assembling twice gives the same bytes", () => {
  assert.deepEqual(kernelModule(false), kernelModule(false));
  assert.notDeepEqual(kernelModule(false), kernelModule(true));
});

test("an integer constant of any size survives its encoding", () => {
  for (const value of [0, 1, 63, 64, 127, 128, -1, -64, -65, 8191, 8192, 1 << 20, 2 ** 31 - 1, -(2 ** 31)]) {
    const f = new Procedure("put", ["at"]);
    const x = f.integer();
    f.body = [set(x, integer(value)), get(f.parameter.at), get(x), 0x36, 2, 0]; // i32.store
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = new WebAssembly.Module(assemble([f]));
    new WebAssembly.Instance(module, { m: { m: memory } }).exports.put(8);
    assert.equal(new Int32Array(memory.buffer)[2], value);
  }
  assert.equal(typeof store, "function");
});

test("`repeat` runs its code as often as it is told, also not at all", () => {
  const f = new Procedure("count", ["at", "times"]);
  const [left, sum] = [f.integer(), f.integer()];
  f.body = [repeat(left, get(f.parameter.times), advance(sum, integer(3))), get(f.parameter.at), get(sum), 0x36, 2, 0];
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { count } = new WebAssembly.Instance(new WebAssembly.Module(assemble([f])), { m: { m: memory } }).exports;
  for (const times of [0, 1, 2, 17, 1000]) {
    count(0, times);
    assert.equal(new Int32Array(memory.buffer)[0], 3 * times);
  }
});

for (const [name, make] of Object.entries(KERNELS)) {
  test(`${name}: the product is that of a naive triple loop, for every remainder of rows and inner size`, () => {
    for (const M of [1, 2, 3, 4, 5, 7, 16])
      for (const K of [1, 2, 3, 4, 5, 8, 49])
        for (const N of [PANEL, 3 * PANEL]) {
          const a = numbers(M * K, M + 10 * K),
            b = numbers(K * N, N + K);
          const kernel = make(),
            [A, B, C] = [8, 8 + upTo(M * K, 4) + 4, 4096];
          kernel.floats.set(a, A);
          kernel.floats.set(
            packed(K, N, (k, n) => b[k * N + n]),
            B,
          );
          kernel.floats.fill(NaN, C, C + M * N);
          kernel.floats.fill(7, C + M * N, C + M * N + 64);
          kernel.product(A, B, C, M, N, K);
          const expected = new Float64Array(M * N);
          for (let m = 0; m < M; m++)
            for (let n = 0; n < N; n++) for (let k = 0; k < K; k++) expected[m * N + n] += a[m * K + k] * b[k * N + n];
          close(kernel.floats.subarray(C, C + M * N), expected, 3e-6, `${M} x ${K} x ${N}:`);
          assert.ok(
            kernel.floats.subarray(C + M * N, C + M * N + 64).every((value) => value === 7),
            "nothing is written behind the product",
          );
        }
  });

  test(`${name}: gathering copies each patch, and scattering is its adjoint`, () => {
    const side = 9,
      depth = 4,
      window = 3,
      stride = 2,
      places = Math.floor((side - window) / stride) + 1;
    const vectors = (window * depth) / 4,
      row = window * window * depth,
      sizes = [places, places, window, vectors, stride * depth, stride * side * depth, side * depth, row];
    const image = numbers(side * side * depth, 3),
      rows = numbers(places * places * row, 4);
    const kernel = make(),
      [I, R] = [0, 1024];
    kernel.floats.set(image, I);
    kernel.gather(I, R, ...sizes);
    const gathered = kernel.floats.slice(R, R + rows.length);
    for (let y = 0; y < places; y++)
      for (let x = 0; x < places; x++)
        for (let dy = 0; dy < window; dy++)
          for (let i = 0; i < window * depth; i++)
            assert.equal(
              gathered[(y * places + x) * row + dy * window * depth + i],
              image[(y * stride + dy) * side * depth + x * stride * depth + i],
            );
    kernel.floats.fill(0, I, I + image.length);
    kernel.floats.set(rows, R);
    kernel.scatter(I, R, ...sizes);
    const dot = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
    close(
      [dot(image, kernel.floats.subarray(I, I + image.length))],
      [dot(gathered, rows)],
      1e-5,
      "<x, S y> = <G x, y>",
    );
  });

  test(`${name}: finishing adds the bias, activates, scales and shifts, row by row`, () => {
    const rows = 3,
      size = 8,
      leap = 12,
      jump = 16;
    const activations = {
      none: (x) => x,
      relu: (x) => Math.max(x, 0),
      silu: (x) => x / (1 + Math.exp(-x)),
      sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    };
    assert.deepEqual(Object.keys(activations), Object.keys(KINDS));
    for (const [activation, apply] of Object.entries(activations))
      for (const reach of [1, 10, 80]) {
        const kernel = make(),
          [from, bias, scale, shift, to] = [0, 64, 80, 96, 128];
        const values = numbers(rows * leap, 5, -reach, reach);
        kernel.floats.set(values, from);
        for (const [place, seed] of [
          [bias, 6],
          [scale, 7],
          [shift, 8],
        ])
          kernel.floats.set(numbers(size, seed), place);
        const { floats } = kernel;
        kernel.finish(KINDS[activation], from, to, rows, size / 4, leap, jump, bias, scale, shift);
        for (let r = 0; r < rows; r++)
          close(
            floats.subarray(to + r * jump, to + r * jump + size),
            Float64Array.from({ length: size }, (_, i) => {
              const x = Math.fround(values[r * leap + i] + floats[bias + i]);
              return apply(x) * floats[scale + i] + floats[shift + i];
            }),
            1e-6,
            `${activation}, row ${r}:`,
          );
        assert.equal(floats[to + size], 0, "between the rows nothing is written");
      }
  });
}

test("places on a heap never overlap, keep what was put there, and have room behind them", () => {
  const heap = new Heap(),
    contents = [5, 1, 8, 3].map((length, i) => numbers(length, i));
  const places = contents.map((values) => heap.take(values)),
    last = heap.take(6);
  heap.seal();
  contents.forEach((values, i) => {
    close(heap.floats.subarray(places[i], places[i] + values.length), values, 0);
    assert.ok((places[i + 1] ?? last) >= places[i] + values.length + 4);
  });
  assert.ok(heap.floats.length >= last + 6);
  assert.ok(places.every((place) => place % 4 === 0));
});

test("a heap's product works whether or not the browser takes WebAssembly", () => {
  const a = numbers(3 * 5, 1),
    b = numbers(5 * PANEL, 2);
  const results = [Heap.module, null].map((module) => {
    const before = Heap.compiled;
    Heap.compiled = module;
    const heap = new Heap(),
      A = heap.take(a),
      B = heap.take(packed(5, PANEL, (k, n) => b[k * PANEL + n])),
      C = heap.take(3 * PANEL);
    heap.seal();
    Heap.compiled = before;
    heap.product(A, B, C, 3, PANEL, 5);
    return heap.floats.slice(C, C + 3 * PANEL);
  });
  close(results[0], results[1], 1e-6);
  assert.ok(results[0].some((value) => Math.abs(value) > 0.1));
});
