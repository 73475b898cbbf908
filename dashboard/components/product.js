/* C = A B^T + bias, the one thing that takes time: 1 KB of WebAssembly with vector instructions (product.wat), and the same
   loop in JavaScript, which takes two to five times as long, for browsers without them. */

// product.wat, assembled.
const PRODUCT =
  "AGFzbQEAAAABFwNgAXsBfWADf39/AX1gB39/f39/f38AAggBAW0BbQIAAQMEAwABAgcLAQdwcm9kdWN0AAIKlAYDGQAgAP0fACAA/R8BkiAA/R8CIAD9HwOSkgs3AgF/AXsDQCAEIAAgA2r9AAQAIA" +
  "EgA2r9AAQA/eYB/eQBIQQgA0EQaiEDIAMgAkkNAAsgBBAAC78FAg1/DnsgBkECdCEHIAAhDCADIRICQANAIAggBE8NASAIQQFqIARJIQsgDCAHaiAMIAsbIQ0gEiAFQQJ0aiASIAsbIRNBACEJIAEh" +
  "DgJAA0AgCUEEaiAFSw0BIA4gB2ohDyAPIAdqIRAgECAHaiER/QwAAAAAAAAAAAAAAAAAAAAAIRr9DAAAAAAAAAAAAAAAAAAAAAAhG/0MAAAAAAAAAAAAAAAAAAAAACEc/QwAAAAAAAAAAAAAAAAAAA" +
  "AAIR39DAAAAAAAAAAAAAAAAAAAAAAhHv0MAAAAAAAAAAAAAAAAAAAAACEf/QwAAAAAAAAAAAAAAAAAAAAAISD9DAAAAAAAAAAAAAAAAAAAAAAhIUEAIQoDQCAMIApq/QAEACEUIA0gCmr9AAQAIRUg" +
  "DiAKav0ABAAhFiAPIApq/QAEACEXIBAgCmr9AAQAIRggESAKav0ABAAhGSAaIBQgFv3mAf3kASEaIBsgFCAX/eYB/eQBIRsgHCAUIBj95gH95AEhHCAdIBQgGf3mAf3kASEdIB4gFSAW/eYB/eQBIR" +
  "4gHyAVIBf95gH95AEhHyAgIBUgGP3mAf3kASEgICEgFSAZ/eYB/eQBISEgCkEQaiEKIAogB0kNAAsgCUECdCEKIAIgCmr9AAQAIRYgEyAKaiAWIB4QAP0TIB8QAP0gASAgEAD9IAIgIRAA/SAD/eQB" +
  "/QsEACASIApqIBYgGhAA/RMgGxAA/SABIBwQAP0gAiAdEAD9IAP95AH9CwQAIAlBBGohCSARIAdqIQ4MAAsLAkADQCAJIAVPDQEgCUECdCEKIBMgCmogAiAKaioCACANIA4gBxABkjgCACASIApqIA" +
  "IgCmoqAgAgDCAOIAcQAZI4AgAgCUEBaiEJIA4gB2ohDgwACwsgDSAHaiEMIBMgBUECdGohEiAIQQJqIQgMAAsLCwDuAQRuYW1lAQsCAANzdW0BA2RvdAKRAQMAAQABdgEFAAFhAQFiAgFrAwFpBAFz" +
  "AiIAAUEBAUICBGJpYXMDAUMEAU0FAU4GAUsHAWsIAW0JAW4KAWkLA3R3bwwBYQ0CYTEOAWIPAmIxEAJiMhECYjMSAWMTAmMxFAF4FQF5FgFwFwFxGAFyGQFzGgJ4MBsCeDEcAngyHQJ4Mx4CeTAfAn" +
  "kxIAJ5MiECeTMDRgIBAQAEbmV4dAIHAARkb25lAQRyb3dzAgxjb2x1bW5zX2RvbmUDB2NvbHVtbnMEBWlubmVyBQlyZXN0X2RvbmUGBHJlc3Q=";

/** The same product on a memory of its own, or null where the browser lacks vector instructions. */
class Kernel {
  static module = undefined;

  static get() {
    if (Kernel.module === undefined) {
      const bytes = Uint8Array.from(atob(PRODUCT), (c) => c.charCodeAt(0));
      try {
        Kernel.module = new WebAssembly.Module(bytes);
      } catch {
        Kernel.module = null; // an old browser, or a page that forbids WebAssembly: JavaScript computes the same
      }
    }
    return Kernel.module;
  }

  /** Moves arrays into a memory that the kernel can address. `owners` is a list of [object, name of its array]. */
  constructor(owners) {
    const place = (length) => 16 * Math.ceil(length / 4); // bytes, each array starting at a multiple of 16
    const total = owners.reduce((sum, [owner, name]) => sum + place(owner[name].length), 0);
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(total / 65536) + 1 });
    this.run = new WebAssembly.Instance(Kernel.get(), { m: { m: this.memory } }).exports.product;
    let offset = 0;
    for (const [owner, name] of owners) {
      const array = new Float32Array(this.memory.buffer, offset, owner[name].length);
      array.set(owner[name]);
      owner[name] = array;
      offset += place(array.length);
    }
  }

  product(A, B, bias, C, M, N, K) {
    if (K % 4) product(A, B, bias, C, M, N, K);
    else this.run(A.byteOffset, B.byteOffset, bias.byteOffset, C.byteOffset, M, N, K);
  }
}

/** C (M, N) = A (M, K) B^T + bias, with B (N, K): two rows of A against four of B at a time, so that loads are shared. */
function product(A, B, bias, C, M, N, K) {
  let m = 0;
  for (; m + 1 < M; m += 2) {
    const a0 = m * K;
    let n = 0;
    for (; n + 3 < N; n += 4) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let i = a0, j = n * K;
      for (const end = a0 + K; i < end; i++, j++) {
        const x = A[i], y = A[i + K];
        const p = B[j], q = B[j + K], r = B[j + 2 * K], s = B[j + 3 * K];
        s00 += x * p; s01 += x * q; s02 += x * r; s03 += x * s;
        s10 += y * p; s11 += y * q; s12 += y * r; s13 += y * s;
      }
      const c = m * N + n;
      C[c] = s00 + bias[n]; C[c + 1] = s01 + bias[n + 1]; C[c + 2] = s02 + bias[n + 2]; C[c + 3] = s03 + bias[n + 3];
      C[c + N] = s10 + bias[n]; C[c + N + 1] = s11 + bias[n + 1]; C[c + N + 2] = s12 + bias[n + 2]; C[c + N + 3] = s13 + bias[n + 3];
    }
    for (; n < N; n++) for (let row = m; row < m + 2; row++) C[row * N + n] = bias[n] + dot(A, row * K, B, n * K, K);
  }
  if (m < M) {
    let n = 0;
    for (; n + 3 < N; n += 4) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let i = m * K, j = n * K, end = i + K; i < end; i++, j++) {
        const x = A[i];
        s0 += x * B[j]; s1 += x * B[j + K]; s2 += x * B[j + 2 * K]; s3 += x * B[j + 3 * K];
      }
      const c = m * N + n;
      C[c] = s0 + bias[n]; C[c + 1] = s1 + bias[n + 1]; C[c + 2] = s2 + bias[n + 2]; C[c + 3] = s3 + bias[n + 3];
    }
    for (; n < N; n++) C[m * N + n] = bias[n] + dot(A, m * K, B, n * K, K);
  }
}

function dot(A, i, B, j, K) {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += A[i + k] * B[j + k];
  return sum;
}
