import { expect, test } from "vitest";

import { estimateOf } from "../../../lib/pipeline/job/estimate.ts";
import { PIXEL_SECONDS } from "../../../lib/pipeline/rates.ts";
import { secondsProblems } from "../../../lib/pipeline/request/seconds-problems.ts";
import type { Drawing } from "../../../lib/pipeline/request/work-seconds.ts";
import {
  canvasSeconds,
  paintingSeconds,
  type Work,
  workProblems,
} from "../../../lib/pipeline/request/work.ts";
import { PYRAMID_DRAWING } from "./pyramid-drawing.ts";

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
  highestFrequency: 0.5,
};

test("of a Fourier ascent the crop counts whole, and the canvas by the length of its sums", () => {
  // 320 x 320 x (50 ns + 2 x (16 + 20) x 24 / 72e9 s) are 7.6 ms, as 3,961 pixels of 1.91 us take:
  // with 224 x 224 of the crop 54,137 pixels an iteration
  expect(workProblems({ ...CANVAS, numIterations: 223 })).toEqual([]);
  expect(workProblems({ ...CANVAS, numIterations: 224 })).toEqual([
    "request: 8280 channels x 224 iterations x the pixels of a crop of 224x224 and a share of a canvas of 320x320 are 1.0e+11 pixel iterations; wanted at most 1e+11; split the channels into several requests or use fewer iterations",
  ]);
  // 317 and 331 are primes, whose sums cannot be split: 1 + 317 products a pixel along one axis
  const prime = { ...CANVAS, canvasSize: { width: 317, height: 331 } };
  expect(workProblems({ ...prime, numIterations: 186 })).toEqual([]);
  expect(workProblems({ ...prime, numIterations: 187 })).toHaveLength(1);
});

test("the largest canvas may be drawn, some hundred of them not", () => {
  const largest = { ...CANVAS, channelCount: 40, canvasSize: { width: 4096, height: 4096 } };
  expect(workProblems({ ...largest, numIterations: 256 })).toEqual([]);
  expect(workProblems({ ...largest, channelCount: 400, numIterations: 256 })).toHaveLength(1);
});

// CPU seconds of a step around the pass, on one of two busy threads of a core; 3,508 x 2,480 is A4
// at 300 dots an inch, whose factors are 4 x 877 and 40 x 62, and 1,021 and 2,039 are primes
test.each([
  [320, 320, 0.5, 0.007],
  [1_024, 1_024, 0.5, 0.128],
  [1_024, 1_024, 0.088, 0.059],
  [2_048, 2_048, 0.442, 0.496],
  [2_048, 2_048, 0.147, 0.231],
  [4_096, 4_096, 0.037, 0.773],
  [1_920, 1_080, 0.084, 0.103],
  [1_754, 1_240, 0.146, 0.2],
  [3_508, 2_480, 0.128, 0.797],
  [1_021, 1_021, 0.5, 0.675],
  [2_039, 2_039, 0.444, 5.273],
  [2_039, 2_039, 0.074, 0.55],
])(
  "the sums of a canvas of %i x %i pixels, up to %f cycles each, take about %f s",
  (height, width, highestFrequency, measured) => {
    const seconds = canvasSeconds({ ...CANVAS, canvasSize: { height, width }, highestFrequency });
    expect(seconds / measured).toBeGreaterThan(0.6);
    expect(seconds / measured).toBeLessThan(1.7);
  },
);

// CPU seconds of painting 112 x 112 pixels and of the way back, on a thread alone
test.each([
  [{ ellipses: 16 }, 0.0021],
  [{ ellipses: 160 }, 0.0184],
  [{ ellipses: 512 }, 0.0645],
  [{ cppnLayers: 2 }, 0.0041],
  [{ cppnLayers: 8 }, 0.0167],
  [{ cppnLayers: 16 }, 0.0366],
])("%j take about %f s, however large the canvas", (paintedIn, measured) => {
  const drawn = (side: number) => {
    const canvasSize = { height: side, width: side };
    const only = canvasSeconds({ ...CANVAS, canvasSize, ...paintedIn });
    // iterations see no more than one and a half crops of it
    return only - Math.min(side, 1.5 * CANVAS.cropSize.height) ** 2 * PIXEL_SECONDS;
  };
  expect(drawn(112) / measured).toBeGreaterThan(0.6);
  expect(drawn(112) / measured).toBeLessThan(1.7);
  expect(drawn(2_048)).toBeCloseTo(drawn(112), 12);
});

// CPU seconds of painting all of a canvas, without the way back, on a thread alone
test.each([
  [1_024, { ellipses: 16 }, 0.07],
  [2_048, { ellipses: 160 }, 2.4],
  [1_024, { ellipses: 512 }, 2.03],
  [1_024, { cppnLayers: 4 }, 0.2],
  [4_096, { cppnLayers: 8 }, 6.4],
])("a canvas of %i pixels a side in %j is painted in about %f s", (side, paintedIn, measured) => {
  const seconds = paintingSeconds({ canvasSize: { height: side, width: side }, ...paintedIn });
  expect(seconds / measured).toBeGreaterThan(0.6);
  expect(seconds / measured).toBeLessThan(1.7);
});

test("what no worker can do is refused with the number that would do", () => {
  // four times as much at each level; a second more for each image
  const secondsOf = (first: number) => (each: Drawing) => {
    const levels = each.method === "deepdream" ? each.pyramidLevels : 1;
    const step = each.together * first * 4 ** (levels - 1);
    return { step, channel: 1 + each.numIterations * step };
  };
  const problems = (first: number, of: Drawing = PYRAMID_DRAWING) =>
    secondsProblems(of, secondsOf(first)(of), secondsOf(first));
  expect(problems(0.1)).toEqual([]);
  expect(problems(0.18)).toEqual([
    "request: one iteration takes about 47 s of one core; wanted at most 45 s; use at most 4 pyramidLevels, or a smaller pyramidScale",
  ]);
  expect(problems(0.1, { ...PYRAMID_DRAWING, together: 8 })).toEqual([
    "request: one iteration takes about 205 s of one core; wanted at most 45 s; leave diversity out",
  ]);
  expect(problems(1_000)).toEqual([expect.stringMatching(/; choose an earlier layer/)]);
  // (86,400 - 1) / 43.52 = 1,985
  expect(problems(0.17)).toEqual([
    "numIterations: 2000 of this size take about 24.2 h of one core for each image; wanted at most 24.0 h; use at most 1985",
  ]);
});

test("what no worker could look at to the end is refused before it is drawn", () => {
  const poster = {
    method: "fourier",
    together: 1,
    numIterations: 2,
    canvasSize: { width: 400, height: 100 },
    cropSize: { width: 30, height: 30 },
    highestFrequency: 0.5,
  } as const;
  const problems = (secondsAPixel: number, of: Drawing = poster) => {
    const secondsOf = (each: Drawing) => {
      const { width, height } = each.method === "fourier" ? each.cropSize : each.imageSize;
      return { step: 1, channel: secondsAPixel * width * height + each.numIterations };
    };
    return secondsProblems(of, secondsOf(of), secondsOf);
  };
  expect(problems(0.3)).toEqual([]);
  // 0.31 x 27 x 27 = 226
  expect(problems(0.31)).toEqual([
    "request: the quality card of an image takes about 279 s of one core; wanted at most 270 s; use a cropSize of at most [27, 27]",
  ]);
  expect(problems(0.31, { ...poster, ellipses: 3 })).toEqual([
    expect.stringContaining("the end of an image, its painting and its quality card, takes about"),
  ]);
});

test("an estimate is of all images together, at Lambda's price of a core", () => {
  // 2.879e-5 dollars a core second
  expect(estimateOf({ seconds: { step: 1, channel: 7.13 }, total: 8_280 })).toEqual({
    coreSeconds: 59_000,
    dollars: 1.7,
  });
  // half a second more for their start
  const coreSeconds = [1, 2, 30].map(
    (total) => estimateOf({ seconds: { step: 0.1, channel: 1.5 }, total })!.coreSeconds,
  );
  expect(coreSeconds).toEqual([2, 3.5, 46]);
  expect(estimateOf({ seconds: null, total: 3 })).toBeNull();
});
