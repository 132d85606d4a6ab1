import { type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import { coordinateDescent } from "./nonnegative-least-squares.ts";

/** How far from the least an amount may be, as a share of the largest at its place. */
const TOLERANCE = 1e-9;

/**
 * What a layer's map has along each direction at each place: P = F W^T, f_p being the map's vector at
 * place p.
 *
 * @param directions W, k of [C]
 * @param map [C, ...]
 * @returns [places, k]
 */
export function alongDirections(
  directions: readonly Float64Array[],
  { shape: [channels = 1, ...spatial], data }: FloatTensor,
): Float64Array {
  const places = sizeOf(spatial);
  const k = directions.length;
  const along = new Float64Array(places * k);
  for (const [j, direction] of directions.entries()) {
    for (let c = 0; c < channels; c++) {
      const weight = direction[c]!;
      if (weight === 0) continue;
      for (let p = 0; p < places; p++) along[p * k + j]! += weight * data[c * places + p]!;
    }
  }
  return along;
}

/**
 * How much of each concept there is at each place: U >= 0 with the least |A - U W|^2.
 *
 * @param directions W, as `factorise` has them
 * @returns gives U, [places, k], of what A has along the directions, [places, k]
 */
export function amountsAlong(
  directions: readonly Float64Array[],
): (along: Float64Array) => Float64Array {
  const k = directions.length;
  const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, c) => sum + x * b[c]!, 0);
  const gram = Float64Array.from(directions.flatMap((a) => directions.map((b) => product(a, b))));
  const solve = coordinateDescent(gram, TOLERANCE);
  return (along) => {
    const amounts = new Float64Array(along.length);
    for (let at = 0; at < along.length; at += k) {
      solve(amounts.subarray(at, at + k), along.subarray(at, at + k));
    }
    return amounts;
  };
}

/**
 * What each concept has of a sum that is shared out linearly among places:
 *
 *     t_k = sum over p of u_pk <w_k, f_p>
 *
 * With f = A >= 0 all together are |A|^2 - |A - U W|^2, what is explained of A's sum of squares, as
 * <A - U W, u_k w_k> = 0 for each k where U is the best for W. With f = dS/dA they are what concepts
 * contribute to a score S, as `attribute` has it of channels, less what they leave of A.
 *
 * @param amounts U, [places, k]
 * @param along what f has along the directions, [places, k]
 * @returns [k]
 */
export function sharedOut(
  amounts: Float64Array,
  along: Float64Array,
  k: number,
): readonly number[] {
  const totals = Array<number>(k).fill(0);
  amounts.forEach((amount, i) => (totals[i % k]! += amount * along[i]!));
  return totals;
}

/** One column of a matrix [rows, k]. */
export function columnOf(matrix: Float64Array, k: number, column: number): Float64Array {
  return Float64Array.from({ length: matrix.length / k }, (_, row) => matrix[row * k + column]!);
}
