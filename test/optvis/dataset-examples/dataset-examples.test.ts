import { expect, test } from "vitest";

import { DatasetExamples } from "../../../lib/optvis/dataset-examples/dataset-examples.ts";

/** Of twelve images two channels, of which the second is excited by several alike. */
const IMAGES = Array.from({ length: 12 }, (_, image) => ({
  maxima: Float32Array.of((5 * image) % 12, -1 - (image % 4)),
  places: Float32Array.of(image, 100 + image),
}));
const [FIRST, SECOND] = [
  [7, 2, 9],
  [0, 4, 8],
];

function foundIn(order: readonly number[], images = IMAGES) {
  const examples = new DatasetExamples(2, 3);
  for (const image of order) examples.add(image, images[image]!);
  return [1, 2].map((channel) => examples.of(channel));
}

test("the strongest are kept, the first of equal ones, in whatever order they come", () => {
  const ascending = IMAGES.map((_, image) => image);
  const found = foundIn(ascending);
  expect(found.map((each) => each.map(({ image }) => image))).toEqual([FIRST, SECOND]);
  expect(found[0]).toEqual(FIRST.map((image, i) => ({ image, activation: 11 - i, place: image })));
  expect(found[1]![2]).toEqual({ image: 8, activation: -1, place: 108 });
  expect(foundIn(ascending.toReversed())).toEqual(found);
  expect(foundIn([3, 8, 11, 0, 7, 5, 1, 10, 2, 4, 9, 6])).toEqual(found);
});

test("what is not finite does not count, nor 0, and few images are few examples", () => {
  const odd = [NaN, Infinity, 2, 0, -0].map((value) => ({
    maxima: Float32Array.of(value, -1),
    places: Float32Array.of(0, 0),
  }));
  const found = foundIn([4, 3, 0, 1, 2], odd);
  expect(found[0]).toEqual([{ image: 2, activation: 2, place: 0 }]);
  expect(found[1]).toHaveLength(3);
  expect(new DatasetExamples(2, 3).of(9)).toEqual([]);
});
