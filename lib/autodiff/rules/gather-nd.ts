import type { Value } from "../../onnx/model.ts";
import { intAttribute } from "../../onnx/node.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { inferNode } from "../../onnx/shape-inference.ts";
import { movement } from "../forward.ts";
import { addedAt, gatherAdjoint } from "../gather-adjoint.ts";
import { picked, placesOf } from "../places.ts";
import type { NodeVjp, VjpContext, VjpRule } from "../rule.ts";
import { reshapeTo, zeros } from "../shaping.ts";

/**
 * Selection by places: Y[i] = X[places[i]], of single elements (GatherElements) or of blocks of
 * them side by side (GatherND).
 *
 *     dX[p] = sum of dY[i] over the i with places[i] = p
 *
 * X: any shape; indices: negative ones counted from the end; Y: as the operator says. Constant
 * indices become a Gather of rows, which every provider has; computed ones have no derivative.
 *
 * Source: ONNX operators GatherND-13 and GatherElements-13.
 *
 * @throws UnsupportedGradientError for blocks within a batch by computed indices.
 */
export const gatherNdVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  const isComputed = facts[1] && !facts[1].constant;
  // blocks within a batch are told apart by their places
  if (isComputed && intAttribute(node, "batch_dims", 0) === 0) return gatheredByComputed(context);
  const x = input(0);
  const { rows, count, length } = placesOf(context);
  const [made] = inferNode(node, facts);
  const y = picked(graph, reshapeTo(graph, x, [count, length]), rows);
  const pull = (dY: Value) => {
    const dRows = reshapeTo(graph, dY, [rows.length, length]);
    const gathering = { axis: 0, indices: rows, length: count };
    return reshapeTo(graph, gatherAdjoint(graph, dRows, gathering), graph.shapeOf(x));
  };
  return movement(context, pull, reshapeTo(graph, y, made!.shape));
};

function gatheredByComputed(context: VjpContext): NodeVjp {
  const { graph, node, input } = context;
  const [shape, indices] = [graph.shapeOf(input(0)), input(1)];
  return movement(context, (dY) => {
    if (node.op === "GatherND") {
      return graph.emit("ScatterND", [zeros(graph, shape), indices, dY], { reduction: "add" });
    }
    return addedAt(graph, { shape, axis: axisAttribute(node, shape.length, 0), indices }, dY);
  });
}
