import { expect, test } from "vitest";

import { principalPlane } from "../../../lib/optvis/activation-atlas/principal-plane.ts";
import { selfOrganisingMap } from "../../../lib/optvis/activation-atlas/self-organising-map.ts";
import {
  secondMoment,
  type Vectors,
  vectorOf,
} from "../../../lib/optvis/activation-atlas/vectors.ts";
import { standardNormal, uniformFrom } from "../../../lib/optvis/random.ts";

const GRID = { width: 5, height: 3 };
const LENGTH = 7;
/** Of each point so many vectors. */
const COPIES = 4;

function vectorsOf(rows: readonly (readonly number[])[]): Vectors {
  return { count: rows.length, length: rows[0]!.length, data: Float32Array.from(rows.flat()) };
}

/** A point of the grid in more dimensions, where rows and columns lie along two of them, aslant. */
function pointAt(column: number, row: number): readonly number[] {
  return [3, 0.6 * column - 0.8 * row, 0.8 * column + 0.6 * row, 0, -2, 0, 1];
}

/** The [column, row] that a vector is nearest to, if it lies on that plane. */
function placeOf(vector: Float32Array): readonly [number, number] {
  const [, a = 0, b = 0] = vector;
  return [Math.round(0.6 * a + 0.8 * b), Math.round(0.6 * b - 0.8 * a)];
}

function mapOf(vectors: Vectors, grid = GRID): Vectors {
  return selfOrganisingMap(vectors, principalPlane(vectors, secondMoment(vectors)), grid);
}

const pointsOfGrid = Array.from({ length: GRID.width * GRID.height * COPIES }, (_, i) => {
  // in an order that is not the grid's
  const cell = (7 * i) % (GRID.width * GRID.height);
  return pointAt(cell % GRID.width, Math.floor(cell / GRID.width));
});

test("points of a grid come back in its order, which may be mirrored", () => {
  const map = mapOf(vectorsOf(pointsOfGrid));
  const places = Array.from({ length: map.count }, (_, cell) => placeOf(vectorOf(map, cell)));
  const [isRight, isDown] = [places.at(-1)![0] > 0, places.at(-1)![1] > 0];
  const wanted = places.map((_, cell) => {
    const [column, row] = [cell % GRID.width, Math.floor(cell / GRID.width)];
    return [isRight ? column : GRID.width - 1 - column, isDown ? row : GRID.height - 1 - row];
  });
  expect(places).toEqual(wanted);
});

test("a grid that is higher than wide has the longer axis down", () => {
  const map = mapOf(vectorsOf(pointsOfGrid), { width: GRID.height, height: GRID.width });
  const along = Array.from({ length: GRID.width }, (_, row) => {
    return placeOf(vectorOf(map, GRID.height * row + 1))[0];
  });
  expect(along[0]! < along[1]! ? along : along.toReversed()).toEqual([0, 1, 2, 3, 4]);
});

/** Mean squared distance of neighbours in a row, by that of cells two rows apart. */
function disorder(map: Vectors): number {
  const squared = (a: number, b: number) =>
    vectorOf(map, a).reduce((sum, value, c) => sum + (value - vectorOf(map, b)[c]!) ** 2, 0);
  let [near, far] = [0, 0];
  for (let column = 0; column < GRID.width; column++) {
    if (column > 0) near += squared(column, column - 1) / (GRID.width - 1);
    far += squared(column, column + 2 * GRID.width) / GRID.width;
  }
  return near / far;
}

test("neighbours are alike, as they are not in another order of the same cells", () => {
  const data = standardNormal(200 * LENGTH, uniformFrom("vectors"));
  const map = mapOf({ count: 200, length: LENGTH, data });
  const shuffled = Array.from({ length: map.count }, (_, i) => vectorOf(map, (4 * i) % map.count));
  expect(disorder(map)).toBeLessThan(0.6);
  expect(disorder(vectorsOf(shuffled.map((vector) => [...vector])))).toBeGreaterThan(0.8);
});

test("no cell is blank, however few places the vectors lie at", () => {
  const map = mapOf(vectorsOf([...Array.from({ length: 9 }, () => [0, 1]), [0, 5]]), {
    width: 60,
    height: 1,
  });
  for (let cell = 0; cell < map.count; cell++) {
    const [zero, value] = vectorOf(map, cell);
    expect(zero).toBe(0);
    expect(value).toBeGreaterThanOrEqual(1);
    expect(value).toBeLessThanOrEqual(5);
  }
});
