import { expect, test } from "vitest";

import { firstRange, formatChannels, parseChannels } from "../../../web/state/channels.ts";

test.each<[string, unknown]>([
  [" all ", "all"],
  ["1:36", "1:36"],
  ["7", [7]],
  ["1, 2,, 40:50 ,", [1, 2, "40:50"]],
  ["snail, tiger cat", ["snail", "tiger cat"]],
  ["1:2:3", ["1:2:3"]],
  ["2nd", ["2nd"]],
  ["", []],
])("'%s' is what a request has", (text, wanted) => {
  expect(parseChannels(text)).toEqual(wanted);
});

test("runs of channels are written as ranges, of the first so many too", () => {
  const channels = [1, 2, 3, 5, 8, 9];
  expect(formatChannels(channels)).toBe("1:3, 5, 8:9");
  expect(formatChannels([])).toBe("");
  expect(firstRange(channels, 2)).toBe("1:2");
  expect(firstRange(channels, 4)).toBe("1:3, 5");
});
