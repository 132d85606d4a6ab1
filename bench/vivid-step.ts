import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { findLayer } from "../lib/networks/layers.ts";
import { encodeModel } from "../lib/onnx/encode.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../lib/onnx/tensor.ts";
import { ascentGraph } from "../lib/optvis/graph/ascent-graph.ts";
import { differentiableGraph } from "../lib/optvis/graph/differentiable-graph.ts";
import { FOURIER_STATE } from "../lib/optvis/graph/fourier-graph.ts";
import { layerPass } from "../lib/optvis/graph/layer-pass.ts";
import { passProductFlops } from "../lib/optvis/graph/pass-flops.ts";
import { adamRates } from "../lib/optvis/graph/optimiser/adam.ts";
import {
  coefficientShape,
  spectrumLayout,
} from "../lib/optvis/graph/parameterisation/spectrum-layout.ts";
import { standardNormal, uniformFrom } from "../lib/optvis/random.ts";
import { foldWeights } from "../lib/optvis/runtime/fold-constants.ts";
import { Session } from "../lib/optvis/runtime/session.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { convolutionLimit } from "./convolution-limit.ts";
import { median } from "./statistics.ts";

/**
 * One step of the Fourier ascent against the network's own forward and backward pass at the size of
 * the crop, one thread, interleaved: prints the CPU milliseconds of both, medians of the rounds.
 */
const [layerName = "", canvasSide = "320", cropSide = "224", roundCount = "15"] =
  process.argv.slice(2);
const STEPS = 5;
const [canvas, crop] = [Number(canvasSide), Number(cropSide)];

const analysed = await analyseNetwork(await openNetwork("googlenet", networkFolders(process.env)));
const network = await foldWeights(analysed.model);
const layer = findLayer(analysed.layers, layerName);
const pass = layerPass(network.model, layer, [1, 3, crop, crop]);
const size = { height: canvas, width: canvas };
const objective = { objective: "mean", provider: "cpu" } as const;
const step = await Session.create(
  encodeModel(
    ascentGraph({
      method: "fourier",
      pass,
      ...objective,
      scale: network.scale,
      image: {
        size,
        highestFrequency: 0.5,
        spectrumDecay: 1.25,
        saturation: 1,
        planes: network.planes,
      },
      greys: network.mean.map((mean) => 127.5 - mean),
      totalVariation: 0,
    }),
  ),
  "cpu",
);
const plain = await Session.create(encodeModel(differentiableGraph(pass, objective)), "cpu");

const selection = floatTensor(
  [1, pass.channels],
  Array.from({ length: pass.channels }, (_, i) => +(i === 1)),
);
const shape = [1, ...coefficientShape(spectrumLayout(size, 3))];
const noise = (dimensions: readonly number[], deviation: number): FloatTensor => {
  const draws = standardNormal(sizeOf(dimensions), uniformFrom("bench", ...dimensions));
  return floatTensor(
    dimensions,
    draws.map((draw) => deviation * draw),
  );
};
const zoom = (0.75 * canvas) / crop;
const steps = {
  ...Object.fromEntries(FOURIER_STATE.map((name, i) => [name, noise(shape, i === 0 ? 0.01 : 0)])),
  selection,
  iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(STEPS)) } as const,
  affine: floatTensor(
    [STEPS, 1, 2, 3],
    Array.from({ length: STEPS }, () => [zoom, -0.1, 20, 0.1, zoom, 15]).flat(),
  ),
  rates: adamRates({ learningRate: 0.1, decay: "none", iterations: STEPS }, 0, STEPS),
};
const image = { image: noise([1, 3, crop, crop], 40), selection };

const rounds = { step: [] as number[], pass: [] as number[] };
for (let round = -1; round < Number(roundCount); round++) {
  const stepMs = (await cpuMs(() => step.run(steps))) / STEPS;
  const passMs =
    (await cpuMs(async () => {
      for (let i = 0; i < STEPS; i++) await plain.run(image);
    })) / STEPS;
  // the first round compiles and warms up
  if (round < 0) continue;
  rounds.step.push(stepMs);
  rounds.pass.push(passMs);
}
const products = passProductFlops(network.model, layer, [1, 3, crop, crop]);
process.stdout.write(
  JSON.stringify({
    limit: await convolutionLimit(),
    products,
    stepMs: median(rounds.step),
    passMs: median(rounds.pass),
    overhead: median(rounds.step.map((ms, i) => ms / rounds.pass[i]! - 1)),
  }),
);

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
