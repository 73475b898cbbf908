/* The plane in which codes vary most, followed from one moment of a training to the next:

     basis <- orthonormal(C basis)      with C the covariance of the codes       (orthogonal iteration)

   It starts from the plane of the moment before, so that the picture neither jumps nor turns over while codes move. For
   two latent units it is the latent space itself, and for one its line. */

/**
 * @typedef {{basis: Float64Array[], centre: Float64Array}} PrincipalPlane directions of the axes, and their origin
 */

/**
 * @param {ArrayLike<number>} codes (n, d), row by row @param {number} d
 * @param {PrincipalPlane | null} before the plane of the moment before
 * @returns {PrincipalPlane}
 */
export function principalPlane(codes, d, before, steps = before ? 3 : 60) {
  const n = codes.length / d;
  const unit = (/** @type {number} */ j) => Float64Array.from({ length: d }, (_, k) => Number(k === j));
  const centre = new Float64Array(d);
  if (d <= 2) return { basis: [unit(0), d > 1 ? unit(1) : new Float64Array(1)], centre };
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) centre[j] += codes[i * d + j] / n;
  let basis = before ? before.basis : [unit(0), unit(1)];
  for (let step = 0; step < steps; step++) {
    const next = [new Float64Array(d), new Float64Array(d)];
    for (let i = 0; i < n; i++)
      for (let a = 0; a < 2; a++) {
        let along = 0;
        for (let j = 0; j < d; j++) along += (codes[i * d + j] - centre[j]) * basis[a][j];
        for (let j = 0; j < d; j++) next[a][j] += along * (codes[i * d + j] - centre[j]);
      }
    const [x, y] = next;
    if (!normalise(x)) return { basis, centre }; // all codes are alike: any plane will do
    const overlap = x.reduce((sum, v, j) => sum + v * y[j], 0);
    y.forEach((v, j) => (y[j] = v - overlap * x[j]));
    if (!normalise(y)) return { basis, centre };
    basis = next;
  }
  return { basis, centre };
}

/**
 * Length 1; false if there is no direction.
 * @param {Float64Array} vector
 */
function normalise(vector) {
  const length = Math.hypot(...vector);
  if (!(length > 1e-12)) return false;
  vector.forEach((v, j) => (vector[j] = v / length));
  return true;
}

/**
 * Codes in the plane, (n, 2).
 * @param {ArrayLike<number>} codes (n, d) @param {number} d @param {PrincipalPlane} plane
 */
export function inPlane(codes, d, { basis, centre }) {
  const n = codes.length / d,
    out = new Float32Array(2 * n);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < 2; a++) {
      let along = 0;
      for (let j = 0; j < d; j++) along += (codes[i * d + j] - centre[j]) * basis[a][j];
      out[2 * i + a] = along;
    }
  return out;
}
