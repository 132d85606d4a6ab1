/** Vectors of one length, one after the other. */
export interface Vectors {
  readonly count: number;
  readonly length: number;
  /** `count` times `length` numbers. */
  readonly data: Float32Array;
}

/** The vector of an index from 0, as a view. */
export function vectorOf({ length, data }: Vectors, index: number): Float32Array {
  return data.subarray(index * length, (index + 1) * length);
}

/** Over the length of the first. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The mean of x x^T over all vectors x: [length, length], symmetric. */
export function secondMoment(vectors: Vectors): Float64Array {
  const { count, length } = vectors;
  const moment = new Float64Array(length * length);
  for (let n = 0; n < count; n++) {
    const x = vectorOf(vectors, n);
    for (let i = 0; i < length; i++) {
      const share = x[i]! / count;
      // behind a ReLU most are
      if (share === 0) continue;
      const row = i * length;
      for (let j = 0; j <= i; j++) moment[row + j]! += share * x[j]!;
    }
  }
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < i; j++) moment[j * length + i] = moment[i * length + j]!;
  }
  return moment;
}
