import { permutation } from "../../onnx/operators/layout.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Permutation of axes: axis i of Y is axis perm[i] of X.
 *
 *     dX = dY transposed by the inverse permutation
 *
 * X, Y: any rank; without `perm` the axes are reversed.
 *
 * Source: ONNX operator Transpose-13.
 */
export const transposeVjp: VjpRule = (context) => {
  const { graph, node, input } = context;
  const perm = permutation(node, graph.shapeOf(input(0)));
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  // ONNX Runtime 1.29 fuses a Transpose into Gemm whatever its order of two axes is
  const isInOrder = perm.every((from, axis) => from === axis);
  if (isInOrder) return movement(context, (dY) => dY, graph.emit("Identity", [input(0)]));
  return movement(context, (dY) => graph.emit("Transpose", [dY], { perm: inverse }));
};
