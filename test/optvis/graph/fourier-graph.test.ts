import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../../lib/autodiff/provider.ts";
import type { Provider } from "../../../lib/autodiff/provider.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../../lib/onnx/tensor.ts";
import {
  FOURIER_STATE,
  fourierGraph,
  fourierImageGraph,
  GRADIENT_SUM,
} from "../../../lib/optvis/graph/fourier-graph.ts";
import { layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { adamRates } from "../../../lib/optvis/graph/optimiser/adam.ts";
import {
  coefficientShape,
  eachFrequency,
  phaseShape,
  spectrumLayout,
} from "../../../lib/optvis/graph/parameterisation/spectrum-layout.ts";
import { type RuntimeTensor, Session } from "../../../lib/optvis/runtime/session.ts";
import { withoutCudaKernel } from "../../support/cuda-operators.ts";
import { runGraph } from "../../support/run-graph.ts";
import { smallNetwork } from "../../support/small-network.ts";
import { jsonFixture, modelFixture, npyFixture, relativeDistance } from "../fixtures.ts";

/** An ascent of test/fixtures/make_fourier_references.py. */
interface Run {
  readonly name: string;
  readonly layer: string;
  /** 1-based */
  readonly channels: readonly number[];
  readonly canvas: readonly [height: number, width: number];
  readonly crop: readonly [height: number, width: number];
  readonly decay: number;
  readonly saturation: number;
  readonly planes: readonly number[];
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  readonly rate: number;
  readonly cosine: boolean;
  readonly iterations: number;
  readonly total_variation: number;
  readonly fixed_magnitude?: number;
  readonly ellipses?: number;
  readonly cppn_layers?: number;
}

const runs = (await jsonFixture("fourier")) as readonly Run[];

/**
 * The reference's coefficients [N, 3, W, H/2 + 1, 2], or its phases without the 2, in our order;
 * ellipses and weights are in it.
 */
function inOurOrder(start: FloatTensor, [height, width]: Run["canvas"]): FloatTensor {
  if (start.shape.length <= 3) return start;
  const layout = spectrumLayout({ height, width }, 3);
  const [n = 1] = start.shape;
  const isPhases = start.shape.length === 4;
  const shape = [n, ...(isPhases ? phaseShape : coefficientShape)(layout)];
  const data = new Float32Array(sizeOf(shape));
  const [ours, theirs] = [data.length / n, start.data.length / n / 3];
  for (let plane = 0; plane < 3 * n; plane++) {
    let next = plane * theirs;
    const offset = Math.floor(plane / 3) * ours + (plane % 3);
    eachFrequency(layout, ({ real, imaginary, single }) => {
      for (const at of isPhases ? [single] : [real, imaginary]) {
        data[offset + at] = start.data[next++]!;
      }
    });
  }
  return floatTensor(shape, data);
}

async function graphOf(run: Run, provider: Provider) {
  const { layer, channels, planes, mean, scale, decay, saturation, ellipses } = run;
  const cppnLayers = run.cppn_layers;
  const [canvasHeight, canvasWidth] = run.canvas;
  const [height, width] = run.crop;
  const small = smallNetwork(await modelFixture("smooth"), "smooth", { height, width });
  const n = channels.length;
  const pass = layerPass(small.network.model, small.layer(layer), [n, 3, height, width]);
  const size = { height: canvasHeight, width: canvasWidth };
  const spectrum = {
    highestFrequency: 0.5,
    spectrumDecay: decay,
    ...(run.fixed_magnitude !== undefined && { fixedMagnitude: run.fixed_magnitude }),
  };
  const kind = ellipses ? { ellipses } : cppnLayers ? { cppnLayers } : spectrum;
  const image = { size, saturation, planes, ...kind };
  const greys = mean.map((each) => 127.5 - each);
  const graph = fourierGraph({
    method: "fourier",
    pass,
    objective: "mean",
    provider,
    scale,
    image,
    greys,
    surround: "grey",
    totalVariation: run.total_variation,
    sumsGradient: true,
  });
  return { graph, image, greys, pass, n };
}

/** Our ascent from the reference's start and crops; run on the CPU in either provider's form. */
async function ascend(run: Run, provider: Provider, change: Partial<Run> = {}) {
  const { channels, rate, cosine, iterations } = { ...run, ...change };
  const { graph, image, greys, pass, n } = await graphOf({ ...run, ...change }, provider);
  const session = await Session.create(encodeModel(graph), "cpu");
  const selection = new Float32Array(n * pass.channels);
  channels.forEach((channel, i) => {
    selection[i * pass.channels + channel - 1] = 1;
  });
  const start = inOurOrder(await npyFixture(`${run.name}.start`), run.canvas);
  const zero = { ...start, data: new Float32Array(start.data.length) };
  const outputs = await session.run({
    ...Object.fromEntries(FOURIER_STATE.map((name, i) => [name, i === 0 ? start : zero])),
    [GRADIENT_SUM]: floatTensor([n, 1, ...run.canvas], new Float32Array(n * sizeOf(run.canvas))),
    selection: floatTensor([n, pass.channels], selection),
    iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(iterations)) },
    affine: await npyFixture(`${run.name}.affine`),
    rates: adamRates(
      { learningRate: rate, decay: cosine ? "cosine" : "none", iterations },
      0,
      iterations,
    ),
  });
  await session.release();
  const coefficients = floats(outputs["coefficients_out"]);
  const final = await runGraph(fourierImageGraph(image, n), { coefficients });
  const pixels = image.size.height * image.size.width;
  const values = final["image"]!.data.map((value, i) => value + greys[Math.floor(i / pixels) % 3]!);
  return {
    image: values,
    trace: floats(outputs["activations"]).data,
    gradient_sum: floats(outputs[`${GRADIENT_SUM}_out`]).data,
  };
}

function floats(tensor: RuntimeTensor | undefined): FloatTensor {
  if (tensor?.type !== "float32") throw new Error("not a float tensor");
  return tensor;
}

describe.each(runs)("ten iterations of $name are those of a float64 reference", (run) => {
  test.each(PROVIDERS)("in the form for %s", async (provider) => {
    const distances: [what: string, distance: number][] = [];
    for (const [what, values] of Object.entries(await ascend(run, provider))) {
      const { data } = await npyFixture(`${run.name}.${what}`);
      distances.push([what, relativeDistance(values, data)]);
    }
    expect(distances.filter(([, distance]) => !(distance < 1e-4))).toEqual([]);
  });

  test("on CUDA with operators that have a kernel there", async () => {
    expect(withoutCudaKernel((await graphOf(run, "cuda")).graph)).toEqual([]);
  });

  const isOfWaves = run.ellipses === undefined && run.cppn_layers === undefined;
  test.each([
    ...(isOfWaves ? [["the spectrum falls otherwise", { decay: run.decay + 0.05 }] as const] : []),
    ["the colours are a little stronger", { saturation: run.saturation * 1.02 }],
    ["the planes are in another order", { planes: run.planes.toReversed() }],
    ["the steps are a little longer", { rate: run.rate * 1.01 }],
    ["the roughness counts otherwise", { total_variation: run.total_variation + 1 }],
    ["another channel is raised", { channels: run.channels.map((channel) => channel - 1 || 4) }],
  ] as const)("and are not where %s", async (_, change) => {
    const { image } = await ascend(run, "cpu", change);
    const wanted = (await npyFixture(`${run.name}.image`)).data;
    expect(relativeDistance(image, wanted)).toBeGreaterThan(1e-4);
  });
});

describe("the image of a large canvas", () => {
  const size = { height: 15, width: 24 };
  const image = {
    size,
    highestFrequency: 0.5,
    spectrumDecay: 1.25,
    saturation: 1,
    planes: [null],
  };
  const layout = spectrumLayout(size, 1);

  /** How far one wave's crests rise; it is so low that the squashing of the colours is a straight line. */
  async function amplitude(wave: readonly [kx: number, ky: number], halvingFrequency?: number) {
    const data = new Float32Array(sizeOf(coefficientShape(layout)));
    eachFrequency(layout, ({ kx, ky, real }) => {
      if (kx === wave[0] && ky === wave[1]) data[real] = 1e-3;
    });
    const canvas = { ...image, ...(halvingFrequency !== undefined && { halvingFrequency }) };
    const coefficients = floatTensor([1, ...coefficientShape(layout)], data);
    const outputs = await runGraph(fourierImageGraph(canvas, 1), { coefficients });
    return Math.max(...outputs["image"]!.data.map(Math.abs));
  }

  test.each([
    ["across, at the frequency of one half", [3, 0], 3 / 24, 0.5],
    ["down, at twice that", [0, 4], 2 / 15, 1 / 16],
    ["backwards, at half of it", [21, 0], 6 / 24, 0.5 ** 0.25],
    ["slanted", [3, 2], Math.hypot(3 / 24, 2 / 15), 0.5],
  ] as const)("has a wave that runs %s as a Gaussian leaves it", async (_, wave, at, left) => {
    const whole = await amplitude(wave);
    expect((await amplitude(wave, at)) / whole).toBeCloseTo(left, 4);
  });
});
