import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { imageShapeOf, layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { uniformFrom } from "../../lib/optvis/random.ts";
import { relativeDistance } from "../../lib/optvis/runtime/check-provider.ts";
import { TOLERANCES } from "../../lib/optvis/runtime/difference.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import { noise, oneHot } from "../feeds.ts";
import { JOBS } from "../jobs.ts";
import { median } from "../statistics.ts";
import type { MeasureOptions } from "./options.ts";
import { report } from "./report.ts";
import { openSession } from "./shapes.ts";

const BATCH = 2;
const SEEDS = 8;

/** Of the median over seeds, as a share of the CPU's norm. */
const TOLERANCE = TOLERANCES.cuda;

/**
 * Gradients of the CUDA graphs against the CPU graphs' on the CPU, relative Euclidean distance over
 * seeds, at the layer of each job.
 *
 * @returns what is wrong, a sentence each
 */
export async function checkGradients(
  network: AnalysedNetwork,
  { provider, isTiny }: Pick<MeasureOptions, "provider" | "isTiny">,
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { layer: index } of JOBS) {
    const layer = requestedLayer({ layer: index }, network);
    const { model, inputSize } = network.model;
    const pass = layerPass(model, layer, imageShapeOf(model, BATCH, inputSize));
    const open = (forms: "cpu" | "cuda") => {
      const graph = differentiableGraph(pass, { objective: "rectified", provider: forms });
      return openSession({ kind: "graph", graph }, forms === "cpu" ? "cpu" : provider);
    };
    const [cpu, cuda] = [await open("cpu"), await open("cuda")];
    const distances: number[] = [];
    for (let seed = 0; seed < (isTiny ? 1 : SEEDS); seed++) {
      const feeds = {
        image: noise(pass.imageShape, uniformFrom("check", seed)),
        selection: oneHot(BATCH, pass.channels, seed),
      };
      const [expected, actual] = [await cpu.run(feeds), await cuda.run(feeds)];
      distances.push(relativeDistance(actual["gradient"]!.data, expected["gradient"]!.data));
    }
    await cpu.release();
    await cuda.release();
    const middle = median(distances);
    const max = Math.max(...distances);
    report("check", layer.name, { median: middle.toExponential(1), max: max.toExponential(1) });
    if (!(middle <= TOLERANCE)) {
      problems.push(
        `gradients at ${layer.name} are ${middle.toPrecision(2)} of their norm away from the CPU's, wanted at most ${TOLERANCE}`,
      );
    }
  }
  return problems;
}
