/* A very small assembler: WebAssembly functions from JavaScript, so that loops can be unrolled by loops and nothing
   binary has to be kept in step with its source.

     import { Procedure, assemble, get, repeat } from "./assembler.js";
     const f = new Procedure("twice", ["at", "count"]);          // parameters are 32-bit integers; there is no result
     const x = f.vector();                              // a local of four floats; f.integer() is a 32-bit integer
     f.body = repeat(x, get(f.parameter.count), [...]);                            // code is a nested list of bytes
     const bytes = assemble([f]);                                // a module that imports a memory as m.m

   Code is written in the order of a stack machine: operands first. Opcodes: webassembly.github.io/spec, "Instructions".
   */

/** @typedef {number | Code[]} Code bytes, nested as is convenient */

/**
 * An integer in the variable-length encoding of the format (LEB128), unsigned or signed.
 * @param {number} value
 * @returns {number[]}
 */
function leb(value, signed = false) {
  const bytes = [];
  for (;;) {
    const byte = value & 0x7f;
    value = signed ? value >> 7 : value >>> 7;
    const done = signed ? (value === 0 && !(byte & 0x40)) || (value === -1 && byte & 0x40) : value === 0;
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}

/** @typedef {(a: Code, b: Code) => Code} Operation */
/** @type {(local: number) => Code} */
export const get = (local) => [0x20, leb(local)];
/** @type {(local: number, value: Code) => Code} */
export const set = (local, value) => [value, 0x21, leb(local)];
/** @type {(value: number) => Code} */
export const integer = (value) => [0x41, leb(value, true)];
/** @type {Operation} */
export const plus = (a, b) => [a, b, 0x6a];
/** @type {Operation} */
export const minus = (a, b) => [a, b, 0x6b];
/** @type {Operation} */
export const times = (a, b) => [a, b, 0x6c];
/** @type {(a: Code, bits: number) => Code} */
export const halved = (a, bits) => [a, integer(bits), 0x76]; // a >> bits
/** @type {(a: Code, mask: number) => Code} */
export const masked = (a, mask) => [a, integer(mask), 0x71];
/** @type {Operation} */
export const equal = (a, b) => [a, b, 0x46];
/** @type {(local: number, by: Code) => Code} */
export const advance = (local, by) => set(local, plus(get(local), by));
/** @type {(condition: Code, code: Code) => Code} */
export const when = (condition, code) => [condition, 0x04, 0x40, code, 0x0b];

/** @type {(code: number) => (...operands: Code[]) => Code} */
const vectorOp =
  (code) =>
  (...operands) => [operands, 0xfd, leb(code)];
/** @type {(address: Code, offset?: number) => Code} */
export const load = (address, offset = 0) => [address, 0xfd, 0, 2, leb(offset)];
/** @type {(address: Code, offset?: number) => Code} */
export const loadSplat = (address, offset = 0) => [address, 0xfd, 9, 2, leb(offset)]; // one float, four times
/** @type {(address: Code, value: Code, offset?: number) => Code} */
export const store = (address, value, offset = 0) => [address, value, 0xfd, 11, 2, leb(offset)];
/** @type {(number: number) => Code} */
export const splat = (number) => [0xfd, 12, Array(4).fill([...new Uint8Array(new Float32Array([number]).buffer)])];
/**
 * Four of the eight floats of two vectors; numbers 0 to 3 are the first one's.
 * @type {(a: Code, b: Code, ...floats: number[]) => Code}
 */
export const pick = (a, b, ...floats) => [a, b, 0xfd, 13, floats.map((i) => [0, 1, 2, 3].map((byte) => 4 * i + byte))];
export const vgreater = vectorOp(0x44); // all bits of a float that is greater, else none
export const vand = vectorOp(0x4e);
export const vsqrt = vectorOp(0xe3);
export const vadd = vectorOp(0xe4);
export const vsub = vectorOp(0xe5);
export const vmul = vectorOp(0xe6);
export const vdiv = vectorOp(0xe7);
export const vmin = vectorOp(0xea);
export const vmax = vectorOp(0xeb);
export const vnearest = vectorOp(0x6a);
export const toIntegers = vectorOp(0xf8);
export const shiftLeft = vectorOp(0xab);
export const addIntegers = vectorOp(0xae);
export const fused = vectorOp(0x105); // a * b + c, rounded once where the processor does that: "relaxed SIMD"

/**
 * Runs code with `counter` counting down from `count` to 1; not at all if that is 0.
 * @type {(counter: number, count: Code, code: Code) => Code}
 */
export const repeat = (counter, count, code) => [
  set(counter, count),
  when(get(counter), [0x03, 0x40, code, set(counter, minus(get(counter), integer(1))), get(counter), 0x0d, 0, 0x0b]),
];

export class Procedure {
  /** @param {string} name @param {string[]} parameters their names */
  constructor(name, parameters) {
    this.name = name;
    this.count = parameters.length; // of parameters
    /** @type {Record<string, number>} the local that holds each parameter */
    this.parameter = Object.fromEntries(parameters.map((parameter, i) => [parameter, i]));
    /** @type {number[]} types of the other locals */
    this.locals = [];
    /** @type {Code} */
    this.body = [];
  }

  integer() {
    return this.count + this.locals.push(0x7f) - 1;
  }

  vector() {
    return this.count + this.locals.push(0x7b) - 1;
  }
}

/**
 * The bytes of a module that exports these procedures.
 * @param {Procedure[]} procedures
 */
export function assemble(procedures) {
  /** @type {(code: Code[]) => number[]} */
  const bytesOf = (code) => /** @type {any[]} */ (code).flat(Infinity);
  /** @type {(word: string) => Code[]} */
  const text = (word) => [leb(word.length), [...word].map((letter) => letter.charCodeAt(0))];
  /** @type {(entries: Code[]) => Code[]} */
  const list = (entries) => [leb(entries.length), entries];
  /** @type {(code: Code[]) => Code[]} */
  const sized = (code) => {
    const bytes = bytesOf(code);
    return [leb(bytes.length), bytes];
  };
  /** @type {(id: number, code: Code[]) => Code[]} */
  const section = (id, code) => [id, sized(code)];
  return new Uint8Array(
    bytesOf([
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, list(procedures.map(({ count }) => [0x60, list(Array(count).fill(0x7f)), 0]))),
      section(2, list([[text("m"), text("m"), 2, 0, 1]])),
      section(3, list(procedures.map((_, i) => leb(i)))),
      section(7, list(procedures.map(({ name }, i) => [text(name), 0, leb(i)]))),
      section(
        10,
        list(procedures.map(({ locals, body }) => sized([list(locals.map((type) => [1, type])), body, 0x0b]))),
      ),
    ]),
  );
}
