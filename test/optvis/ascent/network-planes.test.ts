import { expect, test } from "vitest";

import type { Raster } from "../../../lib/image/raster.ts";
import {
  photographPlanes,
  takesPhotographs,
  toColourPlanes,
  toNetworkPlanes,
} from "../../../lib/optvis/ascent/network-planes.ts";
import type { NetworkModel } from "../../../lib/optvis/graph/layer-pass.ts";

const SIZE = { width: 3, height: 2 };
/** Red 0..5, green 10..15, blue 20..25. */
const PICTURE: Raster = {
  ...SIZE,
  data: Uint8Array.from({ length: 18 }, (_, i) => 10 * (i % 3) + Math.floor(i / 3)),
};
const counted = (from: number) => Array.from({ length: 6 }, (_, i) => from + i);

type Planes = Pick<NetworkModel, "planes" | "mean">;
const networkOf = (planes: Planes) => planes as NetworkModel;

test("a photograph becomes a network's planes, in its order and less its mean, and again colours", () => {
  const network = networkOf({ planes: [2, 1, 0], mean: [1, 2, 3] });
  const photograph = photographPlanes(PICTURE, network);
  expect(photograph).toEqual({
    ...SIZE,
    data: Float32Array.from([...counted(0), ...counted(10), ...counted(20)]),
  });
  const image = toNetworkPlanes(photograph, network);
  expect(image).toEqual({
    ...SIZE,
    data: Float32Array.from([...counted(20 - 1), ...counted(10 - 2), ...counted(0 - 3)]),
  });
  expect(toColourPlanes(image, network, "pixels")).toEqual(photograph);
});

test("planes that are no colours stay in their order", () => {
  const planes = { ...SIZE, data: Float32Array.from([...counted(0), ...counted(10)]) };
  const image = toNetworkPlanes(planes, networkOf({ planes: [null, null], mean: [1, 2] }));
  expect([...image.data]).toEqual([...counted(-1), ...counted(8)]);
});

test("a photograph is given to networks of colours, and its luminance to those of one plane", () => {
  const planes = [[0, 1, 2], [null], [null, null]] as const;
  expect(planes.map((each) => takesPhotographs({ planes: each }))).toEqual([true, true, false]);
  const { data } = photographPlanes(PICTURE, { planes: [null] });
  // of ITU-R BT.601
  data.forEach((value, i) => expect(value).toBeCloseTo(i + 10 * 0.587 + 20 * 0.114, 4));
  expect(data).toHaveLength(6);
  expect(() => photographPlanes(PICTURE, { planes: [null, null] })).toThrow(
    "the network's images have 2 planes that are no colours, which no photograph has",
  );
});

test.each<[string, Planes, readonly number[]]>([
  ["a mean that is a grey", { planes: [0, 1, 2], mean: [120, 125, 130] }, [5, 7, 9]],
  // mid-grey, 127.5 less the mean, is what is shown as zero
  ["no grey", { planes: [0, 1, 2], mean: [0, 125, 100] }, [5 - 127.5, 7 - 2.5, 9 - 27.5]],
  ["no grey, blue first", { planes: [2, 1, 0], mean: [0, 125, 100] }, [9 - 27.5, 4.5, -122.5]],
])("an image that began with noise is centred on its start: %s", (_, planes, [r, g, b]) => {
  const data = Float32Array.from([5, 5, 7, 7, 9, 9]);
  const shown = toColourPlanes({ width: 2, height: 1, data }, networkOf(planes), "centred");
  expect([...shown.data]).toEqual([r, r, g, g, b, b]);
});
