import { expect, test } from "vitest";

import { hasChannels } from "../../../lib/networks/layers.ts";
import { figuresOf, summedUp } from "../../../lib/pipeline/explain/figures.ts";
import { uniform } from "../../support/random.ts";
import { analysedTinyNetwork } from "../../support/tiny-network.ts";

test("a map with fewer places has the same sum, and what lies in two places is in both by its area", () => {
  // 3 x 4 to 2 x 3, each line of it counted by hand
  const map = Float64Array.of(3, 0, 0, 3, 6, 0, 0, 0, 0, 0, 12, 0);
  const halves = Array.from(summedUp(map, [3, 4], [2, 3]));
  expect(halves).toEqual([6, 0, 3, 3, 8, 4].map((value) => expect.closeTo(value, 12)));
  const { data } = uniform([97, 131], 4, [-1, 1]);
  const large = Float64Array.from(data);
  const small = summedUp(large, [97, 131], [64, 50]);
  const sum = (values: Float64Array) => values.reduce((all, value) => all + value, 0);
  expect(small).toHaveLength(64 * 50);
  expect(sum(small)).toBeCloseTo(sum(large), 9);
  expect(summedUp(large, [97, 131], [97, 131])).toEqual(large);
});

const OF = { channel: 2, label: "tiger", activation: -1, probability: 0.25 };
const { layers } = await analysedTinyNetwork();
const layer = layers.filter(hasChannels).find(({ name }) => name === "wide")!;

test("at each place those that speak most there are told of, of a large map in sums of its places", () => {
  // four of six speak at the first place, a fifth less, and one against; 32 columns become 16
  const first = [0.12345, 5, 1, 4, 3, -9];
  const channels = first.map((value, i) => {
    const places = new Float64Array(64);
    places.set([value / 4, (3 * value) / 4]);
    // in the second row but one is silent
    if (i === 5) places.set([2, 0.5, -1], 34);
    return { channel: i + 1, contribution: 0, places };
  });
  const places = new Float64Array(64);
  const attribution = { score: 1, mapSize: [2, 32] as const, places, channels };
  const explanation = { of: OF, seen: [OF], layer, pixels: null };
  const specialTokens = new Float64Array();
  const { atPlaces } = figuresOf({
    ...explanation,
    attribution: { ...attribution, specialTokens },
  });
  expect(atPlaces!.mapSize).toEqual([2, 16]);
  const told = atPlaces!.channels.map((there) =>
    there.map(({ channel, contribution }) => [channel, contribution]),
  );
  const silent = Array.from({ length: 32 }, (): number[][] => []);
  const spoken = [
    [2, 5],
    [4, 4],
    [5, 3],
    [3, 1],
  ];
  // that of place 18, whose halves add up to 2.5; in the next the sum is below zero
  expect(told).toEqual(silent.with(0, spoken).with(17, [[6, 2.5]]));
  const three = figuresOf({
    ...explanation,
    attribution: { ...attribution, specialTokens, channels: channels.slice(0, 3) },
  });
  expect(three.atPlaces!.channels[0]!.at(-1)).toEqual({ channel: 1, contribution: 0.123 });
});

test("only channels that speak for the class are told of, and a score below zero has no shares", () => {
  const of = OF;
  const channelOf = (channel: number, contribution: number) => {
    return { channel, contribution, places: Float64Array.of(contribution, 0) };
  };
  const attribution = {
    score: -1,
    mapSize: [1, 2] as const,
    places: Float64Array.of(-1 / 3, 0),
    specialTokens: Float64Array.of(0.5),
    channels: [channelOf(3, 2), channelOf(1, 0), channelOf(2, -3)],
  };
  const figures = figuresOf({ of, seen: [of], layer, attribution, pixels: null });
  expect(figures).toMatchObject({ contributed: -1, mapSize: [1, 2], places: [-0.3333, 0] });
  expect(figures.specialTokens).toEqual([0.5]);
  expect(figures.channels).toEqual([{ channel: 3, contribution: 2, share: null, places: [2, 0] }]);
  const without = figuresOf({
    of,
    seen: [of],
    layer,
    attribution: { ...attribution, score: 4, mapSize: [1, 1], places: Float64Array.of(-1) },
    pixels: null,
  });
  expect(without).toMatchObject({ mapSize: null, places: [], atPlaces: null });
  expect(without.channels).toEqual([{ channel: 3, contribution: 2, share: 0.5, places: [] }]);
});
