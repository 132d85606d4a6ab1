import type { Value } from "../../onnx/model.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { addedAt } from "../gather-adjoint.ts";
import type { VjpRule } from "../rule.ts";

/**
 * The K largest or smallest elements along one axis, Y, and where they were, I.
 *
 *     dX[..., I[k], ...] = dY[..., k, ...], zero elsewhere
 *
 * X: any shape; Y and I: the same with K along `axis`. I has no derivative.
 *
 * Source: ONNX operator TopK-11.
 */
export const topKVjp: VjpRule = (context) => {
  const { graph, node, inputs, input } = context;
  const shape = graph.shapeOf(input(0));
  // where the order is free, providers differ
  const attributes = { ...node.attributes, sorted: 1 };
  const [y, indices] = graph.emitMany("TopK", inputs, attributes, 2);
  const axis = axisAttribute(node, shape.length, -1);
  const pull = (dY: Value) => addedAt(graph, { shape, axis, indices: indices! }, dY);
  return {
    outputs: [y!, indices!],
    pullback: ([dY]) => [dY ? pull(dY) : null, null],
    isRectified: context.isRectified(0),
  };
};
