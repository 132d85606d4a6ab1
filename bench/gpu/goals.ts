import type { Comparison } from "./comparison.ts";
import type { ExampleTimes } from "./time-example.ts";

/** Of the whole example, warm. */
const EXAMPLE_SECONDS = 3;
const EXAMPLE_IMAGES = 84;

export interface Measured {
  /** `null`: not measured. */
  readonly steps: readonly Comparison[] | null;
  readonly jobs: readonly Comparison[] | null;
  readonly example: ExampleTimes | null;
}

/** Whether what is wanted of a card was reached, a line each. */
export function goalLines({ steps, jobs, example }: Measured): readonly string[] {
  return [
    `as fast as PyTorch's CUDA graph on every shape: ${graphVerdict(steps)}`,
    `job 4 runs: ${jobs === null ? "not measured" : verdict(jobs.some(({ title }) => title === "job 4"))}`,
    `the example's ${EXAMPLE_IMAGES} images within ${EXAMPLE_SECONDS} s, warm: ${exampleVerdict(example)}`,
  ];
}

function graphVerdict(steps: Measured["steps"]): string {
  if (steps === null) return "not measured";
  const slower = steps.flatMap(({ title, ours, graph }) =>
    graph !== null && ours > graph ? [`${title}: ${(ours / graph).toFixed(2)} of its time`] : [],
  );
  if (slower.length > 0) return `${verdict(false)} (${slower.join(", ")})`;
  return steps.some(({ graph }) => graph === null) ? "not measured" : verdict(true);
}

function exampleVerdict(example: ExampleTimes | null): string {
  if (example === null || example.images !== EXAMPLE_IMAGES) return "not measured";
  const { warmSeconds } = example;
  return `${verdict(warmSeconds <= EXAMPLE_SECONDS)} (${warmSeconds.toFixed(2)} s)`;
}

function verdict(isReached: boolean): string {
  return isReached ? "yes" : "no";
}
