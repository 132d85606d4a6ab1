/** Sweeps at most: of directions that are much alike hundreds are needed. */
const MOST_SWEEPS = 1000;

/**
 * Solves for x >= 0 with the least |b - x W|^2 by coordinate descent: one coordinate after the other
 * goes where the rest is least, until none moves far.
 *
 *     x_j = max(0, x_j + (p_j - sum over l of x_l G_lj) / G_jj),  p = W b,  G = W W^T
 *
 * No step makes the rest larger. A coordinate whose row of W is zero stays as it is.
 *
 * Source: Franc, Hlavac and Navara, "Sequential coordinate-wise algorithm for the non-negative least
 * squares problem", CAIP 2005.
 *
 * @param gram G, [k, k]
 * @param tolerance it ends with a sweep in which no coordinate moves by more than this share of the
 *   largest
 * @returns what improves x, [k], in place; p is [k] too
 */
export function coordinateDescent(
  gram: Float64Array,
  tolerance: number,
): (x: Float64Array, p: Float64Array) => void {
  const k = Math.round(Math.sqrt(gram.length));
  return (x, p) => {
    for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
      let [farthest, largest] = [0, 0];
      for (let j = 0; j < k; j++) {
        const square = gram[j * k + j]!;
        if (square === 0) continue;
        let slope = p[j]!;
        for (let l = 0; l < k; l++) slope -= x[l]! * gram[j * k + l]!;
        const before = x[j]!;
        const after = Math.max(0, before + slope / square);
        x[j] = after;
        farthest = Math.max(farthest, Math.abs(after - before));
        largest = Math.max(largest, after);
      }
      if (farthest <= tolerance * largest) return;
    }
  };
}

/** The sum of x x^T over vectors x of k numbers, one behind the other: [k, k]. */
export function gramOf(vectors: Float64Array, k: number): Float64Array {
  const gram = new Float64Array(k * k);
  for (let at = 0; at < vectors.length; at += k) {
    for (let i = 0; i < k; i++) {
      const factor = vectors[at + i]!;
      if (factor === 0) continue;
      for (let j = 0; j < k; j++) gram[i * k + j]! += factor * vectors[at + j]!;
    }
  }
  return gram;
}
