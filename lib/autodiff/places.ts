import { axisAttribute } from "../onnx/operators/axes.ts";
import { type Places, placesOfElements, placesOfTuples } from "../onnx/operators/places.ts";
import { intAttribute } from "../onnx/node.ts";
import type { Value } from "../onnx/model.ts";
import { requireConstant } from "./constant-inputs.ts";
import type { VjpContext } from "./rule.ts";
import { reshapeTo } from "./shaping.ts";

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

/** A tensor as `count` rows of the places' length. */
export function asRows(
  { graph }: Pick<VjpContext, "graph">,
  value: Value,
  count: number,
  { length }: Places,
): Value {
  return reshapeTo(graph, value, [count, length]);
}
