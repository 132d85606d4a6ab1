import type { Uniform } from "../random.ts";
import type { SparseRows } from "./sparse-rows.ts";

/** A row of which this share of its square is left, and no more, is made of the others. */
const LEAST_REST = 1e-12;

/**
 * Draws rows of a matrix that differ: each with a probability in proportion to the square of what
 * of it the rows before do not span.
 *
 * Source: "adaptive sampling" of Deshpande, Rademacher, Vempala and Wang, "Matrix approximation and
 * projective clustering via volume sampling", SODA 2006.
 *
 * @returns their indices, from 0; fewer than `count` where these span all
 */
export function startingRows(
  matrix: SparseRows,
  count: number,
  uniform: Uniform,
): readonly number[] {
  const { starts, columns, values } = matrix;
  const squares = Float64Array.from({ length: matrix.count }, (_, i) =>
    values.subarray(starts[i], starts[i + 1]).reduce((sum, value) => sum + value * value, 0),
  );
  const rests = squares.slice();
  const drawn: number[] = [];
  const axes: Float64Array[] = [];
  while (drawn.length < count) {
    const row = drawnOf(rests, uniform);
    if (row === null) break;
    drawn.push(row);
    const axis = newAxis(matrix, row, axes);
    axes.push(axis);
    for (let i = 0; i < matrix.count; i++) {
      let along = 0;
      for (let at = starts[i]!; at < starts[i + 1]!; at++)
        along += values[at]! * axis[columns[at]!]!;
      const rest = rests[i]! - along * along;
      rests[i] = rest > LEAST_REST * squares[i]! ? rest : 0;
    }
    rests[row] = 0;
  }
  return drawn;
}

/** An index, each as probable as its number is large; `null` if all are zero. */
function drawnOf(weights: Float64Array, uniform: Uniform): number | null {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (sum === 0) return null;
  let left = uniform() * sum;
  const found = weights.findIndex((weight) => (left -= weight) < 0);
  // rounding may leave a little of it
  return found >= 0 ? found : weights.findLastIndex((weight) => weight > 0);
}

/** What of a row is orthogonal to the axes so far, of length 1, dense. */
function newAxis(
  { length, starts, columns, values }: SparseRows,
  row: number,
  axes: readonly Float64Array[],
): Float64Array {
  const axis = new Float64Array(length);
  for (let i = starts[row]!; i < starts[row + 1]!; i++) axis[columns[i]!] = values[i]!;
  for (const other of axes) {
    const along = axis.reduce((sum, value, c) => sum + value * other[c]!, 0);
    for (let c = 0; c < length; c++) axis[c]! -= along * other[c]!;
  }
  const norm = lengthOf(axis);
  return axis.map((value) => value / norm);
}

/** A vector's. */
export function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
