import { mkdirSync } from "node:fs";
import { cpus } from "node:os";

import runtimePackage from "onnxruntime-node/package.json" with { type: "json" };

import { PROVIDER_CHECKS } from "../../lib/optvis/runtime/check-provider.ts";
import { foldWeights } from "../../lib/optvis/runtime/fold-constants.ts";
import { analyseNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import { print } from "../print.ts";
import { checkGradients } from "./check-gradients.ts";
import { type Comparison, comparisonTable } from "./comparison.ts";
import { cudaHere, describeCuda } from "./cuda-here.ts";
import { runGate } from "./gate.ts";
import { goalLines, type Measured } from "./goals.ts";
import { openGoogleNet } from "./open-googlenet.ts";
import { type MeasureOptions, type Part, parseOptions, USAGE } from "./options.ts";
import { profileSteps } from "./profile-steps.ts";
import { RECOGNISABLE, type RecipeSpeed, recipeTable } from "./recognisable.ts";
import { reasonOf, report } from "./report.ts";
import { type ExampleTimes, timeExample } from "./time-example.ts";
import { timeJobs } from "./time-jobs.ts";
import { timeRecipes } from "./time-recipes.ts";
import { timeSteps } from "./time-steps.ts";
import { runCommand } from "./user-line.ts";

/** Measures the product on a card; run.sh runs it on the machine that has one. */
await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    print(USAGE);
    return;
  }
  const failures = await measured(options);
  print(failures.length === 0 ? "passed" : `FAILED: ${failures.join("; ")}`);
  // a broken CUDA context keeps its threads from ending
  process.exit(failures.length === 0 ? 0 : 1);
});

/** @returns what went wrong, a sentence each */
async function measured(options: MeasureOptions): Promise<readonly string[]> {
  const { provider, parts } = options;
  report("machine", provider, {
    cuda: describeCuda(cudaHere(process.env)),
    cpu: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
    node: process.version,
    onnxruntime: runtimePackage.version,
  });
  // first, and whatever is wanted: figures of a card that computes wrongly are worth nothing
  const verdict = await runGate(PROVIDER_CHECKS[provider]);
  report("gate", provider, verdict);
  if (verdict.gate === "failed") return [`the gate: ${verdict.reason}`];
  if (parts.length === 0) return [];
  mkdirSync(options.out, { recursive: true });
  return measureParts(options);
}

async function measureParts(options: MeasureOptions): Promise<readonly string[]> {
  const analysed = await analyseNetwork(await openGoogleNet(options.model, process.env));
  const network = { ...analysed, model: await foldWeights(analysed.model) };
  const renderer = new EngineRenderer();
  const failures: string[] = [];
  let steps: readonly Comparison[] | null = null;
  let jobs: readonly Comparison[] | null = null;
  let example: ExampleTimes | null = null;
  let recipes: readonly RecipeSpeed[] | null = null;
  const work: Readonly<Record<Part, () => Promise<unknown>>> = {
    check: async () => failures.push(...(await checkGradients(network, options))),
    steps: async () => (steps = await timeSteps(network, options)),
    profile: () => profileSteps(network, options),
    jobs: async () => (jobs = await timeJobs(renderer, network, options)),
    example: async () => (example = await timeExample(renderer, network, options)),
    recipes: async () => (recipes = await timeRecipes(renderer, network, options)),
  };
  for (const part of options.parts) {
    // what fails is no reason to leave the rest unmeasured
    await work[part]().catch((error: unknown) => failures.push(`${part}: ${reasonOf(error)}`));
  }
  summarise(options, { steps, jobs, example, recipes });
  return failures;
}

interface Results extends Measured {
  readonly recipes: readonly RecipeSpeed[] | null;
}

function summarise({ provider, isTiny }: MeasureOptions, { recipes, ...results }: Results): void {
  const compared = [...(results.steps ?? []), ...(results.jobs ?? [])];
  if (compared.length > 0) print(`\n${comparisonTable(compared)}`);
  if (recipes !== null) print(`\n${recipeTable(recipes)}\n\n${RECOGNISABLE}`);
  const isDry = isTiny || provider === "cpu";
  print(
    isDry
      ? "\nA dry run: these figures say nothing of a card.\n"
      : `\n${goalLines(results).join("\n")}\n`,
  );
}
