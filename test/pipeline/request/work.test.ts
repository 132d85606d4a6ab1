import { expect, test } from "vitest";

import { type Work, workProblems } from "../../../lib/pipeline/request/work.ts";

const ATLAS: Work = {
  method: "deepdream",
  channelCount: 8_280,
  numIterations: 10,
  imageSize: { width: 224, height: 224 },
  pyramidLevels: 3,
  pyramidScale: 1.4,
};

test("an atlas of GoogLeNet is within the limits, a hundred times the iterations are not", () => {
  expect(workProblems(ATLAS)).toEqual([]);
  expect(workProblems({ ...ATLAS, numIterations: 1_000 })).toEqual([
    expect.stringMatching(/^request: 8280 channels x 1000 iterations x the pixels of 3 levels are/),
  ]);
});

test("images of few pixels cannot have more steps than a manifest can hold", () => {
  const small = { ...ATLAS, imageSize: { width: 8, height: 6 }, pyramidScale: 1.01 };
  const long = { ...small, channelCount: 1_000, numIterations: 2_000, pyramidLevels: 10 };
  expect(workProblems(long)).toEqual([
    "request: 1000 channels x 2000 iterations x 10 levels are 2.0e+7 steps; wanted at most 5e+6; split the channels into several requests or use fewer iterations",
  ]);
  expect(workProblems({ ...long, channelCount: 250 })).toEqual([]);
});
