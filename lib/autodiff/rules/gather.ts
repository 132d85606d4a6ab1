import { axisAttribute, fromStart } from "../axes.ts";
import { constantNumbers } from "../constant-inputs.ts";
import { emitForward, oneOutput } from "../forward.ts";
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
  const { graph, node, inputs } = context;
  const [x = ""] = inputs;
  const shape = graph.shapeOf(x);
  const axis = axisAttribute(node, shape.length, 0);
  const length = shape[axis]!;
  const indices = (constantNumbers(context, 1, "indices") ?? []).map((i) => fromStart(i, length));
  const y = emitForward(context);
  const pull = (dY: string) => {
    const flat = reshapeTo(graph, dY, shape.with(axis, indices.length));
    return [gatherAdjoint(graph, flat, { axis, indices, length })];
  };
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) };
};
