import { InferenceSession, Tensor } from "onnxruntime-node";

import { findLayer } from "../lib/networks/find-layer.ts";
import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { encodeModel } from "../lib/onnx/encode.ts";
import { differentiableGraph } from "../lib/optvis/graph/differentiable-graph.ts";
import { type LayerPass, layerPass } from "../lib/optvis/graph/layer-pass.ts";
import { uniformFrom } from "../lib/optvis/random.ts";
import { foldWeights } from "../lib/optvis/runtime/fold-constants.ts";
import { turnTelemetryOff } from "../lib/optvis/runtime/telemetry.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { noise, oneHot } from "./feeds.ts";
import { benchOptions } from "./options.ts";
import { machineLine } from "./results-file.ts";
import { cpuMs, median } from "./statistics.ts";

const USAGE = `npm run bench:cpu-forms -- [--rounds 15]

Forward and backward passes of GoogLeNet on one thread, as graphs are written for x86, where ONNX
Runtime has its blocked layout, and for ARM, where it has not. On x86 both are timed without the
layout, which is what ARM is like, and the first with it. Nothing else should run on the machine.`;

/** Layer, side of the image in pixels. */
const PASSES = [
  ["inception_3b-1x1", 128],
  ["inception_5b-1x1", 128],
  ["inception_4e-1x1", 224],
  ["loss3-classifier", 224],
] as const;

const values = benchOptions(USAGE, { rounds: "15" });

turnTelemetryOff();
const analysed = await analyseNetwork(await openNetwork("googlenet", networkFolders(process.env)));
const network = await foldWeights(analysed.model);
process.stdout.write(`${machineLine()}, ${process.arch}: CPU ms\n`);
for (const [layerName, side] of PASSES) {
  const layer = findLayer(analysed.layers, layerName);
  const pass = layerPass(network.model, layer, [1, 3, side, side]);
  const [forX86, forArm] = [encoded(pass, "x64"), encoded(pass, "arm64")];
  const timed = await cpuMsOf(pass, [
    await session(forX86, "all"),
    // the layout is the one thing that the last level adds for such graphs
    await session(forX86, "extended"),
    await session(forArm, "extended"),
  ]);
  const [blocked, plain, arm] = timed.map((ms) => ms.toFixed(1));
  process.stdout.write(
    `${layerName}, ${side} px: as for x86 ${blocked}, without the layout ${plain}; as for ARM, without it, ${arm}\n`,
  );
}

/** The pass as it is written on a machine with such a processor. */
function encoded(pass: LayerPass, architecture: NodeJS.Architecture): Uint8Array {
  Object.defineProperty(process, "arch", { value: architecture });
  return encodeModel(differentiableGraph(pass, { objective: "mean", provider: "cpu" }));
}

function session(
  model: Uint8Array,
  graphOptimizationLevel: "all" | "extended",
): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    enableMemPattern: false,
    executionMode: "sequential",
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel,
  });
}

/** Medians over the rounds, in which the sessions take turns. */
async function cpuMsOf(
  { imageShape, channels }: LayerPass,
  sessions: readonly InferenceSession[],
): Promise<readonly number[]> {
  const image = noise(imageShape, uniformFrom("bench", ...imageShape), 40);
  const inputs = Object.entries({ image, selection: oneHot(1, channels, 0) });
  const feeds = Object.fromEntries(
    inputs.map(([name, { data, shape }]) => [name, new Tensor("float32", data, shape)]),
  );
  const rounds = sessions.map((): number[] => []);
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const [i, each] of sessions.entries()) {
      const ms = await cpuMs(() => each.run(feeds));
      // the first round warms up
      if (round >= 0) rounds[i]!.push(ms);
    }
  }
  return rounds.map(median);
}
