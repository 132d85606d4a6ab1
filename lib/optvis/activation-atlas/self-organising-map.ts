import type { Size } from "../../image/raster.ts";
import type { PrincipalPlane } from "./principal-plane.ts";
import { dot, type Vectors, vectorOf } from "./vectors.ts";

/** Passes over all vectors: with more the cells hardly move any further. */
export const PASSES = 20;
/** Radius of a neighbourhood in the last pass, in cells: a cell is mostly its own vectors' mean. */
const LAST_RADIUS = 0.5;
/** How far the grid reaches on the plane it begins on, in standard deviations each way. */
const REACH = 2;

/**
 * Lays vectors on a full rectangular grid so that neighbouring cells are alike: Kohonen's batch map.
 * Cell i, at r_i = [column, row], has a prototype m_i. A pass finds the cell b(x) whose prototype is
 * nearest to each vector x, and then makes each prototype a mean of the vectors nearby:
 *
 *     m_i = sum over x of h(i, b(x)) x / sum over x of h(i, b(x))
 *     h(i, j) = exp(-|r_i - r_j|^2 / (2 radius^2))
 *
 * The radius falls by the same factor from pass to pass, from half of the grid's longer side to
 * `LAST_RADIUS`. It begins on the vectors' principal plane, so that nothing is left to chance. A
 * cell that no vector is nearest to lies between its neighbours: none is blank.
 *
 * Source: Kohonen, Self-Organizing Maps, 3rd edition, 2001, section 3.6.
 *
 * @param onPass hears how many of `PASSES` are over
 * @returns the cells' prototypes, row by row
 */
export function selfOrganisingMap(
  vectors: Vectors,
  plane: PrincipalPlane,
  grid: Size,
  onPass: (done: number) => void = () => undefined,
): Vectors {
  const first = Math.max(grid.width, grid.height) / 2;
  let prototypes = onPlane(plane, grid);
  for (let pass = 0; pass < PASSES; pass++) {
    const radius = first * (LAST_RADIUS / first) ** (pass / (PASSES - 1));
    prototypes = meansNearby(sumsOfNearest(vectors, prototypes), grid, radius);
    onPass(pass + 1);
  }
  return prototypes;
}

/** The grid on the plane, its longer side along the longer axis. */
function onPlane({ mean, axes }: PrincipalPlane, { width, height }: Size): Vectors {
  const [right, down] = width >= height ? axes : [axes[1], axes[0]];
  const at = (place: number, side: number) =>
    side === 1 ? 0 : REACH * ((2 * place) / (side - 1) - 1);
  return cellsOf({ width, height }, mean.length, (cell, prototype) => {
    const [x, y] = [at(cell % width, width), at(Math.floor(cell / width), height)];
    for (let c = 0; c < mean.length; c++) prototype[c] = mean[c]! + x * right[c]! + y * down[c]!;
  });
}

/** @param write fills in a cell's prototype, which is zero */
function cellsOf(
  { width, height }: Size,
  length: number,
  write: (cell: number, prototype: Float32Array) => void,
): Vectors {
  const count = width * height;
  const cells: Vectors = { count, length, data: new Float32Array(count * length) };
  for (let cell = 0; cell < count; cell++) write(cell, vectorOf(cells, cell));
  return cells;
}

/** Of each cell: the sum of the vectors that its prototype is nearest to, and how many they are. */
interface Nearest {
  readonly sums: readonly Float64Array[];
  readonly counts: readonly number[];
}

function sumsOfNearest(vectors: Vectors, prototypes: Vectors): Nearest {
  const sums = Array.from({ length: prototypes.count }, () => new Float64Array(vectors.length));
  const counts = sums.map(() => 0);
  const nearestTo = nearestFinder(prototypes);
  for (let n = 0; n < vectors.count; n++) {
    const x = vectorOf(vectors, n);
    const nearest = nearestTo(x);
    const sum = sums[nearest]!;
    for (let c = 0; c < x.length; c++) sum[c]! += x[c]!;
    counts[nearest]! += 1;
  }
  return { sums, counts };
}

/** Finds the prototype nearest to a vector, of several as near the first. */
function nearestFinder(prototypes: Vectors): (x: Float32Array) => number {
  const cells = Array.from({ length: prototypes.count }, (_, i) => vectorOf(prototypes, i));
  const halves = cells.map((m) => dot(m, m) / 2);
  const cell = (i: number) => cells[i] ?? cells[0]!;
  return (x) => {
    let [nearest, most] = [0, -Infinity];
    // it has the largest x . m - |m|^2 / 2, as |x - m|^2 is |x|^2 less twice that
    const compare = (i: number, product: number) => {
      const nearness = product - (halves[i] ?? Infinity);
      if (nearness > most) [nearest, most] = [i, nearness];
    };
    // all the time goes here: four at once take a third of that of one by one
    for (let i = 0; i < cells.length; i += 4) {
      const [m0, m1, m2, m3] = [cell(i), cell(i + 1), cell(i + 2), cell(i + 3)];
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let c = 0; c < x.length; c++) {
        const value = x[c]!;
        s0 += value * m0[c]!;
        s1 += value * m1[c]!;
        s2 += value * m2[c]!;
        s3 += value * m3[c]!;
      }
      compare(i, s0);
      compare(i + 1, s1);
      compare(i + 2, s2);
      compare(i + 3, s3);
    }
    return nearest;
  };
}

function meansNearby({ sums, counts }: Nearest, grid: Size, radius: number): Vectors {
  const { width } = grid;
  return cellsOf(grid, sums[0]!.length, (i, prototype) => {
    const squares = counts.map((count, j) => {
      const dx = (i % width) - (j % width);
      const dy = Math.floor(i / width) - Math.floor(j / width);
      return count === 0 ? Infinity : dx * dx + dy * dy;
    });
    // a common factor of all weights: far from all vectors they would be zero
    const least = Math.min(...squares);
    const mean = new Float64Array(prototype.length);
    let weights = 0;
    for (const [j, square] of squares.entries()) {
      const h = Math.exp((least - square) / (2 * radius * radius));
      if (h === 0) continue;
      weights += h * counts[j]!;
      for (let c = 0; c < mean.length; c++) mean[c]! += h * sums[j]![c]!;
    }
    prototype.set(mean.map((sum) => sum / weights));
  });
}
