import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  formatRanges,
  parseRange,
  parseRanges,
} from "../../../lib/pipeline/request/channel-ranges.ts";
import { selectChannels } from "../../../lib/pipeline/request/channel-selection.ts";

const CLASSES = ["snail", "tiger, Panthera tigris", "crane", "crane", "zebra"];
const LAYER = { layerName: "fc", count: 5, classNames: CLASSES, whyUnnamed: "none are known" };
const PLAIN = { ...LAYER, classNames: null };

test("indices, ranges, names and all resolve to 1-based channels in the request's order", () => {
  expect(selectChannels("all", PLAIN).channels).toEqual([1, 2, 3, 4, 5]);
  expect(selectChannels("2:4", PLAIN).channels).toEqual([2, 3, 4]);
  expect(selectChannels([5, "1:2", 4], PLAIN).channels).toEqual([5, 1, 2, 4]);
  expect(selectChannels(["Zebra", "tiger", 1], LAYER)).toEqual({
    channels: [5, 2, 1],
    problems: [],
  });
});

test.each([
  [[6], "channels[0]: given 6; wanted channels 1 to 5 of layer 'fc'"],
  ["3:9", "channels: given 3:9; wanted channels 1 to 5 of layer 'fc'"],
  ["0:3", "channels: given 0:3; wanted channels 1 to 5 of layer 'fc'"],
  ["4:2", "channels: given 4:2; wanted start:end with start first"],
  [["1:99999999999"], "channels[0]: given 1:99999999999; wanted channels 1 to 5 of layer 'fc'"],
  [[2, "1:3", 1], "channels: given 2, 1 more than once; wanted each channel once"],
  [[3, 3], "channels: given 3 more than once; wanted each channel once"],
  [["zebr"], /^channels\[0\]: given 'zebr'; .*did you mean 'zebra'/],
  [["crane"], /^channels\[0\]: given 'crane'; .*3 or 4/],
  [["1:3, 5"], "channels[0]: given '1:3, 5'; wanted each by itself, '1:3' and '5'"],
  [["zebra,tiger"], "channels[0]: given 'zebra,tiger'; wanted each by itself, 'zebra' and 'tiger'"],
  // not all of these are channels
  [["zebra, 6"], /^channels\[0\]: given 'zebra, 6'; no class is called/],
])("%j is a problem", (selection, problem) => {
  const { problems } = selectChannels(selection, LAYER);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
});

test("of channels that are given twice ten are named", () => {
  const { problems } = selectChannels(["1:12", "1:12"], { ...PLAIN, count: 12 });
  expect(problems).toEqual([
    "channels: given 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 more than once; wanted each channel once",
  ]);
});

test("thousands of ranges and of names that there are not end at the first few", () => {
  const thousands = (term: string) => Array.from({ length: 10_000 }, () => term);
  const repeated = selectChannels(thousands("1:12"), { ...PLAIN, count: 12 });
  expect(repeated.channels).toHaveLength(24);
  expect(repeated.problems).toHaveLength(1);
  const { problems } = selectChannels(thousands("zebr"), LAYER);
  expect(problems).toHaveLength(10);
  expect(problems.at(-1)).toMatch(/^channels\[9\]: given 'zebr'; .*did you mean 'zebra'/);
});

test("class names need a layer that has them", () => {
  const { problems } = selectChannels(["tiger"], PLAIN);
  expect(problems).toEqual([
    "channels[0]: given 'tiger'; none are known; wanted channels 1 to 5, or a range, 1:5",
  ]);
  const digits = selectChannels(["5"], { ...LAYER, classNames: ["5", "4", "3", "2", "1"] });
  expect(digits.channels).toEqual([1]);
});

test.each([
  ["1:36", { first: 1, last: 36 }],
  ["5", { first: 5, last: 5 }],
  ["4:2", { first: 4, last: 2 }],
  ["", null],
  ["1:", null],
  ["1:2:3", null],
  ["-1:2", null],
  [" 1", null],
])("'%s' as a range", (text, range) => {
  expect(parseRange(text)).toEqual(range);
});

test("ranges as text hold the same channels", () => {
  expect(formatRanges([9, 1, 2, 3])).toBe("1:3,9");
  expect(formatRanges([])).toBe("");
  expect(() => parseRanges("1:3,x")).toThrow("'x' is no range of channels");
  expect(() => parseRanges("1:3,5:4")).toThrow("'5:4' is no range of channels");
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (channels) => {
      const sorted = channels.toSorted((a, b) => a - b);
      expect(parseRanges(formatRanges(channels))).toEqual(sorted);
    }),
  );
});
