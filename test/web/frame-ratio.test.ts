import { expect, test } from "vitest";

import { frameRatio } from "../../web/components/frame-ratio.ts";

test("a frame is as its picture, but no thread where that is one", () => {
  expect(frameRatio(320, 224)).toBe(320 / 224);
  expect(frameRatio(224, 320)).toBe(224 / 320);
  expect(frameRatio(4_096, 1)).toBe(4);
  expect(frameRatio(1, 4_096)).toBe(1 / 4);
});
