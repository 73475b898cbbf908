/* The loops of training, in each of their forms, against plain loops in double precision. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { KINDS, PANEL, packed } from "../../dashboard/web/kernels.js";
import { TrainingHeap } from "../../dashboard/web/training/heap.js";
import { trainingInIndices, trainingModule } from "../../dashboard/web/training/kernel_code.js";
import { plainTraining } from "../../dashboard/web/training/plain_kernels.js";
import { ACTIVATIONS } from "./naive.js";
import { close, numbers } from "./tools.js";

// Node 20 has the multiply-add instructions behind a flag; later versions always have them.
if (process.version.startsWith("v20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");

const SIZE = 1 << 16;

function assembled(relaxed) {
  const memory = new WebAssembly.Memory({ initial: (4 * SIZE) / 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trainingModule(relaxed)), { m: { m: memory } });
  return { floats: new Float32Array(memory.buffer), ...trainingInIndices(exports) };
}

const KERNELS = {
  WebAssembly: () => assembled(false),
  ...(WebAssembly.validate(trainingModule(true)) && { "WebAssembly with multiply-add": () => assembled(true) }),
  JavaScript: () => {
    const floats = new Float32Array(SIZE);
    return { floats, ...plainTraining(floats) };
  },
};

/** A' B of A (K, M) and B (K, N), or with C added. */
function naive(M, N, K, a, b, c = 0) {
  return Float64Array.from({ length: M * N }, (_, i) => {
    const [m, n] = [Math.floor(i / N), i % N];
    let sum = c && c[i];
    for (let k = 0; k < K; k++) sum += a[k * M + m] * b[k * N + n];
    return sum;
  });
}
// (rows, columns) as (columns, rows)
const turned = (rows, columns, values) => values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);

for (const [name, make] of Object.entries(KERNELS)) {
  test(`${name}: products with A as it is and transposed, B packed and row by row, new and added`, () => {
    const [A, B, C] = [16, 8192, 16384];
    for (const [M, N, K] of [
      [1, 8, 1],
      [5, 8, 3],
      [4, 16, 4],
      [11, 24, 9],
      [16, 40, 33],
    ]) {
      const a = numbers(K * M, M + K),
        b = numbers(K * N, N + K),
        c = numbers(M * N, 3);
      for (const transposed of [false, true])
        for (const inPanels of [false, true])
          for (const add of [0, 1]) {
            const kernel = make();
            kernel.floats.set(transposed ? a : turned(K, M, a), A);
            kernel.floats.set(inPanels ? packed(K, N, (k, n) => b[k * N + n]) : b, B);
            kernel.floats.set(c, C);
            kernel.floats.fill(7, C + M * N, C + M * N + 64);
            const [ldb, panel] = inPanels ? [PANEL, PANEL * K] : [N, PANEL];
            const product = transposed ? kernel.multiplyT : kernel.multiply;
            product(A, B, C, M, N, K, transposed ? M : K, ldb, panel, N, add, 0, PANEL, 0);
            close(kernel.floats.subarray(C, C + M * N), naive(M, N, K, a, b, add ? c : 0), 3e-6, `${M} x ${K} x ${N}`);
            assert.ok(kernel.floats.subarray(C + M * N, C + M * N + 64).every((value) => value === 7));
          }
    }
  });

  test(`${name}: of a symmetric product only what lies on and below the diagonal's blocks is computed`, () => {
    const [M, K, A, C] = [24, 10, 16, 4096],
      a = numbers(K * M, 1),
      kernel = make(),
      expected = naive(M, M, K, a, a);
    kernel.floats.set(a, A);
    kernel.floats.fill(NaN, C, C + M * M);
    kernel.multiplyT(A, A, C, M, M, K, M, M, PANEL, M, 0, PANEL, PANEL * M + PANEL, PANEL);
    for (let m = 0; m < M; m++)
      for (let n = 0; n < M; n++) {
        const got = kernel.floats[C + m * M + n];
        if (Math.floor(n / PANEL) > Math.floor(m / PANEL)) assert.ok(Number.isNaN(got), `${m}, ${n} was written`);
        else close([got], [expected[m * M + n]], 3e-6);
      }
  });

  test(`${name}: a transpose, with distances of its own`, () => {
    const [rows, columns, from, to] = [8, 12, 16, 1024],
      values = numbers(rows * 20, 2),
      kernel = make();
    kernel.floats.set(values, from);
    kernel.transpose(from, to, rows, columns, 20, 10);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) assert.equal(kernel.floats[to + c * 10 + r], values[r * 20 + c]);
  });

  test(`${name}: differentiating sums what bias, scale and shift get, and goes on with the chain rule`, () => {
    const [rows, size, leap, jump, pitch] = [3, 8, 12, 16, 20];
    const activations = { none: (x) => x, ...ACTIVATIONS };
    for (const [activation, apply] of Object.entries(activations))
      for (const reach of [1, 9, 60]) {
        const kernel = make(),
          { floats } = kernel,
          [raw, gradient, to, bias, scale, ...sums] = [0, 64, 128, 256, 272, 288, 304, 320];
        floats.set(numbers(rows * leap, 1, -reach, reach), raw);
        floats.set(numbers(rows * jump, 2), gradient);
        floats.set(numbers(size, 3), bias);
        floats.set(numbers(size, 4), scale);
        for (const sum of sums) floats.fill(0.5, sum, sum + size);
        kernel.differentiate(
          KINDS[activation],
          raw,
          gradient,
          to,
          rows,
          size / 4,
          leap,
          jump,
          pitch,
          bias,
          scale,
          ...sums,
        );
        const expected = sums.map(() => new Float64Array(size).fill(0.5));
        for (let r = 0; r < rows; r++)
          for (let i = 0; i < size; i++) {
            const x = floats[raw + r * leap + i] + floats[bias + i],
              g = floats[gradient + r * jump + i],
              step = 1e-5,
              slope = (apply(x + step) - apply(x - step)) / (2 * step);
            close([floats[to + r * pitch + i]], [g * floats[scale + i] * slope], 1e-5, activation);
            expected[0][i] += g * floats[scale + i] * slope;
            expected[1][i] += g * apply(x);
            expected[2][i] += g;
          }
        sums.forEach((sum, which) => close(floats.subarray(sum, sum + size), expected[which], 1e-5, activation));
        assert.equal(floats[to + size], 0, "between the rows nothing is written");
      }
  });
}

test("packing is the same as `packed`, also of a transpose; sums of multiples may be in place", () => {
  const [K, N] = [16, 24],
    values = numbers(K * N, 1),
    heap = new TrainingHeap(),
    [from, to, back] = [heap.take(values), heap.take(K * N), heap.take(K * N)];
  heap.seal();
  heap.pack(from, to, K, N);
  heap.packTransposed(from, back, K, N);
  const read = (at) => heap.floats.slice(at, at + K * N);
  assert.deepEqual(
    read(to),
    packed(K, N, (k, n) => values[k * N + n]),
  );
  assert.deepEqual(
    read(back),
    packed(N, K, (n, k) => values[k * N + n]),
  );
  heap.combine(from, 0.75, from, -2, to, K * N);
  const panels = read(to);
  close(
    read(from),
    values.map((value, i) => 0.75 * value - 2 * panels[i]),
    1e-6,
  );
});
