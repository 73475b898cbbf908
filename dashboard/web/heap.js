/* The memory that a network computes in: one stretch of float32 numbers, and the loops of kernels.js on it. */

import { inIndices, kernelModule } from "./kernel_code.js";
import { upTo } from "./kernels.js";
import { plain } from "./plain_kernels.js";

/** @import { Kernels, Patches } from "./kernels.js" */

const FLOAT = 4; // bytes

/** @returns {never} */
export function unsealed() {
  throw new Error("a heap is used before it is sealed");
}

export class Heap {
  /** @type {WebAssembly.Module | null | undefined} */
  static compiled = undefined;

  /**
   * The bytes of the module.
   * @param {boolean} relaxed
   */
  static code(relaxed) {
    return kernelModule(relaxed);
  }

  /**
   * The fastest module that this browser takes; null where it has no vector instructions, or the page forbids
   * WebAssembly.
   */
  static get module() {
    if (!Object.hasOwn(this, "compiled") || this.compiled === undefined) {
      this.compiled = null;
      for (const relaxed of [true, false])
        try {
          this.compiled ??= new WebAssembly.Module(/** @type {BufferSource} */ (this.code(relaxed)));
        } catch {
          // tried again with less, or left to JavaScript
        }
    }
    return this.compiled;
  }

  constructor() {
    this.size = 0;
    /** @type {[number, ArrayLike<number>][]} */
    this.contents = [];
    this.floats = new Float32Array(0);
    /** @type {Kernels["product"]} */
    this.product = unsealed;
    /** @type {Patches} */
    this.gather = unsealed;
    /** @type {Patches} */
    this.scatter = unsealed;
    /** @type {Kernels["finish"]} */
    this.finish = unsealed;
  }

  /**
   * Room for numbers, all 0, or for these ones; returns their place. There is always a little room behind them, since
   * loops read and write four at a time. Places are given out before `seal` and used after it.
   * @param {number | ArrayLike<number>} what how many, or which
   */
  take(what) {
    const at = this.size;
    if (typeof what !== "number") this.contents.push([at, what]);
    this.size = upTo(at + (typeof what === "number" ? what : what.length) + 4, 4);
    return at;
  }

  seal() {
    const { module } = /** @type {typeof Heap} */ (this.constructor);
    if (module) {
      const memory = new WebAssembly.Memory({ initial: Math.ceil((FLOAT * this.size) / 65536) });
      const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
      this.floats = new Float32Array(memory.buffer);
      this.offer(exports);
    } else {
      this.floats = new Float32Array(this.size);
      this.offer(null);
    }
    for (const [at, values] of this.contents) this.floats.set(values, at);
    this.contents = [];
  }

  /**
   * Makes the module's procedures methods of this heap; without a module, the same in JavaScript.
   * @param {any} exports
   */
  offer(exports) {
    Object.assign(this, exports ? inIndices(exports) : plain(this.floats));
  }
}
