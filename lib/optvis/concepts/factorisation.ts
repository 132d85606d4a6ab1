import type { Uniform } from "../random.ts";
import { columnOf } from "./concept-amounts.ts";
import { coordinateDescent, gramOf } from "./nonnegative-least-squares.ts";
import {
  addOuter,
  addProducts,
  paddedCount,
  rectifiedRows,
  type SparseRows,
} from "./sparse-rows.ts";
import { lengthOf, startingRows } from "./starting-rows.ts";

/** What vectors are made of. */
export interface Factorisation {
  /** W: k directions [C] >= 0, each of length 1; no more of them than A's rank. */
  readonly directions: readonly Float64Array[];
  /** After each iteration, what is left of A's sum of squares, as a share of it: it never rises. */
  readonly rests: readonly number[];
}

export interface FactorisationOptions {
  /** It ends once an iteration takes less than this share of A's sum of squares off the rest. */
  readonly tolerance?: number;
  /** The most there may be. @default MOST_ITERATIONS */
  readonly iterations?: number;
  /** Hears of iterations. */
  readonly onIteration?: (done: number) => void;
}

export const MOST_ITERATIONS = 100;
/** Beginnings that are tried, and for how long: from each the end is another. */
const TRIES = 4;
const TRIED_ITERATIONS = 5;
/** A share of the sum of squares: at it directions move no more to the eye. */
const TOLERANCE = 1e-5;
/** Of one factor, for the next iteration to begin with: as a share of its largest number. */
const FACTOR_TOLERANCE = 1e-3;

/**
 * Non-negative matrix factorisation: what vectors A [n, C] >= 0 are made of,
 *
 *     A ~ U W  with the least |A - U W|^2,  U [n, k] >= 0,  W [k, C] >= 0
 *
 * by turns the best U for W, and the best W for U, by coordinate descent in float64: hierarchical
 * alternating least squares, with as many sweeps as pay while A W^T and U^T A are at hand. It begins
 * with rows of A that differ, drawn at random (`startingRows`), and goes on from the best of
 * `TRIES`. The end is a minimum among its neighbours, not always the least.
 *
 * Sources: Cichocki and Phan, "Fast local algorithms for large scale nonnegative matrix and tensor
 * factorizations", IEICE Transactions, 2009; Gillis and Glineur, "Accelerated multiplicative updates
 * and hierarchical ALS algorithms for nonnegative matrix factorization", Neural Computation, 2012.
 *
 * @param vectors rows of A [C], finite; what is negative counts as 0, as behind a rectifier
 * @param count k
 */
export function factorise(
  vectors: readonly Float32Array[],
  count: number,
  uniform: Uniform,
  options: FactorisationOptions = {},
): Factorisation {
  const { tolerance = TOLERANCE, iterations = MOST_ITERATIONS, onIteration } = options;
  const matrix = rectifiedRows(vectors);
  const square = matrix.values.reduce((sum, value) => sum + value * value, 0);
  if (square === 0) return { directions: [], rests: [] };
  let done = 0;
  const next = (state: State): State => {
    onIteration?.(++done);
    return improved(state, matrix, square);
  };
  const tried = (): State => {
    let state = startOf(matrix, startingRows(matrix, count, uniform));
    for (let i = 0; i < TRIED_ITERATIONS; i++) state = next(state);
    return state;
  };
  const tries = Array.from({ length: TRIES }, tried);
  let state = tries.reduce((best, other) => (restOf(other) < restOf(best) ? other : best));
  for (let left = iterations - done; left > 0; left--) {
    const before = restOf(state);
    state = next(state);
    if (before - restOf(state) <= tolerance) break;
  }
  return { directions: directionsOf(state), rests: state.rests };
}

/** Factors on their way; both are written over as it goes on. */
interface State {
  /** [n, k] */
  readonly u: Float64Array;
  /** W^T, [C, k] */
  readonly w: Float64Array;
  readonly k: number;
  readonly rests: readonly number[];
}

const restOf = ({ rests }: State) => rests.at(-1) ?? 1;

function startOf(
  { count, length, starts, columns, values }: SparseRows,
  rows: readonly number[],
): State {
  // directions that pad it are zero, and remain so
  const k = paddedCount(rows.length);
  const w = new Float64Array(length * k);
  for (const [j, row] of rows.entries()) {
    for (let i = starts[row]!; i < starts[row + 1]!; i++) w[columns[i]! * k + j] = values[i]!;
  }
  return { u: new Float64Array(count * k), w, k, rests: [] };
}

/** The best U for W, then the best W for it. @param square A's sum of squares */
function improved({ u, w, k, rests }: State, matrix: SparseRows, square: number): State {
  const ua = new Float64Array(w.length);
  const p = new Float64Array(k);
  const toU = coordinateDescent(gramOf(w, k), FACTOR_TOLERANCE);
  for (let i = 0; i < matrix.count; i++) {
    const row = u.subarray(i * k, (i + 1) * k);
    addProducts(matrix, i, w, p.fill(0));
    toU(row, p);
    addOuter(matrix, i, row, ua);
  }
  const uu = gramOf(u, k);
  const toW = coordinateDescent(uu, FACTOR_TOLERANCE);
  for (let at = 0; at < w.length; at += k) {
    toW(w.subarray(at, at + k), ua.subarray(at, at + k));
  }
  // |A - U W|^2 = |A|^2 - 2 <U^T A, W> + <U^T U, W W^T>
  const ww = gramOf(w, k);
  const product = uu.reduce((sum, value, i) => sum + value * ww[i]!, 0);
  const along = ua.reduce((sum, value, i) => sum + value * w[i]!, 0);
  const rest = Math.max(0, square - 2 * along + product) / square;
  return { u, w, k, rests: [...rests, rest] };
}

function directionsOf({ w, k }: State): readonly Float64Array[] {
  const all = Array.from({ length: k }, (_, j) => columnOf(w, k, j));
  const lengths = all.map(lengthOf);
  return all
    .map((direction, j) => direction.map((value) => value / lengths[j]!))
    .filter((_, j) => lengths[j]! > 0);
}
