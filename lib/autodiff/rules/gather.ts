import { axisAttribute } from "../../onnx/operators/axes.ts";
import { parseGather } from "../../onnx/operators/select.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { requireConstant } from "../constant-inputs.ts";
import { movement } from "../forward.ts";
import { addedAt, gatherAdjoint } from "../gather-adjoint.ts";
import type { NodeVjp, VjpContext, VjpRule } from "../rule.ts";
import { expandTo, reshapeTo } from "../shaping.ts";

/**
 * Selection along one axis: Y[..., k, ...] = X[..., indices[k], ...].
 *
 *     dX[..., j, ...] = sum of dY[..., k, ...] over the k with indices[k] = j
 *
 * X: any shape; indices: any shape, negative ones counted from the end; Y: X's shape with `axis`
 * replaced by the shape of the indices. Indices that are computed have no derivative.
 *
 * Source: ONNX operator Gather-13.
 */
export const gatherVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  if (facts[1] && !facts[1].constant) return gatheredByComputed(context);
  const shape = graph.shapeOf(input(0));
  const stated = requireConstant(context, 1, "indices");
  const gathered = parseGather(node, shape, stated);
  return movement(context, (dY) => {
    const flat = reshapeTo(graph, dY, shape.with(gathered.axis, stated.length));
    return gatherAdjoint(graph, flat, gathered);
  });
};

function gatheredByComputed(context: VjpContext): NodeVjp {
  const { graph, node, input } = context;
  const [shape, stated] = [graph.shapeOf(input(0)), graph.shapeOf(input(1))];
  const axis = axisAttribute(node, shape.length, 0);
  const read = shape.with(axis, sizeOf(stated));
  return movement(context, (dY) => {
    const along = shape.map((_, i) => (i === axis ? sizeOf(stated) : 1));
    const indices = expandTo(graph, reshapeTo(graph, input(1), along), read);
    return addedAt(graph, { shape, axis, indices }, reshapeTo(graph, dY, read));
  });
}
