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

const CANVAS: Work = {
  method: "fourier",
  channelCount: 8_280,
  numIterations: 64,
  canvasSize: { width: 320, height: 320 },
  cropSize: { width: 224, height: 224 },
};

test("of a Fourier ascent the crop counts whole, and the canvas by the length of its sums", () => {
  // 224 x 224 + 320 x 320 x 2 x (16 + 20) / 1,300 = 55,847 pixels an iteration
  expect(workProblems({ ...CANVAS, numIterations: 216 })).toEqual([]);
  expect(workProblems({ ...CANVAS, numIterations: 217 })).toEqual([
    "request: 8280 channels x 217 iterations x the pixels of a crop of 224x224 and a share of a canvas of 320x320 are 1.0e+11 pixel iterations; wanted at most 1e+11; split the channels into several requests or use fewer iterations",
  ]);
  // 317 and 331 are primes, whose sums cannot be split: 1 + 317 products a pixel along one axis
  const prime = { ...CANVAS, canvasSize: { width: 317, height: 331 } };
  expect(workProblems({ ...prime, numIterations: 117 })).toEqual([]);
  expect(workProblems({ ...prime, numIterations: 118 })).toHaveLength(1);
});

test("the largest canvas may be drawn, some hundred of them not", () => {
  const largest = { ...CANVAS, channelCount: 40, canvasSize: { width: 4096, height: 4096 } };
  expect(workProblems({ ...largest, numIterations: 256 })).toEqual([]);
  expect(workProblems({ ...largest, channelCount: 400, numIterations: 256 })).toHaveLength(1);
});
