/* A training that takes a fraction of a second: small layers, and images that three numbers can say. */

import { GREY_28 } from "../../dashboard/web/image.js";
import { uniform } from "./tools.js";

const { pixels: PIXELS } = GREY_28;

const dense = (...widths) => widths.slice(1).map((outputs, i) => ({ kind: "linear", inputs: widths[i], outputs }));
export const LAYERS = { encoder: dense(PIXELS, 24), decoder: dense(3, 24, PIXELS) };
export const CONFIG = {
  ...{ model: "vae", latent_dim: 3, activation: "silu", likelihood: "bernoulli", beta: 1, reduction: "sum" },
  ...{ free_bits: 0, warmup_epochs: 0, noise: 0, epochs: 3, batch_size: 16, learning_rate: 1e-2 },
  ...{ schedule: "gentle", optimiser: "muon", averaging: 0.9 },
};
/** Bright squares at random places: something that three numbers can say. */
export function squares(n, seed) {
  const next = uniform(seed, 0, 20),
    out = new Uint8Array(n * PIXELS);
  for (let i = 0; i < n; i++) {
    const [top, left] = [Math.floor(next()), Math.floor(next())];
    for (let y = top; y < top + 8; y++) out.fill(230, i * PIXELS + y * 28 + left, i * PIXELS + y * 28 + left + 8);
  }
  return out;
}
export const IMAGES = { train: squares(100, 1), test: squares(40, 2) };
