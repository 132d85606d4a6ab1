import { expect, test } from "vitest";

import { paintingProblems } from "../../../lib/pipeline/request/painting-problems.ts";

const WAVES = { fixedMagnitude: 0.5, cropPlace: "wrapped", fadeTo: "white" } as const;

test("what ellipses have not is refused with them", () => {
  expect(paintingProblems({ ...WAVES, ellipses: 160 })).toEqual([
    "fixedMagnitude: given 0.5, with 160 ellipses, which have no magnitudes; wanted 0, or ellipses of 0",
    'cropPlace: given "wrapped", with ellipses, which do not go on at the opposite edge; wanted "anywhere" or "centre", or ellipses of 0',
    'fadeTo: given "white", with ellipses, whose SVG document has no such fading; wanted none, or ellipses of 0',
  ]);
});

test("what a CPPN has not is refused with it; it may fade", () => {
  expect(paintingProblems({ ...WAVES, cppnLayers: 8 })).toEqual([
    "fixedMagnitude: given 0.5, with 8 cppnLayers, which have no magnitudes; wanted 0, or cppnLayers of 0",
    'cropPlace: given "wrapped", with cppnLayers, which do not go on at the opposite edge; wanted "anywhere" or "centre", or cppnLayers of 0',
  ]);
});

test("an image is painted in one way", () => {
  expect(paintingProblems({ ellipses: 5, cppnLayers: 8, cropPlace: "centre" })).toEqual([
    "cppnLayers: given 8, with 5 ellipses, which are another way to paint; wanted 0, or ellipses of 0",
  ]);
});

test("waves may have all of it", () => {
  expect(paintingProblems(WAVES)).toEqual([]);
});
