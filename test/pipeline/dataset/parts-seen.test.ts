import { expect, test } from "vitest";

import type { LayerWithChannels } from "../../../lib/networks/layers.ts";
import type { AnalysedNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { partsSeen } from "../../../lib/pipeline/dataset/parts-seen.ts";

/** Of an image of 60 rows and 80 columns. */
const NETWORK = { model: { inputSize: { width: 80, height: 60 } } };

const axis = (imageAxis: "rows" | "columns", size: number, isEverywhere = false) => ({
  imageAxis,
  stride: 10,
  start: 5 - size / 2,
  size,
  isEverywhere,
});

const UNKNOWN = { channelAxis: 1, parts: 1, shape: [1, 5, 6, 8], type: "Conv", receptiveField: [] };

/** The place of row 4 and column 6, of 6 by 8. */
const PLACE = {
  x: 0.75,
  y: expect.closeTo(4 / 6, 9),
  width: 1 / 8,
  height: expect.closeTo(1 / 6, 9),
};
const WHOLE = { x: 0, y: 0, width: 1, height: 1 };

test.each<[string, object, object | null]>([
  [
    "a window around each place",
    { receptiveField: [null, null, axis("rows", 10), axis("columns", 30)] },
    { ...PLACE, x: 0.625, width: 0.375 },
  ],
  [
    "windows beside what looks at all rows",
    { receptiveField: [null, null, axis("rows", 10, true), axis("columns", 10)] },
    { ...PLACE, y: 0, height: 1 },
  ],
  ["a map of which nothing more is known", {}, WHOLE],
  ["one with its channels last", { shape: [1, 6, 8, 5], channelAxis: 3 }, WHOLE],
  ["one shaped otherwise than the image", { shape: [1, 5, 8, 6] }, null],
  [
    "one whose rows are others' at other places",
    { type: "Concat", node: { inputs: [{ shape: [1, 5, 4, 8] }, { shape: [1, 5, 2, 8] }] } },
    null,
  ],
  [
    "one of two maps' channels",
    { type: "Concat", node: { inputs: [{ shape: [1, 2, 6, 8] }, { shape: [1, 3, 6, 8] }] } },
    WHOLE,
  ],
  ["windows of tokens", { shape: [4, 5, 6, 8], parts: 4 }, null],
])("where a place lies, and what it sees: %s", (_, given, field) => {
  const layer = { ...UNKNOWN, ...given } as Partial<LayerWithChannels> as LayerWithChannels;
  const network = { ...NETWORK, layers: [layer] } as unknown as AnalysedNetwork;
  const seen = partsSeen(network)(layer, 4 * 8 + 6);
  expect(seen).toEqual(field && { place: PLACE, field });
});

test("places in a single row lie all along the rows; a single place lies nowhere", () => {
  const seenIn = (columns: number) => {
    const receptiveField = [null, null, null, columns > 1 ? axis("columns", 30) : null];
    const layer = { ...UNKNOWN, shape: [1, 5, 1, columns], receptiveField };
    const network = { ...NETWORK, layers: [layer] } as unknown as AnalysedNetwork;
    return partsSeen(network)(
      layer as Partial<LayerWithChannels> as LayerWithChannels,
      columns - 2,
    );
  };
  expect(seenIn(8)).toEqual({
    place: { x: 0.75, y: 0, width: 1 / 8, height: 1 },
    field: { x: 0.625, y: 0, width: 0.375, height: 1 },
  });
  expect(seenIn(1)).toBe(null);
});

test("what each of some tokens makes of each is no map", () => {
  const pairs = { ...UNKNOWN, shape: [1, 3, 12, 12] } as Partial<LayerWithChannels>;
  const tokens = { ...UNKNOWN, shape: [1, 12, 5], channelAxis: 2 };
  const seenIn = (layers: readonly object[]) => {
    const network = { model: { inputSize: { width: 60, height: 60 } }, layers };
    return partsSeen(network as unknown as AnalysedNetwork)(pairs as LayerWithChannels, 3);
  };
  expect(seenIn([tokens, pairs])).toBe(null);
  expect(seenIn([pairs])).toEqual({
    place: { x: 0.25, y: 0, width: 1 / 12, height: 1 / 12 },
    field: WHOLE,
  });
});
