/** A matrix [n, C] without its zeros: the numbers of row i begin at `starts[i]`. */
export interface SparseRows {
  readonly count: number;
  readonly length: number;
  readonly starts: Uint32Array;
  /** Columns, from 0. */
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** What a rectifier passes of vectors of one length: of most layers the smaller part. */
export function rectifiedRows(vectors: readonly Float32Array[]): SparseRows {
  const starts = new Uint32Array(vectors.length + 1);
  for (const [i, vector] of vectors.entries()) {
    starts[i + 1] = starts[i]! + vector.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  }
  const columns = new Uint32Array(starts[vectors.length]!);
  const values = new Float64Array(columns.length);
  let next = 0;
  for (const vector of vectors) {
    for (let c = 0; c < vector.length; c++) {
      if (!(vector[c]! > 0)) continue;
      columns[next] = c;
      values[next++] = vector[c]!;
    }
  }
  return { count: vectors.length, length: vectors[0]?.length ?? 0, starts, columns, values };
}

/** What is done for so many numbers at once takes a third of the time of one by one. */
const AT_ONCE = 4;

/** The least number from `count` up that `addProducts` and `addOuter` take as k. */
export const paddedCount = (count: number) => AT_ONCE * Math.ceil(count / AT_ONCE);

/** Adds a row's products with the columns of a matrix [C, k] to sums [k]; see `paddedCount`. */
export function addProducts(
  { starts, columns, values }: SparseRows,
  row: number,
  matrix: Float64Array,
  sums: Float64Array,
): void {
  const k = sums.length;
  const [start, end] = [starts[row]!, starts[row + 1]!];
  for (let j = 0; j < k; j += AT_ONCE) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      const at = columns[i]! * k + j;
      s0 += value * matrix[at]!;
      s1 += value * matrix[at + 1]!;
      s2 += value * matrix[at + 2]!;
      s3 += value * matrix[at + 3]!;
    }
    sums[j]! += s0;
    sums[j + 1]! += s1;
    sums[j + 2]! += s2;
    sums[j + 3]! += s3;
  }
}

/** Adds row^T x, of x [k], to a matrix [C, k]; see `paddedCount`. */
export function addOuter(
  { starts, columns, values }: SparseRows,
  row: number,
  x: Float64Array,
  matrix: Float64Array,
): void {
  const k = x.length;
  const [start, end] = [starts[row]!, starts[row + 1]!];
  for (let j = 0; j < k; j += AT_ONCE) {
    const [x0, x1, x2, x3] = [x[j]!, x[j + 1]!, x[j + 2]!, x[j + 3]!];
    if (x0 === 0 && x1 === 0 && x2 === 0 && x3 === 0) continue;
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      const at = columns[i]! * k + j;
      matrix[at]! += value * x0;
      matrix[at + 1]! += value * x1;
      matrix[at + 2]! += value * x2;
      matrix[at + 3]! += value * x3;
    }
  }
}
