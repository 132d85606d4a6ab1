import type { GraphBuilder } from "../onnx/graph-builder.ts";
import { axisAttribute } from "../onnx/operators/axes.ts";
import { type Places, placesOfElements, placesOfTuples } from "../onnx/operators/places.ts";
import { intAttribute } from "../onnx/node.ts";
import type { Value } from "../onnx/model.ts";
import { requireConstant } from "./constant-inputs.ts";
import type { VjpContext } from "./rule.ts";

/**
 * What a node reads or replaces of its input 0, by the indices in its input 1.
 *
 * @throws UnsupportedGradientError if they are computed while the network runs
 */
export function placesOf(context: VjpContext): Places {
  const { graph, node, input, facts } = context;
  const shape = graph.shapeOf(input(0));
  const numbers = requireConstant(context, 1, "indices");
  const indices = { shape: facts[1]!.shape, numbers };
  if (node.op.endsWith("ND")) {
    return placesOfTuples(node, shape, indices, intAttribute(node, "batch_dims", 0));
  }
  return placesOfElements(node, shape, indices, axisAttribute(node, shape.length, 0));
}

/** Some rows of a value. */
export function picked(graph: GraphBuilder, value: Value, rows: readonly number[]): Value {
  graph.reserve(rows.length, "indices");
  return graph.emit("Gather", [value, graph.ints(rows)], { axis: 0 });
}
