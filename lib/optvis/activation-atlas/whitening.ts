import { dot, type Vectors, vectorOf } from "./vectors.ts";

/**
 * Multiplies vectors by the inverse of a moment S, y = (S + r I)^-1 x, so that what all activations
 * have in common counts little. The ridge r is the mean of S's diagonal: with less, what activations
 * hardly have counts so much that pictures have a haze of it, and few vectors leave S singular.
 *
 * By Cholesky's decomposition: S + r I = L L^T, L z = x, L^T y = z.
 *
 * Source: Carter et al., Activation Atlas, Distill 2019, whose S is the moment of activations
 * without their mean taken off, as here.
 *
 * @param moment [length, length], symmetric, and not negative in any direction
 */
export function whitened(vectors: Vectors, moment: Float64Array): Vectors {
  const { count, length } = vectors;
  const rows = choleskyRows(moment, length);
  const result: Vectors = { count, length, data: new Float32Array(count * length) };
  for (let n = 0; n < count; n++) {
    const y = Float64Array.from(vectorOf(vectors, n));
    for (let i = 0; i < length; i++) {
      const row = rows[i]!;
      y[i] = (y[i]! - dot(row.subarray(0, i), y)) / row[i]!;
    }
    for (let i = length - 1; i >= 0; i--) {
      const row = rows[i]!;
      const value = (y[i]! /= row[i]!);
      for (let j = 0; j < i; j++) y[j]! -= row[j]! * value;
    }
    vectorOf(result, n).set(y);
  }
  return result;
}

/** Row i of L, up to the diagonal. */
function choleskyRows(moment: Float64Array, length: number): readonly Float64Array[] {
  let trace = 0;
  for (let i = 0; i < length; i++) trace += moment[i * length + i]!;
  const ridge = trace / length;
  const rows: Float64Array[] = [];
  for (let i = 0; i < length; i++) {
    const row = moment.slice(i * length, i * length + i + 1);
    row[i]! += ridge;
    for (let j = 0; j <= i; j++) {
      const above = j === i ? row : rows[j]!;
      const rest = row[j]! - dot(above.subarray(0, j), row);
      row[j] = j === i ? Math.sqrt(rest) : rest / above[j]!;
    }
    rows.push(row);
  }
  return rows;
}
