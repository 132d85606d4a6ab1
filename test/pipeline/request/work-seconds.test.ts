import { expect, test } from "vitest";

import { encodeModel } from "../../../lib/onnx/encode.ts";
import { passFlops, passProductFlops } from "../../../lib/optvis/graph/pass-flops.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { FINISH_PIXEL_SECONDS, IMAGE_SECONDS, PIXEL_SECONDS } from "../../../lib/pipeline/rates.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { workSeconds } from "../../../lib/pipeline/request/work-seconds.ts";
import { paintingSeconds } from "../../../lib/pipeline/request/work.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { emojinet } from "../../support/emojinet.ts";
import { node, sketch } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { smallNetwork } from "../../support/small-network.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { PYRAMID_DRAWING } from "./pyramid-drawing.ts";

test("an image's time follows from its pixels, its iterations and the layer's operations", async () => {
  const { model, layers } = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const wide = layers.find(({ name }) => name === "wide")!;
  // a convolution of 7 channels of 3 weights, there and back, at 16 x 20 pixels
  expect(passFlops(model.model, wide, [1, 3, 16, 20])).toBe(2 * 2 * 7 * 3 * 16 * 20);
  // for one of the 7 alone
  expect(passProductFlops(model.model, wide, [1, 3, 16, 20])).toBe(2 * 2 * 3 * 16 * 20);
  // and as it takes no less time than 16 of them
  expect(passFlops(model.model, wide, [1, 3, 16, 20], "one map")).toBe(2 * 2 * 7 * 3 * 16 * 20);
  const [none, short, long] = [0, 10, 1_000].map((numIterations) =>
    workSeconds(model, wide, { ...PYRAMID_DRAWING, numIterations }),
  );
  expect(long!.step).toBe(short!.step);
  expect((long!.channel - none!.channel) / (short!.channel - none!.channel)).toBeCloseTo(100, 6);
});

// CPU milliseconds of a pass of emojinet at 224 x 224, on one of two busy threads
test.each([
  ["conv1-7x7_s2", 1.0],
  ["conv2-3x3", 12.2],
  ["inception_3b-1x1", 25.9],
])("a pass that ends in one map of %s takes about %f ms", async (name, measured) => {
  const stepOf = async (more: object) => {
    const drawn = { network: "emojinet", layer: name, pyramidLevels: 1, ...more };
    return (await resolveRequest(parseRequest(drawn), emojinet, null)).seconds!.step;
  };
  const seconds = (await stepOf({ channels: [3] })) - 224 ** 2 * PIXEL_SECONDS;
  expect((1_000 * seconds) / measured).toBeGreaterThan(0.6);
  expect((1_000 * seconds) / measured).toBeLessThan(1.7);
  // a sum of channels is one map; one place, or images that differ, need all channels
  expect(await stepOf({ targets: [{ channels: { 3: 1, 4: -1 } }] })).toBe(
    await stepOf({ channels: [3] }),
  );
  const all = { targets: [{ channel: 3 }, { channel: 3, at: "centre" }] };
  expect(await stepOf(all)).toBeGreaterThan(await stepOf({ channels: [3] }));
});

test("a wide image is looked at for as long as the windows in which it is seen take", async () => {
  const { model, layers } = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const wide = layers.find(({ name }) => name === "wide")!;
  const cropSize = { width: 20, height: 16 };
  const cardOf = (width: number, more: { ellipses?: number; together?: number } = {}) => {
    const sizes = { cropSize, canvasSize: { width, height: 16 }, highestFrequency: 0.5 };
    const only = { method: "fourier", together: 1, numIterations: 0, ...sizes, ...more } as const;
    const files = IMAGE_SECONDS + 16 * width * FINISH_PIXEL_SECONDS;
    return workSeconds(model, wide, only).channel - (more.together ?? 1) * files;
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
  const large = { ...PYRAMID_DRAWING, imageSize: { width: side, height: side }, pyramidLevels: 1 };
  const ofCrops = workSeconds(network, target("y"), large).step - side ** 2 * 5e-8;
  expect(ofCrops / (count * each)).toBeGreaterThan(0.7);
  expect(ofCrops / (count * each)).toBeLessThan(1.4);
});
