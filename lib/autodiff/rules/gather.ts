import { parseGather } from "../../onnx/operators/select.ts";
import { requireConstant } from "../constant-inputs.ts";
import { movement } from "../forward.ts";
import { gatherAdjoint } from "../gather-adjoint.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Selection along one axis: Y[..., k, ...] = X[..., indices[k], ...].
 *
 *     dX[..., j, ...] = sum of dY[..., k, ...] over the k with indices[k] = j
 *
 * X: any shape; indices: any shape, constant, negative ones counted from the end; Y: X's shape with
 * `axis` replaced by the shape of the indices.
 *
 * Source: ONNX operator Gather-13.
 *
 * @throws UnsupportedGradientError if the indices are computed while the network runs.
 */
export const gatherVjp: VjpRule = (context) => {
  const { graph, node, input } = context;
  const shape = graph.shapeOf(input(0));
  const stated = requireConstant(context, 1, "indices");
  const gathered = parseGather(node, shape, stated);
  return movement(context, (dY) => {
    const flat = reshapeTo(graph, dY, shape.with(gathered.axis, stated.length));
    return gatherAdjoint(graph, flat, gathered);
  });
};
