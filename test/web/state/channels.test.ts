import { expect, test } from "vitest";

import { formatChannels, parseChannels } from "../../../web/state/channels.ts";

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

test("runs of channels are written as ranges", () => {
  expect(formatChannels([1, 2, 3, 5, 8, 9])).toBe("1:3, 5, 8:9");
  expect(formatChannels([])).toBe("");
  expect(formatChannels([1, 2])).toBe("1:2");
});
