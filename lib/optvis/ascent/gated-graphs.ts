import type { GpuProvider } from "../../autodiff/provider.ts";
import { intScalar } from "../../onnx/tensor.ts";
import { standardNormal, uniformFrom } from "../random.ts";
import type { GateFeeds } from "../runtime/gpu-gate-child.ts";
import type { GatedGraph } from "../runtime/gpu-gate.ts";
import type { Feeds } from "../runtime/session.ts";
import { planOf } from "./plan-of.ts";
import { stacked } from "./run-stage.ts";
import { type AscentPlan, entering, type Stage, type StageGraph } from "./stage.ts";
import { type AscentState, firstState, type NoiseSource } from "./state.ts";
import { taskParts } from "./task-parts.ts";
import type { AscentTask } from "./task.ts";

/** Iterations that are timed, after one that is compared. */
const TIMED_ITERATIONS = 3;

/**
 * Images that a GPU is timed with, at most, where it gains by more of them at once: one by one it
 * is bound by the host, and slower than many threads. With so many most is gained.
 */
const TIMED_IMAGES = 8;

/** Of all of them together: they go over to another process. */
const MOST_PIXELS = 2 ** 22;

/** What the gate tries before a task is rendered on a GPU. */
export interface GatedStage {
  readonly key: string;
  /** Its first image and those that it depends on, as the task begins them. */
  readonly gated: () => Promise<GatedGraph>;
}

/** The graphs of a task, one for each stage of each of its parts. */
export function gatedGraphs(task: AscentTask, provider: GpuProvider): readonly GatedStage[] {
  return taskParts(task).flatMap(({ task: part }) => {
    const plan = planOf({ ...part, provider });
    return plan.stages.map((stage, index) => {
      const gpu = stage.graph(Math.max(plan.together, timedImages(part, index)));
      return { key: gpu.key, gated: () => gatedGraph(part, plan, index, gpu) };
    });
  });
}

async function gatedGraph(
  task: AscentTask,
  plan: AscentPlan,
  index: number,
  gpu: StageGraph,
): Promise<GatedGraph> {
  const { together } = plan;
  const stage = plan.stages[index]!;
  const cpu = planOf({ ...task, provider: "cpu" }).stages[index]!.graph(together);
  const states = await statesAt(task, plan, index);
  const feeds = feedsOf(stage, states);
  const copies = gpu.batch / together;
  const many = Array.from({ length: copies }, () => states).flat();
  const ofGpu = copies === 1 ? feeds : feedsOf(stage, many);
  return { graphs: { cpu, gpu }, feeds: { cpu: feeds, gpu: ofGpu }, copies };
}

function timedImages(task: AscentTask, index: number): number {
  const size = task.method === "deepdream" ? task.levels[index]!.size : task.recipe.canvasSize;
  return Math.min(TIMED_IMAGES, Math.floor(MOST_PIXELS / (size.height * size.width)));
}

/** The task's first images as they would enter a stage, had the earlier ones no iterations. */
async function statesAt(
  task: AscentTask,
  plan: AscentPlan,
  index: number,
): Promise<readonly AscentState[]> {
  const channels = task.channels.slice(0, plan.together);
  const noise: NoiseSource = {
    draw: async (count, key) => standardNormal(count, uniformFrom(...key)),
  };
  return Promise.all(
    channels.map(async (channel, position) => {
      let state = firstState(channel, position);
      for (let i = 0; i <= index; i++) state = await entering(plan, state, { index: i, noise });
      return state;
    }),
  );
}

function feedsOf(stage: Stage, states: readonly AscentState[]): GateFeeds {
  const parameters = Object.fromEntries(
    Object.keys(states[0]!.parameters).map((name) => {
      // a copy: it goes over to another process
      const { type, shape, data } = stacked(states, name);
      return [name, { type, shape, data: data.slice() }];
    }),
  );
  const feeds = (count: number): Feeds => ({
    ...parameters,
    iterations: intScalar(count),
    ...stage.feeds(states, 0, count),
  });
  return { first: feeds(1), timed: feeds(Math.min(TIMED_ITERATIONS, stage.iterations)) };
}
