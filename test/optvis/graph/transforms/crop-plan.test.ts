import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { roundHalfEven } from "../../../../lib/onnx/rounding.ts";
import { pyramidSizes } from "../../../../lib/optvis/ascent/pyramid-sizes.ts";
import {
  firstPixels,
  inverseCoverage,
  planCrops,
  cropWeights,
} from "../../../../lib/optvis/graph/transforms/crop-plan.ts";

test.each([
  // Python: [round(x) for x in (0.5, 1.5, 2.5, -0.5, -1.5, 313.6, 439.6, 2.4999)]
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [-0.5, 0],
  [-1.5, -2],
  [313.6, 314],
  [439.6, 440],
  [2.4999, 2],
])("%f rounds to %i as in Python", (value, rounded) => {
  expect(roundHalfEven(value) + 0).toBe(rounded);
});

describe("sizes of the levels", () => {
  test("224 at 1.4 gives 314 and, from 314, 440", () => {
    const sides = pyramidSizes({ height: 224, width: 224 }, 3, 1.4).map(({ height }) => height);
    expect(sides).toEqual([224, 314, 440]);
  });

  test("halves go to the even neighbour, each side on its own", () => {
    // 5 * 1.5 = 7.5 and 3 * 1.5 = 4.5
    expect(pyramidSizes({ height: 5, width: 3 }, 2, 1.5)).toEqual([
      { height: 5, width: 3 },
      { height: 8, width: 4 },
    ]);
  });
});

/**
 * The reference's `starts`, for (size, crop): [round(k * (size - crop) / (count - 1)), ...] in
 * Python.
 */
test.each([
  [314, 224, [0, 90]],
  [224, 224, [0]],
  [448, 224, [0, 224]],
  [449, 224, [0, 112, 225]],
  [440, 224, [0, 216]],
  [700, 224, [0, 159, 317, 476]],
  [21, 10, [0, 6, 11]],
  [18, 10, [0, 8]],
  [10, 4, [0, 3, 6]],
  [13, 4, [0, 3, 6, 9]],
])(
  "crops of %i pixels by %i without overlap start where the reference's do",
  (size, crop, starts) => {
    expect(firstPixels(size, crop, 0)).toEqual(starts);
  },
);

const axis = fc
  .tuple(
    fc.integer({ min: 1, max: 60 }),
    fc.nat({ max: 200 }),
    fc.double({ min: 0, max: 0.9, noNaN: true }),
  )
  .map(([crop, more, share]) => ({
    crop,
    size: crop + more,
    overlap: Math.min(crop - 1, Math.floor(crop * share)),
  }));

describe("along an axis", () => {
  test("crops begin at the first pixel, end at the last, and share at least the overlap", () => {
    fc.assert(
      fc.property(axis, ({ size, crop, overlap }) => {
        const starts = firstPixels(size, crop, overlap);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)! + crop).toBe(size);
        starts.slice(1).forEach((start, i) => {
          // evenly spaced starts are rounded, which may take one pixel of the overlap
          expect(starts[i]! + crop - start).toBeGreaterThanOrEqual(overlap === 0 ? 0 : overlap - 1);
        });
      }),
    );
  });

  test("there are as few crops as can be", () => {
    fc.assert(
      fc.property(axis, ({ size, crop, overlap }) => {
        const count = firstPixels(size, crop, overlap).length;
        const reach = (crops: number) => crop + (crops - 1) * (crop - overlap);
        expect(reach(count)).toBeGreaterThanOrEqual(size);
        expect(count === 1 || reach(count - 1) < size).toBe(true);
      }),
    );
  });

  test("a crop of one pixel, as of a signal of one row, has no overlap to be asked for", () => {
    expect(firstPixels(1, 1, 1)).toEqual([0]);
    expect(firstPixels(3, 1, 1)).toEqual([0, 1, 2]);
    const plan = planCrops({ height: 1, width: 20 }, { height: 1, width: 12 }, 1);
    expect(plan).toMatchObject({ tops: [0], lefts: [0, 8] });
  });

  test("a crop larger than the image is refused", () => {
    expect(() => firstPixels(9, 10, 0)).toThrow("a crop of 10 pixels does not fit in 9");
  });
});

test.each(["uniform", "feathered"] as const)(
  "%s weights, divided by their coverage, count every pixel once",
  (blend) => {
    fc.assert(
      fc.property(axis, axis, (rows, columns) => {
        const image = { height: rows.size, width: columns.size };
        const crop = { height: rows.crop, width: columns.crop };
        const plan = planCrops(image, crop, Math.min(rows.overlap, columns.overlap));
        const weights = cropWeights(plan, blend);
        expect(weights.data.every((weight) => weight > 0)).toBe(true);
        const inverse = inverseCoverage(image, plan, weights);
        const counted = new Float64Array(image.height * image.width);
        const origins = plan.tops.flatMap((y) => plan.lefts.map((x) => [y, x] as const));
        for (const [top, left] of origins) {
          weights.data.forEach((weight, i) => {
            const y = top + Math.floor(i / plan.width);
            const at = y * image.width + left + (i % plan.width);
            counted[at] = counted[at]! + weight * inverse.data[at]!;
          });
        }
        // a few float32 roundings of a sum of weights
        expect(counted.every((count) => Math.abs(count - 1) < 1e-6)).toBe(true);
      }),
      { numRuns: 30 },
    );
  },
);

test("feathered weights fall from the middle to the edges, the same on both sides", () => {
  const { data } = cropWeights({ height: 3, width: 4 }, "feathered");
  const [half, whole] = [0.5, 1];
  const row = (factor: number) => [half, whole, whole, half].map((weight) => weight * factor);
  expect([...data]).toEqual([...row(half), ...row(whole), ...row(half)]);
});
