import { expect, test } from "vitest";

import type { Planes } from "../../../lib/image/raster.ts";
import {
  type AffineChange,
  affineChanges,
  affineCopies,
} from "../../../lib/optvis/quality/affine-copies.ts";

const [WIDTH, HEIGHT] = [9, 7];

/** A plane that rises by a red, green and blue slope to the right, by 10 a row. */
function slopes(): Planes {
  const data = Float32Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const plane = Math.floor(i / (WIDTH * HEIGHT));
    const pixel = i % (WIDTH * HEIGHT);
    return (plane + 1) * (pixel % WIDTH) + 10 * Math.floor(pixel / WIDTH);
  });
  return { width: WIDTH, height: HEIGHT, data };
}

const at = ({ data }: Planes, plane: number, x: number, y: number) =>
  data[(plane * HEIGHT + y) * WIDTH + x]!;

const affineCopy = (picture: Planes, change: AffineChange) =>
  [...affineCopies(picture, [change])][0]!;

const SAME = { angle: 0, zoom: 1, shift: [0, 0] } as const;

test("no change is the same picture", () => {
  expect(affineCopy(slopes(), SAME).data).toEqual(slopes().data);
});

test("a shift moves the picture right and down, between pixels too, and shows mid-grey", () => {
  const moved = affineCopy(slopes(), { ...SAME, shift: [2, 0.5] });
  expect(at(moved, 1, 5, 3)).toBeCloseTo(2 * 3 + 10 * 2.5, 4);
  expect(at(moved, 1, 1, 3)).toBe(127.5);
  // the first row lies half outside
  expect(at(moved, 2, 4, 0)).toBeCloseTo((127.5 + 3 * 2) / 2, 4);
});

test("a zoom grows the picture about its centre", () => {
  const grown = affineCopy(slopes(), { ...SAME, zoom: 2 });
  expect(at(grown, 0, 4, 3)).toBeCloseTo(4 + 30, 4);
  expect(at(grown, 2, 8, 1)).toBeCloseTo(3 * (4 + 4 / 2) + 10 * (3 - 2 / 2), 4);
});

test("a quarter turn brings what was above to the right", () => {
  const turned = affineCopy(slopes(), { ...SAME, angle: Math.PI / 2 });
  expect(at(turned, 0, 4 + 2, 3)).toBeCloseTo(4 + 10 * (3 - 2), 3);
  expect(at(turned, 0, 4, 3 + 2)).toBeCloseTo(4 + 2 + 30, 3);
});

test("the changes are eight, the same for each picture, within their bounds", () => {
  const size = { width: 224, height: 112 };
  const changes = affineChanges(size);
  expect(affineChanges(size)).toEqual(changes);
  expect(changes).toHaveLength(8);
  const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  const angles = changes.map(({ angle }) => (angle * 180) / Math.PI);
  expect(Math.max(...angles.map(Math.abs))).toBeLessThanOrEqual(10);
  expect(extent(angles)).toBeGreaterThan(8);
  const zooms = changes.map(({ zoom }) => zoom);
  expect(Math.min(...zooms)).toBeGreaterThanOrEqual(0.8);
  expect(Math.max(...zooms)).toBeLessThanOrEqual(1.2);
  expect(extent(zooms)).toBeGreaterThan(0.15);
  for (const { shift } of changes) {
    expect(Math.abs(shift[0])).toBeLessThanOrEqual(16);
    expect(Math.abs(shift[1])).toBeLessThanOrEqual(8);
  }
});
