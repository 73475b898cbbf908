/* The real image most like a picture, all comparisons as one product. Most like is the largest cosine between vectors
   of pixels, which does not care how bright a picture is; by plain distance a faint smear would be near to
   everything. `distances` are plain distances nevertheless, for pictures that are compared along a path. */

import { Heap } from "./heap.js";
import { PANEL, packedPlace, upTo } from "./kernels.js";
import { CHUNK } from "./layers.js";

export class Nearest {
  /** @param {Float32Array} images n images (n * pixels) in [0, 1] to search among @param {number} pixels of each */
  constructor(images, pixels) {
    this.pixels = pixels;
    const n = (this.n = images.length / pixels),
      lengths = (this.lengths = new Float32Array(n)),
      width = (this.width = upTo(n, PANEL));
    this.heap = new Heap();
    this.images = this.heap.take(pixels * width);
    this.query = this.heap.take(CHUNK * pixels);
    this.products = this.heap.take(CHUNK * width);
    this.heap.seal();
    const { floats } = this.heap; // filled in place: there may be many images
    for (let i = 0; i < n; i++) {
      const length = (lengths[i] = lengthOf(images, i * pixels, pixels)) || 1;
      for (let p = 0; p < pixels; p++)
        floats[this.images + packedPlace(pixels, p, i)] = images[i * pixels + p] / length;
    }
  }

  /**
   * For m images: index of the most similar one and their cosine.
   * @param {Float32Array} images m of them
   * @param {number} m at most 16
   * @param {number[] | null} skip for each image, one that is left out: its own copy
   */
  find(images, m, skip = null) {
    const floats = this.compare(images, m);
    return Array.from({ length: m }, (_, i) => {
      const length = lengthOf(images, i * this.pixels, this.pixels) || 1,
        products = this.products + i * this.width;
      let index = -1,
        most = -Infinity;
      for (let j = 0; j < this.n; j++) {
        const cosine = floats[products + j];
        if (cosine > most && j !== skip?.[i]) {
          most = cosine;
          index = j;
        }
      }
      return { index, likeness: most / length };
    });
  }

  /**
   * For m images: the Euclidean distance to the nearest one.
   * @param {Float32Array} images m of them
   * @param {number} m at most 16
   */
  distances(images, m) {
    const floats = this.compare(images, m),
      { pixels } = this;
    return Array.from({ length: m }, (_, i) => {
      const products = this.products + i * this.width;
      let own = 0,
        least = Infinity;
      for (let p = i * pixels; p < (i + 1) * pixels; p++) own += images[p] ** 2;
      for (let j = 0; j < this.n; j++) {
        const length = this.lengths[j];
        least = Math.min(least, length * (length - 2 * floats[products + j]));
      }
      return Math.sqrt(Math.max(0, own + least));
    });
  }

  /**
   * Products of m images with all others, each of length 1, at `products`.
   * @param {Float32Array} images @param {number} m
   */
  compare(images, m) {
    const { floats } = this.heap,
      { pixels } = this;
    floats.set(images.subarray(0, m * pixels), this.query);
    this.heap.product(this.query, this.images, this.products, m, this.width, pixels);
    return floats;
  }
}

/**
 * The length of an image as a vector.
 * @param {ArrayLike<number>} images @param {number} from @param {number} pixels
 */
function lengthOf(images, from, pixels) {
  let sum = 0;
  for (let p = from; p < from + pixels; p++) sum += images[p] ** 2;
  return Math.sqrt(sum);
}
