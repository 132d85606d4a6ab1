import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { type ChannelImage, readNetwork, render } from "../../../lib/dreamgrid.ts";
import { planesIn } from "../../../lib/image/picture.ts";
import { decodeImage } from "../../../lib/image/png.ts";
import type { GivenInput } from "../../../lib/networks/describe-input.ts";
import { floatTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { standardNormal, uniformFrom } from "../../../lib/optvis/random.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";

const [HEIGHT, WIDTH] = [18, 22];
const PIXELS = HEIGHT * WIDTH;

/** Of each plane in the one channel that is drawn. */
const WEIGHTS = [0.5, -0.75, 0.25, 1.25, -0.5];
const weightsOf = (planes: number) => WEIGHTS.slice(0, planes);

type Layout = "NCHW" | "NHWC" | "NHW" | "CHW";

const SHAPES: Readonly<Record<Layout, (planes: number) => readonly (number | null)[]>> = {
  NCHW: (planes) => [1, planes, HEIGHT, WIDTH],
  NHWC: (planes) => [null, HEIGHT, WIDTH, planes],
  NHW: () => [1, HEIGHT, WIDTH],
  CHW: (planes) => [planes, HEIGHT, WIDTH],
};

/** A network of one channel, `y`: the sum of the planes, each times its weight. */
function weightedSum(layout: Layout, planes: number): Uint8Array {
  const before = {
    NCHW: node("Identity", "image", "x"),
    NHWC: node("Transpose", "image", "x", { perm: [0, 3, 1, 2] }),
    NHW: node("Unsqueeze", "image one", "x"),
    CHW: node("Unsqueeze", "image zero", "x"),
  };
  const axis = (value: bigint): Tensor => {
    return { type: "int64", shape: [1], data: BigInt64Array.of(value) };
  };
  return writeModel(
    sketch({
      inputs: { image: SHAPES[layout](planes) },
      nodes: [before[layout], node("Conv", "x w", "y")],
      outputs: ["y"],
      initializers: {
        w: floatTensor([1, planes, 1, 1], weightsOf(planes)),
        one: axis(1n),
        zero: axis(0n),
      },
    }),
    17,
  );
}

async function opened(bytes: Uint8Array, input: GivenInput = {}) {
  const folder = await temporaryFolder();
  const path = join(folder, "net.onnx");
  await writeFile(path, bytes);
  return readNetwork(path, { folders: [], cacheFolder: folder, input });
}

async function drawn(
  network: Awaited<ReturnType<typeof opened>>,
  request: Omit<Parameters<typeof render>[0], "network" | "layer" | "targets">,
): Promise<ChannelImage> {
  const images: ChannelImage[] = [];
  const whole = { ...request, network, layer: "y", channels: "1:1", objective: "mean" as const };
  for await (const event of render(whole as Parameters<typeof render>[0], { threads: 1 })) {
    if (event.kind === "image") images.push(event);
  }
  return images[0]!;
}

const SHORT = { method: "deepdream", numIterations: 1, pyramidLevels: 1 } as const;
const SEED = 3;

/** Mid-grey, or the network's own mean where that is a grey. */
test.each<[string, GivenInput, number, readonly number[]]>([
  ["0..1", { preprocessing: "zero-one" }, 3, [127.5, 127.5, 127.5]],
  ["-1..1", { preprocessing: "minus-one-one" }, 3, [127.5, 127.5, 127.5]],
  ["torchvision's", { preprocessing: "torchvision" }, 3, [123.675, 116.28, 103.53]],
  ["Caffe's", { preprocessing: "caffe" }, 3, [103.939, 116.779, 123.68]],
  ["raw bytes", { mean: [0] }, 3, [127.5, 127.5, 127.5]],
  ["written digits", { mean: [0.1307], std: [0.3081], range: 1 }, 1, [127.5]],
  ["reflectances", { mean: [1000], std: [300], range: 10_000 }, 4, [127.5, 127.5, 127.5, 127.5]],
])(
  "an ascent of %s pixels begins at mid-grey, with noise of one",
  async (_, input, planes, grey) => {
    const network = await opened(weightedSum("NCHW", planes), input);
    const { trace, seed } = await drawn(network, { ...SHORT, seed: SEED });
    const { mean, scale } = network.input;
    const { fingerprint } = network.analysed.model;
    const noise = standardNormal(
      planes * PIXELS,
      uniformFrom("noise", seed, fingerprint, "y", 0, 1),
    );
    const activation = weightsOf(planes).reduce((sum, weight, plane) => {
      const own = noise.subarray(plane * PIXELS, (plane + 1) * PIXELS);
      const average = own.reduce((total, value) => total + value, 0) / PIXELS;
      return sum + weight * (grey[plane]! + average - mean[plane]!) * scale[plane]!;
    }, 0);
    expect(trace[0]!.activation).toBeCloseTo(activation, 4);
  },
);

const LONG = {
  deepdream: { ...SHORT, numIterations: 4 },
  fourier: { method: "fourier", preset: "channels", numIterations: 6, canvasSize: [24, 30] },
} as const;
const CASES = [
  ["NCHW", 1],
  ["NHWC", 2],
  ["NCHW", 4],
  ["NHW", 1],
  ["CHW", 5],
] as const;

test.each(
  CASES.flatMap((each) => [[...each, "deepdream"] as const, [...each, "fourier"] as const]),
)("an image %s of %i planes is drawn by %s, seen and judged", async (layout, planes, method) => {
  const network = await opened(weightedSum(layout, planes), { preprocessing: "zero-one" });
  expect(network.input).toMatchObject({ width: WIDTH, height: HEIGHT, channelOrder: "planes" });
  const image = await drawn(network, { ...LONG[method], seed: SEED, outputScaling: "none" });
  const { width, height } = method === "fourier" ? { width: 30, height: 24 } : network.input;
  expect(image.planes).toMatchObject({ width, height });
  const pixels = width * height;
  expect(image.planes.data).toHaveLength(planes * pixels);

  // without output scaling the picture shows the planes' own values; noise is centred on zero
  const zero = method === "fourier" ? 0 : 128;
  const picture = await decodeImage(image.png);
  const shown = planesIn(picture, "planes", planes);
  expect(shown).toMatchObject({ width, height });
  const bytes = Uint8ClampedArray.from(image.planes.data, (value) => value + zero);
  expect(shown.data).toEqual(Float32Array.from(bytes));

  // what a plane's weight says is what becomes of it
  const means = weightsOf(planes).map((_, plane) => {
    const own = shown.data.subarray(plane * pixels, (plane + 1) * pixels);
    return own.reduce((sum, value) => sum + value, 0) / pixels;
  });
  weightsOf(planes).forEach((weight, plane) => {
    expect(Math.sign(means[plane]! - 127.5)).toBe(Math.sign(weight));
  });

  // the card's activation is that of the picture's bytes, in the network's terms
  const activation = weightsOf(planes).reduce(
    (sum, weight, plane) => sum + (weight * means[plane]!) / 255,
    0,
  );
  // a canvas is resized to what the network sees, which moves its mean a little
  expect(image.quality.source!.activation).toBeCloseTo(activation, method === "fourier" ? 1 : 5);
});

test("three planes that are no colours are side by side, those of colours are not", async () => {
  const colours = await drawn(await opened(weightedSum("NCHW", 3)), { ...SHORT });
  expect(await decodeImage(colours.png)).toMatchObject({ width: WIDTH, height: HEIGHT });
  const network = await opened(weightedSum("NCHW", 3), { channelOrder: "planes" });
  const planes = await drawn(network, { ...SHORT });
  expect(await decodeImage(planes.png)).toMatchObject({
    width: 2 * WIDTH + 10,
    height: 2 * HEIGHT + 10,
  });
});

test("a photograph is a start for one plane, by its luminance, and for four none", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "photo.png");
  const { default: sharp } = await import("sharp");
  const create = { width: WIDTH, height: HEIGHT, channels: 3, background: "#ff0000" } as const;
  await writeFile(path, await sharp({ create }).png().toBuffer());
  const start = { ...SHORT, initialImage: path };
  const input = { preprocessing: "zero-one" } as const;
  const { trace } = await drawn(await opened(weightedSum("NCHW", 1), input), start);
  expect(trace[0]!.activation).toBeCloseTo(0.5 * 0.299, 5);
  await expect(drawn(await opened(weightedSum("NCHW", 4), input), start)).rejects.toThrow(
    "initialImage: given an image; the network's images have 4 planes that are no colours",
  );
});

test("planes side by side are one picture, and no larger than one may be", async () => {
  const network = await opened(weightedSum("NCHW", 4));
  const large = { method: "fourier", canvasSize: 2_048 } as const;
  await expect(drawn(network, large)).rejects.toThrow(
    "canvasSize: the picture of an image has 4106x4106 pixels, want at most 16777216 and no side above 16384; make it smaller",
  );
});
