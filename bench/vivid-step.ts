import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { findLayer } from "../lib/networks/find-layer.ts";
import { encodeModel } from "../lib/onnx/encode.ts";
import { floatTensor } from "../lib/onnx/tensor.ts";
import { greysOf } from "../lib/optvis/ascent/start-colour.ts";
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
import { uniformFrom } from "../lib/optvis/random.ts";
import { foldWeights } from "../lib/optvis/runtime/fold-constants.ts";
import { Session } from "../lib/optvis/runtime/session.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { convolutionLimit } from "./convolution-limit.ts";
import { noise, oneHot } from "./feeds.ts";
import { cpuMs, median } from "./statistics.ts";

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
      greys: greysOf(network),
      surround: "grey",
      totalVariation: 0,
      sumsGradient: false,
    }),
  ),
  "cpu",
);
const plain = await Session.create(encodeModel(differentiableGraph(pass, objective)), "cpu");

const selection = oneHot(1, pass.channels, 0);
const shape = [1, ...coefficientShape(spectrumLayout(size, 3))];
const drawn = (of: readonly number[], deviation: number) =>
  noise(of, uniformFrom("bench", ...of), deviation);
const zoom = (0.75 * canvas) / crop;
const steps = {
  ...Object.fromEntries(FOURIER_STATE.map((name, i) => [name, drawn(shape, i === 0 ? 0.01 : 0)])),
  selection,
  iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(STEPS)) } as const,
  affine: floatTensor(
    [STEPS, 1, 2, 3],
    Array.from({ length: STEPS }, () => [zoom, -0.1, 20, 0.1, zoom, 15]).flat(),
  ),
  rates: adamRates({ learningRate: 0.1, decay: "none", iterations: STEPS }, 0, STEPS),
};
const image = { image: drawn([1, 3, crop, crop], 40), selection };

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
