import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { channelPool } from "./channel-sum.ts";
import { compare } from "./comparison.ts";
import type { Forms } from "./forms.ts";

/** The forms that all GPU providers share. */
export function gpuForms(graph: GraphBuilder) {
  return {
    // the CPU's slope of 1e38 would overflow in a shader, and be infinite in float16
    isPositive: (x) => compare(graph, "Greater", x, graph.scalar(0)),
    isGreater: (a, b) => compare(graph, "Greater", a, b),
    isEqual: (a, b) => compare(graph, "Equal", a, b),
    conv: () => null,
    // whole values: more launches, each of less, would gain nothing
    channelRuns: (value) => [value],
    channelRunsLike: (value) => [value],
    joined: ([value = ""]) => value,
    windowSum: (runs, window) => runs.map((value) => channelPool(graph, value, window)),
  } satisfies Partial<Forms>;
}
