/* Random numbers that are the same for the same seed: xoshiro128** (Blackman & Vigna 2018), its state filled by
   splitmix32; normal numbers in pairs by Box and Muller (1958):

     sqrt(-2 log u) cos(2 pi v),  sqrt(-2 log u) sin(2 pi v)        u, v uniform in (0, 1)

   The integers are the same in every browser. Logarithm and cosine are not specified to the last bit, so normal numbers
   repeat within one browser. */

export class Random {
  /** @param {...number} seeds whole numbers; each of them matters */
  constructor(...seeds) {
    let state = 0;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let t = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
      return t ^ (t >>> 15);
    };
    for (const seed of seeds) state = next() ^ seed;
    this.state = Int32Array.from({ length: 4 }, next);
    this.spare = NaN; // the second number of a pair
  }

  /** 32 random bits, as a number from 0 to 2^32 - 1. */
  bits() {
    const s = this.state,
      x = Math.imul(s[1], 5),
      result = Math.imul((x << 7) | (x >>> 25), 9);
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result >>> 0;
  }

  /** Uniform in (0, 1). */
  uniform() {
    return (this.bits() + 0.5) / 4294967296;
  }

  /** Standard normal. */
  normal() {
    if (!Number.isNaN(this.spare)) {
      const { spare } = this;
      this.spare = NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform())),
      angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** The numbers 0 to n - 1 in random order (Fisher and Yates). @param {number} n */
  order(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1)),
        kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }
}
