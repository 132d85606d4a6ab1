import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { median } from "../statistics.ts";
import type { Comparison } from "./comparison.ts";
import { type MeasureOptions, TINY } from "./options.ts";
import { pytorchStep } from "./pytorch.ts";
import { report } from "./report.ts";
import { openSession, SHAPES, stepGraph } from "./shapes.ts";

const ITERATIONS = 10;
const REPEATS = 7;

/**
 * Milliseconds of a whole ascent step, of runs of ten, and PyTorch's of the same right after. Ours
 * include the images' way to the card and back, once a run.
 */
export async function timeSteps(
  network: AnalysedNetwork,
  options: MeasureOptions,
): Promise<readonly Comparison[]> {
  const { provider, isTiny } = options;
  const [iterations, repeats] = isTiny ? [TINY.iterations, TINY.repeats] : [ITERATIONS, REPEATS];
  const rows: Comparison[] = [];
  for (const each of SHAPES) {
    const shape = isTiny ? { ...each, batch: TINY.images } : each;
    const { recipe, feeds, title } = stepGraph(network, shape, iterations);
    const started = performance.now();
    const session = await openSession(recipe, provider);
    const created = performance.now();
    await session.run(feeds);
    const first = performance.now();
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const from = performance.now();
      await session.run(feeds);
      times.push((performance.now() - from) / iterations);
    }
    await session.release();
    const ours = median(times);
    report("step", title, {
      ms: ours.toFixed(2),
      fastest: Math.min(...times).toFixed(2),
      createMs: (created - started).toFixed(0),
      firstRunMs: (first - created).toFixed(0),
    });
    const pytorch = await pytorchStep({ ...shape, iterations, repeats }, network, options);
    report("pytorch", title, pytorch);
    rows.push({ title, unit: "ms a step", ours, ...pytorch });
  }
  return rows;
}
