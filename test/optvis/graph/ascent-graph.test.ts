import { describe, expect, test } from "vitest";

import { GraphBuilder } from "../../../lib/onnx/graph-builder.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../../lib/onnx/tensor.ts";
import { ascentGraph } from "../../../lib/optvis/graph/ascent-graph.ts";
import { differentiableGraph } from "../../../lib/optvis/graph/differentiable-graph.ts";
import { emitLaplacianNormalisation } from "../../../lib/optvis/graph/optimiser/laplacian.ts";
import { type LayerPass, layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import type { Objective } from "../../../lib/optvis/graph/objective/names.ts";
import { Session } from "../../../lib/optvis/runtime/session.ts";
import { planCrops } from "../../../lib/optvis/graph/transforms/crop-plan.ts";
import type { AscentCrops } from "../../../lib/optvis/graph/transforms/crops.ts";
import { withoutCudaKernel } from "../../support/cuda-operators.ts";
import { normal } from "../../support/random.ts";
import { compile, runGraph } from "../../support/run-graph.ts";
import { smallNetwork } from "../../support/small-network.ts";
import { modelFixture, relativeDistance } from "../fixtures.ts";

const SIZE = { height: 18, width: 21 };

interface Setting {
  readonly model: string;
  readonly layer: string;
  readonly objective: Objective;
  readonly crops: AscentCrops | null;
  readonly batch: number;
  readonly scale?: Triple;
  /** Factors that the first convolution's weights take instead. */
  readonly fold?: Triple;
}

type Triple = readonly [number, number, number];

/** float32 rounding of sums of some hundred terms, in another order. */
const TOLERANCE = 1e-5;

function withScaledWeights(pass: LayerPass, scale: Triple): LayerPass {
  const weight = pass.initializers.get("w1");
  if (weight?.type !== "float32") throw new Error("w1 is not a float tensor");
  const [, colours = 1, ...kernel] = weight.shape;
  const taps = sizeOf(kernel);
  const data = weight.data.map((value, i) => value * scale[Math.floor(i / taps) % colours]!);
  const initializers = new Map(pass.initializers).set("w1", floatTensor(weight.shape, data));
  return { ...pass, initializers };
}

/** Compiles the ascent; each call of the result is one `session.run`. */
async function compileAscent({ model, layer, objective, crops, batch, scale, fold }: Setting) {
  const seen = crops?.plan ?? SIZE;
  const small = smallNetwork(await modelFixture(model), model, seen);
  const shape = [batch, 3, seen.height, seen.width] as const;
  const unfolded = layerPass(small.network.model, small.layer(layer), shape);
  const pass = fold ? withScaledWeights(unfolded, fold) : unfolded;
  const graph = ascentGraph({
    method: "deepdream",
    pass,
    objective,
    crops,
    provider: "cpu",
    scale: scale ?? [1, 1, 1],
  });
  const session = await Session.create(encodeModel(graph), "cpu");
  const selection = new Float32Array(batch * pass.channels);
  for (let n = 0; n < batch; n++) selection[n * pass.channels + ((2 * n + 1) % pass.channels)] = 1;
  return async (image: FloatTensor, iterations: number, shifts: readonly number[] = []) => {
    const outputs = await session.run({
      image,
      selection: floatTensor([batch, pass.channels], selection),
      iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(iterations)) },
      step: floatTensor([], [1]),
      ...(crops && {
        shifts: { type: "int64", shape: [iterations, 2], data: BigInt64Array.from(shifts, BigInt) },
      }),
    });
    const [imageOut, activations] = [outputs["image_out"], outputs["activations"]];
    const rms = outputs["gradient_rms"];
    if (
      imageOut?.type !== "float32" ||
      activations?.type !== "float32" ||
      rms?.type !== "float32"
    ) {
      throw new Error("the graph's outputs are not float32");
    }
    return { image: imageOut, activations, rms };
  };
}

const inCrops = (overlap: number, blend: AscentCrops["blend"]): AscentCrops => ({
  imageSize: SIZE,
  plan: planCrops(SIZE, { height: 8, width: 10 }, overlap),
  blend,
});

describe("one Loop of K iterations is K runs of one, bit for bit", () => {
  test.each([
    { name: "smooth network", model: "smooth", layer: "conv2", crops: null, batch: 2 },
    { name: "kinked network", model: "kinked", layer: "conv3", crops: null, batch: 1 },
    { name: "a class", model: "smooth", layer: "prob", crops: null, batch: 3 },
    {
      name: "moving crops",
      model: "kinked",
      layer: "conv3",
      crops: inCrops(2, "feathered"),
      batch: 1,
    },
  ])("$name", async ({ model, layer, crops, batch }) => {
    const run = await compileAscent({ model, layer, objective: "rectified", crops, batch });
    const start = normal([batch, 3, SIZE.height, SIZE.width], 5);
    const shifts = [0, 0, 1, 17, 16, 3, 9, 9, 17, 20];
    const whole = await run(start, 5, shifts);

    let image = start;
    for (let k = 0; k < 5; k++) {
      const one = await run(image, 1, shifts.slice(2 * k, 2 * k + 2));
      const row = whole.activations.data.subarray(k * batch, (k + 1) * batch);
      expect([...one.activations.data]).toEqual([...row]);
      image = one.image;
    }
    expect(whole.activations.shape).toEqual([5, batch]);
    expect([...image.data]).toEqual([...whole.image.data]);
    expect([...whole.image.data]).not.toEqual([...start.data]);
  });
});

/** out[y, x] = image[(y + down) mod H, (x + right) mod W] */
function roll({ shape, data }: FloatTensor, down: number, right: number): FloatTensor {
  const [, , height = 1, width = 1] = shape;
  const at = (i: number) => {
    const plane = Math.floor(i / (height * width)) * height * width;
    const [y, x] = [Math.floor((i % (height * width)) / width), i % width];
    return plane + ((y + down) % height) * width + ((x + right) % width);
  };
  return floatTensor(
    shape,
    data.map((_, i) => data[at(i)]!),
  );
}

describe("a shift of the crops", () => {
  const shape = [2, 3, SIZE.height, SIZE.width];

  test("shows the network the image rolled around its borders", async () => {
    const run = await compileAscent({
      model: "kinked",
      layer: "conv3",
      objective: "rectified",
      batch: 2,
      crops: inCrops(3, "feathered"),
    });
    const image = normal(shape, 6);
    const moved = await run(image, 1, [5, 17]);
    const rolled = await run(roll(image, 5, 17), 1, [0, 0]);
    expect([...moved.activations.data]).toEqual([...rolled.activations.data]);
    expect(relativeDistance(moved.rms.data, rolled.rms.data)).toBeLessThan(TOLERANCE);
    const wrongWay = await run(roll(image, 13, 4), 1, [0, 0]);
    expect(relativeDistance(moved.rms.data, wrongWay.rms.data)).toBeGreaterThan(100 * TOLERANCE);
  });

  test("is undone before the gradient is normalised", async () => {
    // one crop as large as the image: its gradient is known without crops
    const plan = planCrops(SIZE, SIZE, 0);
    const run = await compileAscent({
      ...SMOOTH,
      crops: { imageSize: SIZE, plan, blend: "uniform" },
    });
    const image = normal(shape, 7);
    const { gradient } = await (await compilePass(SIZE))(roll(image, 5, 7));
    const update = await normalised(roll(gradient, SIZE.height - 5, SIZE.width - 7));

    const moved = await run(image, 1, [5, 7]);
    const given = moved.image.data.map((value, i) => value - image.data[i]!);
    expect(relativeDistance(given, update)).toBeLessThan(TOLERANCE);
  });
});

const SMOOTH = { model: "smooth", layer: "conv2", objective: "mean", batch: 2 } as const;

/** Of two images of one size, which are seen whole. */
async function compilePass({ height, width }: typeof SIZE) {
  const small = smallNetwork(await modelFixture("smooth"), "smooth", { height, width });
  const pass = layerPass(small.network.model, small.layer("conv2"), [2, 3, height, width]);
  const graph = differentiableGraph(pass, { objective: "mean", provider: "cpu" });
  const run = await compile(graph);
  const selection = floatTensor([2, 4], [0, 1, 0, 0, 0, 0, 0, 1]);
  return async (image: FloatTensor) => {
    const { activation, gradient } = await run({ image, selection });
    return { activation: activation!, gradient: gradient! };
  };
}

/** What a gradient changes of an image. */
async function normalised(gradient: FloatTensor) {
  const graph = new GraphBuilder();
  const value = graph.input("gradient", "float32", gradient.shape);
  const update = emitLaplacianNormalisation(graph, value, "cpu");
  return (await runGraph(graph.build("", [["update", update]]), { gradient }))["update"]!.data;
}

test("crops that overlap count by how far a pixel is from their edges", async () => {
  const crops = inCrops(3, "feathered");
  const { tops, lefts, height, width } = crops.plan;
  const image = normal([2, 3, SIZE.height, SIZE.width], 9);
  const weight = (i: number, side: number) => Math.min(i + 1, side - i);
  const blended = new Float64Array(image.data.length);
  const weights = new Float64Array(image.data.length);
  const activations = [0, 0];
  const pass = await compilePass(crops.plan);
  for (const [top, left] of tops.flatMap((y) => lefts.map((x) => [y, x] as const))) {
    const cells = Array.from({ length: 6 * height * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width) % height, i % width];
      const plane = Math.floor(i / (height * width));
      const at = (plane * SIZE.height + top + y) * SIZE.width + left + x;
      return { at, weight: weight(y, height) * weight(x, width) };
    });
    const seen = floatTensor(
      [2, 3, height, width],
      cells.map(({ at }) => image.data[at]!),
    );
    const { activation, gradient } = await pass(seen);
    activation.data.forEach((mean, n) => (activations[n]! += mean / (tops.length * lefts.length)));
    for (const [i, cell] of cells.entries()) {
      blended[cell.at]! += cell.weight * gradient.data[i]!;
      weights[cell.at]! += cell.weight;
    }
  }
  const wanted = blended.map((sum, at) => sum / weights[at]!);
  const run = await compileAscent({ ...SMOOTH, crops });
  const drawn = await run(image, 1, [0, 0]);
  expect(relativeDistance(drawn.activations.data, activations)).toBeLessThan(TOLERANCE);
  const given = drawn.image.data.map((value, i) => value - image.data[i]!);
  const update = await normalised(floatTensor(image.shape, wanted));
  expect(relativeDistance(given, update)).toBeLessThan(TOLERANCE);
});

test("a network that scales its input is ascended in pixels, as if its first weights were scaled", async () => {
  const scale = [0.5, 2, 0.25] as const;
  const setting = { model: "smooth", layer: "conv2", objective: "mean", batch: 1 } as const;
  const image = normal([1, 3, SIZE.height, SIZE.width], 8);
  const scaled = await compileAscent({ ...setting, crops: null, scale });
  const folded = await compileAscent({ ...setting, crops: null, fold: scale });
  const plain = await compileAscent({ ...setting, crops: null });
  const wanted = (await folded(image, 3)).image.data;
  expect(relativeDistance((await scaled(image, 3)).image.data, wanted)).toBeLessThan(TOLERANCE);
  expect(relativeDistance((await plain(image, 3)).image.data, wanted)).toBeGreaterThan(0.1);
});

test.each([
  ["whole", null],
  ["in crops", inCrops(2, "feathered")],
])("on CUDA an ascent, %s, has only operators with a CUDA kernel", async (_, crops) => {
  const seen = crops?.plan ?? SIZE;
  const small = smallNetwork(await modelFixture("kinked"), "kinked", seen);
  const pass = layerPass(small.network.model, small.layer("conv3"), [
    2,
    3,
    seen.height,
    seen.width,
  ]);
  const setting = { pass, objective: "rectified", scale: [1, 2, 3], crops } as const;
  const graph = ascentGraph({ method: "deepdream", ...setting, provider: "cuda" });
  expect(withoutCudaKernel(graph)).toEqual([]);
});
