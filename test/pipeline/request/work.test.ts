import { expect, test } from "vitest";

import { encodeModel } from "../../../lib/onnx/encode.ts";
import { passFlops, passProductFlops } from "../../../lib/optvis/graph/pass-flops.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { PIXEL_SECONDS } from "../../../lib/pipeline/rates.ts";
import {
  canvasSeconds,
  paintingSeconds,
  type Work,
  workProblems,
} from "../../../lib/pipeline/request/work.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { estimateOf } from "../../../lib/pipeline/job/estimate.ts";
import { secondsProblems } from "../../../lib/pipeline/request/seconds-problems.ts";
import { type Drawing, workSeconds } from "../../../lib/pipeline/request/work-seconds.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { smallNetwork } from "../../support/small-network.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

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
    const seconds = canvasSeconds({ canvasSize: { height, width }, highestFrequency });
    expect(seconds / measured).toBeGreaterThan(0.6);
    expect(seconds / measured).toBeLessThan(1.7);
  },
);

// CPU seconds of drawing 112 x 112 pixels in ellipses and of the way back, on a thread alone
test.each([
  [16, 0.0021],
  [160, 0.0184],
  [512, 0.0645],
])("%i ellipses take about %f s, however large the canvas", (ellipses, measured) => {
  const drawn = (side: number) => {
    const canvasSize = { height: side, width: side };
    const only = canvasSeconds({ canvasSize, highestFrequency: 0.5, ellipses });
    return only - canvasSize.height ** 2 * PIXEL_SECONDS;
  };
  expect(drawn(112) / measured).toBeGreaterThan(0.6);
  expect(drawn(112) / measured).toBeLessThan(1.7);
  expect(drawn(2_048)).toBeCloseTo(drawn(112), 12);
});

// CPU seconds of painting all of a canvas, without the way back, on a thread alone
test.each([
  [1_024, 16, 0.07],
  [2_048, 160, 2.4],
  [1_024, 512, 2.03],
])(
  "a canvas of %i pixels a side in %i ellipses is painted in about %f s",
  (side, ellipses, measured) => {
    const seconds = paintingSeconds({ canvasSize: { height: side, width: side }, ellipses });
    expect(seconds / measured).toBeGreaterThan(0.6);
    expect(seconds / measured).toBeLessThan(1.7);
  },
);

const drawing = {
  method: "deepdream",
  together: 1,
  numIterations: 2_000,
  imageSize: { width: 20, height: 16 },
  pyramidLevels: 5,
  pyramidScale: 2,
} as const;

test("what no worker can do is refused with the number that would do", () => {
  // four times as much at each level; a second more for each image
  const secondsOf = (first: number) => (each: Drawing) => {
    const levels = each.method === "deepdream" ? each.pyramidLevels : 1;
    const step = each.together * first * 4 ** (levels - 1);
    return { step, channel: 1 + each.numIterations * step };
  };
  const problems = (first: number, of: Drawing = drawing) =>
    secondsProblems(of, secondsOf(first)(of), secondsOf(first));
  expect(problems(0.1)).toEqual([]);
  expect(problems(0.18)).toEqual([
    "request: one iteration takes about 47 s of one core; wanted at most 45 s; use at most 4 pyramidLevels, or a smaller pyramidScale",
  ]);
  expect(problems(0.1, { ...drawing, together: 8 })).toEqual([
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

test("an image's time follows from its pixels, its iterations and the layer's operations", async () => {
  const { model, layers } = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const wide = layers.find(({ name }) => name === "wide")!;
  // a convolution of 7 channels of 3 weights, there and back, at 16 x 20 pixels
  expect(passFlops(model.model, wide, [1, 3, 16, 20])).toBe(2 * 2 * 7 * 3 * 16 * 20);
  // for one of the 7 alone
  expect(passProductFlops(model.model, wide, [1, 3, 16, 20])).toBe(2 * 2 * 3 * 16 * 20);
  const [short, long] = [10, 1_000].map((numIterations) =>
    workSeconds(model, wide, { ...drawing, numIterations }),
  );
  expect(long!.step).toBe(short!.step);
  expect((long!.channel - 0.5) / (short!.channel - 0.5)).toBeCloseTo(100, 0);
});

test("a wide image is looked at for as long as the windows in which it is seen take", async () => {
  const { model, layers } = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const wide = layers.find(({ name }) => name === "wide")!;
  const cropSize = { width: 20, height: 16 };
  const cardOf = (width: number, more: { ellipses?: number; together?: number } = {}) => {
    const sizes = { cropSize, canvasSize: { width, height: 16 }, highestFrequency: 0.5 };
    const only = { method: "fourier", together: 1, numIterations: 0, ...sizes, ...more } as const;
    return workSeconds(model, wide, only).channel - 0.5;
  };
  expect(cardOf(60) / cardOf(20)).toBeCloseTo(3, 5);
  expect(cardOf(2_000) / cardOf(20)).toBeCloseTo(8, 5);
  // what is painted comes before it, each of those that are drawn together
  const canvasSize = { height: 16, width: 60 };
  const painted = cardOf(60) + paintingSeconds({ canvasSize, ellipses: 7 });
  expect(cardOf(60, { ellipses: 7, together: 3 })).toBeCloseTo(3 * painted, 9);
});

// CPU seconds more than without, of 32 iterations of a layer of emojinet
test.each([
  ["webp", 192, 0.22],
  ["gif", 192, 0.77],
  ["webp", 512, 1.04],
  ["gif", 512, 4.48],
] as const)("an animation as %s of %i px takes about %f s", async (animation, side, measured) => {
  const network = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const secondsOf = async (more: object) => {
    const drawn = { network: "tiny", layer: "wide", channels: [1], method: "fourier" };
    const request = { ...drawn, canvasSize: side, cropSize: [16, 20], numIterations: 32, ...more };
    return (await resolveRequest(parseRequest(request), network, null)).seconds!.channel;
  };
  const animated = async (more: object) =>
    (await secondsOf({ ...more, animation })) - (await secondsOf(more));
  const seconds = await animated({});
  expect(seconds / measured).toBeGreaterThan(0.6);
  expect(seconds / measured).toBeLessThan(1.7);
  // 30 frames, or one after each of 5 iterations and the beginning
  expect(seconds / (await animated({ numIterations: 5 }))).toBeCloseTo(5, 0);
  // of a larger painting they are painted no larger: at full size, more than a minute
  const painted = await animated({ canvasSize: 2_048, preset: "ellipses" });
  expect(painted).toBeLessThan(20);
});

// CPU seconds of an iteration for each crop, of a network that does next to nothing itself
test.each([
  [28, 500, 441, 97e-6],
  [28, 1_000, 1_764, 156e-6],
  [28, 2_000, 7_056, 231e-6],
  [64, 500, 81, 121e-6],
  [64, 1_000, 324, 286e-6],
])("a crop of %i pixels in an image of %i takes time of its own", (crop, side, count, each) => {
  const nodes = [
    node("Conv", "image w", "map", { strides: [4, 4] }),
    node("Flatten", "map", "flat"),
    node("Gemm", "flat v", "y"),
  ];
  const initializers = { w: normal([1, 3, 1, 1], 1), v: normal([(crop / 4) ** 2, 2], 2) };
  const graph = sketch({
    inputs: { image: [1, 3, crop, crop] },
    nodes,
    outputs: ["y"],
    initializers,
  });
  const { network, target } = smallNetwork(encodeModel(graph), "", { width: crop, height: crop });
  const large = { ...drawing, imageSize: { width: side, height: side }, pyramidLevels: 1 };
  const ofCrops = workSeconds(network, target("y"), large).step - side ** 2 * 5e-8;
  expect(ofCrops / (count * each)).toBeGreaterThan(0.7);
  expect(ofCrops / (count * each)).toBeLessThan(1.4);
});

test("an estimate is of all images together, at Lambda's price of a core", () => {
  // 2.879e-5 dollars a core second
  expect(estimateOf({ seconds: { step: 1, channel: 7.13 }, total: 8_280 })).toEqual({
    coreSeconds: 59_000,
    dollars: 1.7,
  });
  expect(estimateOf({ seconds: null, total: 3 })).toBeNull();
});
