import { expect, test } from "vitest";

import { greyPlane, pictureOf, pictureSize, planesIn } from "../../lib/image/picture.ts";
import { clippedScale, linearScale } from "../../lib/image/rescale.ts";
import { look } from "../../lib/optvis/quality/look.ts";
import { uniform } from "../support/random.ts";

const [WIDTH, HEIGHT] = [5, 3];
const SIZE = { width: WIDTH, height: HEIGHT };
const WHITE = [255, 255, 255];

/** Whole values from 0 to 250. */
function planesOf(count: number) {
  const { data } = uniform([count, HEIGHT, WIDTH], 3, [0, 250]);
  return { ...SIZE, data: data.map(Math.round) };
}

const pixelAt = ({ data, width }: { data: Uint8Array; width: number }, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

test("one plane is grey, and nothing else", () => {
  const image = planesOf(1);
  const picture = pictureOf(image, "planes", (value) => value);
  expect(picture).toMatchObject(SIZE);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const value = image.data[i]!;
    expect(pixelAt(picture, i % WIDTH, Math.floor(i / WIDTH))).toEqual([value, value, value]);
  }
});

test("five planes lie three in a row, two pixels apart, in a frame of four", () => {
  const image = planesOf(5);
  const picture = pictureOf(image, "planes", (value) => value);
  expect(picture).toMatchObject({ width: 4 + 5 + 2 + 5 + 2 + 5 + 4, height: 4 + 3 + 2 + 3 + 4 });
  expect(pictureSize(SIZE, "planes", 5)).toEqual({ width: 27, height: 16 });
  expect(pictureSize(SIZE, "planes", 2)).toEqual({ width: 4 + 5 + 2 + 5 + 4, height: 4 + 3 + 4 });
  // the last pixel of the first, the first of the third and of the fifth
  const places = [
    [0, 2, 4, 8, 6],
    [2, 0, 0, 18, 4],
    [4, 0, 0, 11, 9],
  ] as const;
  for (const [plane, row, column, x, y] of places) {
    const value = image.data[(plane * HEIGHT + row) * WIDTH + column]!;
    expect(pixelAt(picture, x, y)).toEqual([value, value, value]);
  }
  for (const [x, y] of [
    [0, 0],
    [9, 4],
    [4, 7],
    [20, 10],
    [26, 15],
  ] as const) {
    expect(pixelAt(picture, x, y)).toEqual(WHITE);
  }
});

test.each([1, 2, 3, 4, 5, 13])(
  "the planes of a picture of %i are those it was made of",
  (count) => {
    const image = planesOf(count);
    const picture = pictureOf(image, "planes", (value) => value);
    expect(planesIn(picture, "planes", count)).toEqual(image);
  },
);

test("colours are one picture, as ever", () => {
  const image = planesOf(3);
  const picture = pictureOf(image, "colours", (value) => value);
  expect(picture).toMatchObject(SIZE);
  expect(pictureSize(SIZE, "colours", 3)).toEqual(SIZE);
  const pixels = WIDTH * HEIGHT;
  expect(picture.data).toHaveLength(3 * pixels);
  expect(pixelAt(picture, 2, 1)).toEqual([0, 1, 2].map((c) => image.data[c * pixels + 7]));
  expect(planesIn(picture, "colours", 3)).toEqual(image);
});

test("bytes are rounded and cut", () => {
  const image = { width: 2, height: 2, data: Float32Array.of(-3, 99.6, 255.2, 400) };
  const { data } = pictureOf(image, "planes", (value) => value);
  expect([...planesIn({ width: 2, height: 2, data }, "planes", 1).data]).toEqual([
    0, 100, 255, 255,
  ]);
});

test("output scaling looks at all planes together", () => {
  const data = Float32Array.of(-1, -1, 0, 1, 1, 3);
  const image = { width: 3, height: 1, data };
  const linear = planesIn(pictureOf(image, "planes", linearScale(image)), "planes", 2);
  expect([...linear.data]).toEqual([0, 0, 64, 128, 128, 255]);
  // 0.5 % of the way from the least to the next and so on: cut at -1 and 2.95
  const clipped = planesIn(pictureOf(image, "planes", clippedScale(image)), "planes", 2);
  expect([...clipped.data]).toEqual([0, 0, 65, 129, 129, 255]);
});

test("a photograph's grey is its luminance", () => {
  const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 7, 7, 7);
  const grey = greyPlane({ width: 2, height: 2, data });
  expect([...grey.data].map((value) => Number(value.toFixed(3)))).toEqual([
    76.245, 149.685, 29.07, 7,
  ]);
});

test("gaps and frame have no part in how planes look", () => {
  const [width, height] = [8, 6];
  // along x: black, white, black, ... in the first plane; the second is flat
  const data = Float32Array.from({ length: 2 * width * height }, (_, i) =>
    i < width * height && i % 2 === 1 ? 255 : 0,
  );
  const picture = pictureOf({ width, height, data }, "planes", (value) => value);
  const { luminanceDeviation, fineShare } = look(picture, "planes", 2);
  // variance 1/4 in one of two planes; all of its power at half a cycle a pixel
  expect(luminanceDeviation).toBeCloseTo(Math.sqrt(1 / 8), 12);
  expect(fineShare).toBeCloseTo(1, 12);
  expect(look(picture).luminanceDeviation).not.toBeCloseTo(Math.sqrt(1 / 8), 2);
});
