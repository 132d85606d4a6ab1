import { expect, test } from "vitest";

import { findChannels, formatChannels, parseChannels } from "../../../web/state/channels.ts";

test.each<[string, unknown]>([
  [" all ", "all"],
  ["1:36", "1:36"],
  ["7", [7]],
  ["1, 2,, 40:50 ,", [1, 2, "40:50"]],
  ["snail, tiger cat", ["snail", "tiger cat"]],
  ["1:2:3", ["1:2:3"]],
  ["1 2 5:7, 9", [1, 2, "5:7", 9]],
  ["7 cats", ["7 cats"]],
  ['["1:6", 40, "a, b"]', ["1:6", 40, "a, b"]],
  ['"1:36"', "1:36"],
  ["[1, 2", ["[1", 2]],
  ["2nd", ["2nd"]],
  ["", []],
])("'%s' is what a request has", (text, wanted) => {
  expect(parseChannels(text)).toEqual(wanted);
});

test("runs of channels are written as ranges", () => {
  expect(formatChannels([1, 2, 3, 5, 8, 9])).toBe("1:3, 5, 8:9");
  expect(formatChannels([])).toBe("");
  expect(formatChannels([1, 2])).toBe("1:2");
});

test.each<[string, number[]]>([
  ["", [1, 2, 3, 12]],
  [" 2 ", [2, 12]],
  ["1", [1]],
  ["CAT tiger", [1, 2]],
  ["cat 3", []],
  ["dog", []],
])("who looks for '%s' finds it", (text, wanted) => {
  const labels = new Map([
    [1, "tiger cat"],
    [2, "Tiger, big cat"],
    [12, "cat 2"],
  ]);
  const labelOf = (channel: number) => labels.get(channel) ?? null;
  expect(findChannels([1, 2, 3, 12], text, labelOf)).toEqual(wanted);
});
