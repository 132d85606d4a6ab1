import { parseSplit } from "../../onnx/operators/select.ts";
import type { VjpRule } from "../rule.ts";
import { zeros } from "../shaping.ts";

/**
 * Split along one axis: [Y1, Y2, ...] = X.
 *
 *     dX = [dY1, dY2, ...] concatenated; a part that the layer does not depend on gives zeros
 *
 * X: any shape; Yi: the same but for `axis`.
 *
 * Source: ONNX operator Split-18.
 */
export const splitVjp: VjpRule = (context) => {
  const { graph, node, inputs, facts } = context;
  const { axis } = parseSplit(node, facts);
  const outputs = graph.emitMany("Split", inputs, node.attributes, node.outputs.length);
  return {
    outputs,
    isRectified: context.isRectified(0),
    pullback: (cotangents) => {
      const parts = outputs.map((y, i) => cotangents[i] ?? zeros(graph, graph.shapeOf(y)));
      const dX = parts.length === 1 ? parts[0]! : graph.emit("Concat", parts, { axis });
      return inputs.map((_, i) => (i === 0 ? dX : null));
    },
  };
};
