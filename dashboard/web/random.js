/* numpy's random numbers in the page: `numpy.random.default_rng(seed)`, so that a seed means the same noise here, on
   the server and in a script.

     const rng = new Rng(3);
     rng.normal()    // as rng.standard_normal()
     rng.uniform()   // as rng.random()

   The seed is spread by SeedSequence's hash (O'Neill 2015, "C++ seeding surprises"), the bits are PCG64's (O'Neill
   2014, PCG XSL RR 128/64), normal numbers are made by the ziggurat of 256 layers (Marsaglia & Tsang 2000). */

const MASK_64 = (1n << 64n) - 1n,
  MASK_128 = (1n << 128n) - 1n,
  MULTIPLIER = (2549297995355413924n << 64n) | 4865540595714422341n;

/**
 * Eight words of 32 bits from a seed below 2^32.
 * @param {number} seed
 */
function spread(seed) {
  let constant = 0x43b0d7e5;
  /** @type {(value: number) => number} */
  const hashed = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  /** @type {(x: number, y: number) => number} */
  const mixed = (x, y) => {
    const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return value ^ (value >>> 16);
  };
  const pool = [seed, 0, 0, 0].map(hashed);
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  constant = 0x8b51f9dd;
  return Array.from({ length: 8 }, (_, i) => {
    let value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

const LAYERS = 256,
  RIGHT = 3.6541528853610088, // where the lowest layer's rectangle ends
  AREA = 0.004928673233974655, // of each layer
  STEPS = 2 ** 52;

/** The layers: how a whole number becomes a place, below which it is inside for certain, the density at the edge. */
function ziggurat() {
  const scale = new Float64Array(LAYERS),
    inside = new Float64Array(LAYERS),
    density = new Float64Array(LAYERS);
  /** @type {(x: number) => number} */
  const normal = (x) => Math.exp(-0.5 * x * x);
  let x = RIGHT,
    before = RIGHT;
  const base = AREA / normal(x);
  inside[0] = (x / base) * STEPS;
  scale[0] = base / STEPS;
  scale[LAYERS - 1] = x / STEPS;
  density[0] = 1;
  density[LAYERS - 1] = normal(x);
  for (let i = LAYERS - 2; i > 0; i--) {
    x = Math.sqrt(-2 * Math.log(AREA / x + normal(x)));
    inside[i + 1] = (x / before) * STEPS;
    before = x;
    density[i] = normal(x);
    scale[i] = x / STEPS;
  }
  return { scale, inside, density };
}

/** @type {ReturnType<typeof ziggurat> | undefined} */
let layers;

export class Rng {
  /** @param {number} seed a whole number from 0 to 2^32 - 1 */
  constructor(seed) {
    const words = spread(seed).map(BigInt);
    /** @type {(i: number) => bigint} */
    const long = (i) => (words[2 * i + 1] << 32n) | words[2 * i];
    this.increment = ((((long(2) << 64n) | long(3)) << 1n) | 1n) & MASK_128;
    this.state = (this.increment + ((long(0) << 64n) | long(1))) & MASK_128;
    this.step();
  }

  step() {
    this.state = (this.state * MULTIPLIER + this.increment) & MASK_128;
  }

  /** 64 random bits. */
  bits() {
    this.step();
    const value = (this.state >> 64n) ^ (this.state & MASK_64),
      turn = this.state >> 122n;
    return ((value >> turn) | (value << (64n - turn))) & MASK_64;
  }

  /** A uniform number in [0, 1). */
  uniform() {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  /** A standard normal number. */
  normal() {
    const { scale, inside, density } = (layers ??= ziggurat());
    for (;;) {
      const bits = this.bits(),
        layer = Number(bits & 255n),
        place = Number((bits >> 9n) & ((1n << 52n) - 1n)),
        sign = (bits >> 8n) & 1n ? -1 : 1,
        x = sign * place * scale[layer];
      if (place < inside[layer]) return x;
      if (layer === 0) return this.tail((place / 256) & 1 ? -1 : 1);
      const between = (density[layer - 1] - density[layer]) * this.uniform() + density[layer];
      if (between < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /**
   * A number beyond the lowest layer.
   * @param {number} sign
   */
  tail(sign) {
    for (;;) {
      const beyond = -Math.log1p(-this.uniform()) / RIGHT,
        height = -Math.log1p(-this.uniform());
      if (2 * height > beyond * beyond) return sign * (RIGHT + beyond);
    }
  }
}
