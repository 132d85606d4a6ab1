import type { Value } from "../onnx/model.ts";
import { keepDims } from "../onnx/operators/axes.ts";
import { reducedAxes } from "../onnx/operators/reduce.ts";
import type { VjpContext } from "./rule.ts";
import { reshapeTo } from "./shaping.ts";

interface Reduction {
  readonly x: Value;
  readonly shape: readonly number[];
  /** Ascending. */
  readonly axes: readonly number[];
  /** `shape` with length 1 along `axes`. */
  readonly kept: readonly number[];
  /** A value of the output's shape in the shape `kept`, so that it broadcasts to X. */
  readonly keep: (value: Value) => Value;
}

/** X, input 0 of a Reduce node or a global pool, and the axes that the node takes away. */
export function reduction({ graph, node, facts, input }: VjpContext): Reduction {
  const x = input(0);
  const shape = graph.shapeOf(x);
  const axes = reducedAxes(node, facts);
  const kept = keepDims(shape, axes);
  return { x, shape, axes, kept, keep: (value) => reshapeTo(graph, value, kept) };
}
