import type { GpuProvider, Provider } from "../../autodiff/provider.ts";
import type { GateFeeds } from "../runtime/gpu-gate-child.ts";
import type { GatedGraph } from "../runtime/gpu-gate.ts";
import type { Feeds } from "../runtime/session.ts";
import { planOf } from "./plan-of.ts";
import { stacked } from "./run-stage.ts";
import { type AscentState, firstState } from "./state.ts";
import { taskParts } from "./task-parts.ts";
import type { AscentTask } from "./task.ts";

/** Iterations that are timed, after one that is compared. */
const TIMED_ITERATIONS = 3;

/** What the gate tries before a task is rendered on a GPU. */
export interface GatedStage {
  readonly key: string;
  /** Its own image and those that it depends on, as the task begins them. */
  readonly gated: () => GatedGraph;
}

/** The graphs of a task, one for each stage of each of its parts. */
export function gatedGraphs(task: AscentTask, provider: GpuProvider): readonly GatedStage[] {
  return taskParts(task).flatMap(({ task: part }) => {
    const planFor = (on: Provider) => planOf({ ...part, provider: on });
    const gpu = planFor(provider);
    return gpu.stages.map(({ graph }, index) => ({
      key: graph(gpu.together).key,
      gated: () => ({
        graphs: {
          cpu: planFor("cpu").stages[index]!.graph(gpu.together),
          gpu: graph(gpu.together),
        },
        feeds: gateFeeds({ ...part, provider }, index),
      }),
    }));
  });
}

/** Of the task's first images as they would enter a stage, had the earlier ones no iterations. */
function gateFeeds(task: AscentTask, index: number): GateFeeds {
  const plan = planOf(task);
  const stage = plan.stages[index]!;
  const channels = task.channels.slice(0, plan.together);
  const states = channels.map((channel, position): AscentState => {
    const first = firstState(plan, channel, position);
    const parameters = plan.stages
      .slice(0, index + 1)
      .reduce((before, { begin }) => begin(before), first.parameters);
    return { ...first, stage: index, parameters };
  });
  const feeds = (count: number): Feeds => ({
    ...Object.fromEntries(
      Object.keys(states[0]!.parameters).map((name) => {
        // a copy: it goes over to another process
        const { type, shape, data } = stacked(states, name);
        return [name, { type, shape, data: data.slice() }];
      }),
    ),
    iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(count)) },
    ...stage.feeds(states, 0, count),
  });
  return { first: feeds(1), timed: feeds(Math.min(TIMED_ITERATIONS, stage.iterations)) };
}
