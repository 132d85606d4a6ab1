import { standardNormal, uniformFrom } from "../random.ts";
import { dot, type Vectors, vectorOf } from "./vectors.ts";

/** The plane through vectors' mean in which they differ most. */
export interface PrincipalPlane {
  readonly mean: Float64Array;
  /** Orthogonal, each as long as the vectors' standard deviation along it, the longer first. */
  readonly axes: readonly [Float64Array, Float64Array];
}

/** Multiplications by the covariance: what begins on the plane need not lie on it exactly. */
const STEPS = 100;

/**
 * The first two principal components, by power iteration: v becomes K v / |K v| again and again,
 * where K = E[x x^T] - m m^T is the vectors' covariance; the second with what lies along the first
 * taken off.
 *
 * @param moment `secondMoment` of the vectors
 */
export function principalPlane(vectors: Vectors, moment: Float64Array): PrincipalPlane {
  const { count, length } = vectors;
  const mean = new Float64Array(length);
  for (let n = 0; n < count; n++) {
    for (const [i, value] of vectorOf(vectors, n).entries()) mean[i]! += value / count;
  }
  const covarianceTimes = (v: Float64Array) => {
    const along = dot(mean, v);
    const row = (i: number) => moment.subarray(i * length, (i + 1) * length);
    return v.map((_, i) => dot(row(i), v) - mean[i]! * along);
  };
  const axis = (number: number, others: readonly Float64Array[]) => {
    let v: Float64Array = Float64Array.from(
      standardNormal(length, uniformFrom("principal plane", number)),
    );
    let variance = 0;
    for (let step = 0; step < STEPS; step++) {
      const next = others.reduce<Float64Array>(without, covarianceTimes(scaled(v, 1 / norm(v))));
      variance = norm(next);
      if (variance === 0) return next;
      v = next;
    }
    return scaled(v, Math.sqrt(variance) / norm(v));
  };
  const first = axis(1, []);
  return { mean, axes: [first, axis(2, [first])] };
}

const norm = (v: Float64Array) => Math.sqrt(dot(v, v));

const scaled = (v: Float64Array, by: number) => v.map((value) => value * by);

/** What of a vector is orthogonal to another. */
function without(v: Float64Array, other: Float64Array): Float64Array {
  const squared = dot(other, other);
  const along = squared === 0 ? 0 : dot(v, other) / squared;
  return v.map((value, i) => value - along * other[i]!);
}
