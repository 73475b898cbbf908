/* The real image most like a picture: the largest cosine between vectors of grey levels, all of them as one product.
   The cosine does not care how bright a picture is; by plain distance a faint smear would be near to everything. */
// needs networks.js

export class Nearest {
  /** @param images n images (n * 784) in [0, 1] to search among */
  constructor(images) {
    this.n = images.length / PIXELS;
    images = images.slice();
    for (let i = 0; i < this.n; i++) {
      const length = Math.sqrt(dot(images, i * PIXELS, images, i * PIXELS, PIXELS)) || 1;
      for (let p = i * PIXELS; p < (i + 1) * PIXELS; p++) images[p] /= length;
    }
    const own = { images, zeros: new Float32Array(this.n), query: new Float32Array(CHUNK * PIXELS), products: new Float32Array(CHUNK * this.n) };
    if (Kernel.get()) {
      const kernel = new Kernel(Object.keys(own).map((name) => [own, name]));
      this.product = (...operands) => kernel.product(...operands);
    } else this.product = product;
    Object.assign(this, own);
  }

  /** For m <= 16 images (m * 784): index of the most similar one and their cosine; `skip[i]` leaves out an image's own copy. */
  find(images, m, skip = null) {
    this.query.set(images.subarray(0, m * PIXELS));
    this.product(this.query, this.images, this.zeros, this.products, m, this.n, PIXELS);
    return Array.from({ length: m }, (_, i) => {
      const length = Math.sqrt(dot(this.query, i * PIXELS, this.query, i * PIXELS, PIXELS)) || 1;
      let index = -1, most = -Infinity;
      for (let j = 0; j < this.n; j++) {
        const cosine = this.products[i * this.n + j];
        if (cosine > most && j !== skip?.[i]) (most = cosine), (index = j);
      }
      return { index, likeness: most / length };
    });
  }
}
