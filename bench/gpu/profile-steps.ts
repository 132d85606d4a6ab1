import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { InferenceSession, Tensor } from "onnxruntime-node";

import { withModelFile } from "../../lib/optvis/runtime/model-file.ts";
import { PROFILES } from "../../lib/optvis/runtime/providers.ts";
import { turnTelemetryOff } from "../../lib/optvis/runtime/telemetry.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { type MeasureOptions, TINY } from "./options.ts";
import { type ProfileEvent, profileSummary } from "./profile.ts";
import { report } from "./report.ts";
import { SHAPES, stepGraph } from "./shapes.ts";

const ITERATIONS = 10;

/**
 * What ONNX Runtime ran where in one run of each step graph, after one that warms up; its whole
 * profile is left in `out`. A session of its own: one that is profiled is slower, and the product's
 * cannot be.
 */
export async function profileSteps(
  network: AnalysedNetwork,
  { provider, out, isTiny }: Pick<MeasureOptions, "provider" | "out" | "isTiny">,
): Promise<void> {
  turnTelemetryOff();
  for (const [i, each] of SHAPES.entries()) {
    const shape = isTiny ? { ...each, batch: TINY.images } : each;
    const iterations = isTiny ? TINY.iterations : ITERATIONS;
    const { recipe, feeds, title } = stepGraph(network, shape, iterations);
    // each run of the program leaves profiles of its own
    const prefix = `profile-${i + 1}-${Date.now()}`;
    const session = await withModelFile(recipe, ({ path }) =>
      InferenceSession.create(path, {
        enableMemPattern: false,
        graphOptimizationLevel: "all",
        logSeverityLevel: 3,
        ...PROFILES[provider].sessionOptions,
        enableProfiling: true,
        profileFilePrefix: join(out, prefix),
      }),
    );
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([input, { type, data, shape: dims }]) => [
        input,
        new Tensor(type, data, dims),
      ]),
    );
    await session.run(inputs);
    await session.run(inputs);
    session.endProfiling();
    await session.release();
    const file = readdirSync(out).find((entry) => entry.startsWith(prefix));
    if (file === undefined) throw new Error(`ONNX Runtime left no profile in ${out}`);
    const events = JSON.parse(readFileSync(join(out, file), "utf8")) as readonly ProfileEvent[];
    report("profile", title, { ...profileSummary(events), file });
  }
}
