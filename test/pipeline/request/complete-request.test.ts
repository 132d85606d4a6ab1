import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { networkFolders } from "../../../lib/networks/folders.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import {
  type AnalysedNetwork,
  analyseNetwork,
} from "../../../lib/pipeline/networks/analyse-network.ts";
import type { CompleteFourierRequest } from "../../../lib/pipeline/request/complete-request.ts";
import { parseRequest, RequestError } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { emojinet } from "../../support/emojinet.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

const CLASSES = { network: "emojinet", layer: "loss3-classifier", channels: [1] };
const PATTERNS = { ...CLASSES, layer: "inception_4e-1x1" };

async function complete(json: object, network = emojinet): Promise<CompleteFourierRequest> {
  const { request } = await resolveRequest(
    parseRequest({ method: "fourier", ...json }),
    network,
    null,
  );
  if (request.method !== "fourier") throw new Error(request.method);
  return request;
}

describe("a preset is its parameters", () => {
  const NATURAL = {
    objective: "mean",
    canvasSize: [320, 320],
    cropSize: [224, 224],
    cropFraction: { start: [0.9, 1.05], end: [0.5, 1] },
    numIterations: 96,
    learningRate: 0.12,
    learningRateDecay: "cosine",
    spectrumDecay: 1.25,
    initialDeviation: 0.01,
    saturation: 1,
    cropPlace: "anywhere",
    cropMargin: 20,
    rotation: 10,
    totalVariation: 0,
    contrast: 0,
    outputScaling: null,
    seed: 0,
  };
  const end = (least: number, most: number) => ({ start: [0.9, 1.05], end: [least, most] });
  const SMALL = { canvasSize: [182, 182], cropSize: [128, 128], cropMargin: 11 };
  const VIVID = { ...NATURAL, learningRate: 0.18, saturation: 1.3, cropFraction: end(0.4, 0.9) };

  test.each([
    ["natural", NATURAL],
    ["vivid", VIVID],
    ["poster", { ...VIVID, numIterations: 256, learningRate: 0.1 }],
    [
      "channels",
      {
        ...NATURAL,
        canvasSize: [192, 192],
        cropSize: [128, 128],
        numIterations: 64,
        learningRate: 0.15,
        saturation: 1.3,
        cropFraction: end(0.4, 0.8),
        cropMargin: 12,
      },
    ],
    [
      "lucid",
      {
        ...NATURAL,
        canvasSize: [128, 128],
        cropSize: [128, 128],
        numIterations: 512,
        learningRate: 0.05,
        learningRateDecay: "none",
        spectrumDecay: 1,
        cropFraction: { start: [1 / 1.1, 1 / 0.9], end: [1 / 1.1, 1 / 0.9] },
        cropPlace: "centre",
        cropMargin: 6,
      },
    ],
    ["maco", { ...NATURAL, fixedMagnitude: 1.2, learningRate: 1, spectrumDecay: 1.35 }],
    [
      "ellipses",
      {
        ...NATURAL,
        ...SMALL,
        ellipses: 160,
        numIterations: 200,
        learningRate: 0.05,
        initialDeviation: 0.15,
        saturation: 1.5,
        cropFraction: end(0.75, 1),
      },
    ],
    [
      "cppn",
      {
        ...NATURAL,
        ...SMALL,
        cppnLayers: 8,
        numIterations: 300,
        learningRate: 0.02,
        initialDeviation: 1,
        saturation: 1.2,
        cropFraction: end(0.75, 1),
      },
    ],
  ])("%s", async (preset, wanted) => {
    const request = await complete({ ...PATTERNS, preset });
    expect(request).toMatchObject(wanted);
    expect(request).not.toHaveProperty("preset");
  });

  test("natural where none is named", async () => {
    expect(await complete(PATTERNS)).toEqual(await complete({ ...PATTERNS, preset: "natural" }));
  });

  test("lucid and ellipses see classes whole", async () => {
    const whole = { canvasSize: [224, 224], cropSize: [224, 224] };
    expect(await complete({ ...CLASSES, preset: "lucid" })).toMatchObject(whole);
    const painted = { canvasSize: [320, 320], cropSize: [224, 224] };
    expect(await complete({ ...CLASSES, preset: "ellipses" })).toMatchObject(painted);
  });

  test("of a small network it is no larger than the network's own size", async () => {
    const tiny = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
    const request = { network: "tiny", layer: "wide", channels: [1], preset: "channels" };
    const sizes = { cropSize: [16, 20], canvasSize: [24, 30], cropMargin: 2 };
    expect(await complete(request, tiny)).toMatchObject(sizes);
  });
});

test("a magnitude that is not fixed, no ellipses and no CPPN are left out, as requests had no such fields once", async () => {
  expect(await complete({ ...CLASSES, fixedMagnitude: 0 })).toEqual(await complete(CLASSES));
  expect(await complete(CLASSES)).not.toHaveProperty("fixedMagnitude");
  const freed = await complete({ ...CLASSES, preset: "maco", fixedMagnitude: 0 });
  expect(freed).toEqual(await complete({ ...CLASSES, learningRate: 1, spectrumDecay: 1.35 }));
  expect(await complete({ ...CLASSES, fixedMagnitude: 0.5 })).toMatchObject({
    fixedMagnitude: 0.5,
    learningRate: 0.12,
  });
  expect(await complete({ ...CLASSES, ellipses: 0 })).toEqual(await complete(CLASSES));
  expect(await complete({ ...CLASSES, preset: "ellipses", ellipses: 0 })).not.toHaveProperty(
    "ellipses",
  );
  expect(await complete({ ...CLASSES, cppnLayers: 0 })).toEqual(await complete(CLASSES));
});

test("a parameter that is given takes the preset's place, and canvas and margin follow it", async () => {
  const request = await complete({
    ...CLASSES,
    preset: "vivid",
    cropSize: [112, 168],
    cropFraction: { end: [0.7, 0.7] },
    saturation: 0,
  });
  expect(request).toMatchObject({
    cropSize: [112, 168],
    canvasSize: [160, 240],
    cropMargin: 10,
    cropFraction: { start: [0.9, 1.05], end: [0.7, 0.7] },
    saturation: 0,
    learningRate: 0.18,
  });
  expect(await complete({ ...CLASSES, canvasSize: 1024 })).toMatchObject({
    canvasSize: [1024, 1024],
    cropSize: [224, 224],
    cropMargin: 64,
  });
});

test("a margin that leaves most crops beside the canvas is refused, with the largest that will do", async () => {
  // of 224 pixels, which each crop fills
  const whole = { canvasSize: 224, cropFraction: { start: [1, 1], end: [1, 1] } };
  await expect(complete({ ...PATTERNS, ...whole, cropMargin: 4_096 })).rejects.toThrow(
    "cropMargin: given 4096, by which many crops would lie beside the canvas of [224, 224] pixels, where there is nothing to see; wanted at most 263",
  );
  const request = await complete({ ...PATTERNS, ...whole, cropMargin: 263 });
  expect(request.cropMargin).toBe(263);
});

test("equal jobs are equal, however they are written; and a complete request is a request", async () => {
  const written = await complete({ ...PATTERNS, preset: "channels" });
  const spelled = await complete({
    ...PATTERNS,
    layer: 97,
    preset: "vivid",
    canvasSize: 192,
    cropSize: [128, 128],
    numIterations: 64,
    learningRate: 0.15,
    cropFraction: { end: [0.4, 0.8] },
  });
  expect(spelled).toEqual(written);
  expect(await complete(written)).toEqual(written);
});

test("the tile is the canvas", async () => {
  const json = { ...PATTERNS, method: "fourier", canvasSize: [96, 64], cropSize: 64 };
  const { tileSize } = await resolveRequest(parseRequest(json), emojinet, null);
  expect(tileSize).toEqual({ width: 64, height: 96 });
});

test.each([
  [
    "too much work",
    { ...CLASSES, channels: "1:500", canvasSize: 4096, numIterations: 2000 },
    /^request: 500 channels x 2000 iterations x the pixels of a crop of 224x224 and a share of a canvas of 4096x4096 are/,
  ],
  ["a channel out of range", { ...CLASSES, channels: [568] }, /^channels\[0\]: given 568/],
])("%s is refused", async (_, json, wanted) => {
  await expect(complete(json)).rejects.toThrow(RequestError);
  await expect(complete(json)).rejects.toThrow(wanted);
});

test("a crop that the layer does not take is refused; a preset's own then is the network's size", async () => {
  const network = await headOn([130, 140]);
  const request = { network: "head", layer: "logits", channels: [1], preset: "channels" };
  expect(await complete(request, network)).toMatchObject({ cropSize: [130, 140] });
  await expect(complete({ ...request, cropSize: 128 }, network)).rejects.toThrow(
    /^cropSize: .*logits.*; leave it out for a size that the network takes$/,
  );
  // what keeps gradients away whatever the size is told of the layer
  const onSigns = { ...request, layer: "signs", cropSize: [130, 140] };
  await expect(complete(onSigns, network)).rejects.toThrow(
    /^layer: no gradient for Sign .*its output does not change smoothly/,
  );
  // its convolution takes any size
  const onConv = { ...request, layer: "conv" };
  expect(await complete(onConv, network)).toMatchObject({ cropSize: [128, 128] });
  // but none is larger than what the network sees, along either axis
  expect(await complete(onConv, await headOn([100, 140]))).toMatchObject({ cropSize: [100, 140] });
});

test.each([
  ["a few pixels", [4, 6], { cropSize: [4, 6], canvasSize: [6, 8] }],
  ["one row", [1, 64], { cropSize: [1, 64], canvasSize: [2, 92] }],
  [
    "an image as large as may be",
    [4096, 1024],
    { cropSize: [4096, 1024], canvasSize: [4096, 1024] },
  ],
  ["one that the canvas does not fit around", [3010, 20], { canvasSize: [4096, 28] }],
])("of a network that sees %s, too, a complete request is a request", async (_, size, wanted) => {
  const network = await headOn(size);
  const written = await complete({ network: "head", layer: "logits", channels: [1] }, network);
  expect(written).toMatchObject(wanted);
  expect(await complete(written, network)).toEqual(written);
});

test("a network whose own size is larger than an image may be is drawn in part, if at all", async () => {
  const network = await headOn([20, 4100]);
  const request = { network: "head", channels: [1] };
  await expect(complete({ ...request, layer: "logits" }, network)).rejects.toThrow(
    "cropSize: the network's own size is 4100x20 pixels; wanted at most 4096 a side; give a smaller cropSize",
  );
  const part = { cropSize: [20, 100] };
  expect(await complete({ ...request, ...part, layer: "conv" }, network)).toMatchObject(part);
});

/** A network whose classifier takes images of one size [height, width] alone. */
async function headOn([height = 1, width = 1]: readonly number[]): Promise<AnalysedNetwork> {
  const nodes = [
    node("Conv", "image kernel", "conv", { strides: [10, 10] }),
    node("Flatten", "conv", "flat"),
    node("Gemm", "flat matrix", "logits"),
    node("Sign", "logits", "signs"),
  ];
  const places = Math.ceil(height / 10) * Math.ceil(width / 10);
  const initializers = { kernel: normal([1, 3, 1, 1], 1), matrix: normal([places, 5], 2) };
  const inputs = { image: [1, 3, height, width] };
  const path = join(await temporaryFolder(), "head.onnx");
  await writeFile(
    path,
    writeModel(sketch({ inputs, nodes, outputs: ["signs"], initializers }), 18),
  );
  return analyseNetwork(await openNetwork(path, networkFolders({})));
}

test("what does not go with a painting is refused", async () => {
  const given = { ...CLASSES, preset: "ellipses", cropPlace: "wrapped" };
  await expect(complete(given)).rejects.toThrow('cropPlace: given "wrapped", with ellipses');
});
