import { intAttribute } from "../../onnx/node.ts";
import { normaliseAxis } from "../../onnx/operators/axes.ts";
import { floatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { Value } from "../../onnx/model.ts";
import { requireConstant } from "../constant-inputs.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Running sums along one axis: Y[i] = sum of X[j] over j <= i; j < i where exclusive, from the end
 * where reverse. Along the axis Y = A X with a triangle of ones A.
 *
 *     dX = A^T dY
 *
 * X, Y: any shape; the axis: constant. Emitted as that product, which every provider has.
 *
 * Source: ONNX operator CumSum-14.
 */
export const cumSumVjp: VjpRule = (context) => {
  const { graph, node, input } = context;
  const x = input(0);
  const shape = graph.shapeOf(x);
  const [stated = 0] = requireConstant(context, 1, "the axis");
  const axis = normaliseAxis(node, stated, shape.length);
  const length = shape[axis]!;
  const isExclusive = intAttribute(node, "exclusive", 0) !== 0;
  const isReverse = intAttribute(node, "reverse", 0) !== 0;
  graph.reserve(2 * length * length, "the running sums of an axis");

  const isAdded = (i: number, j: number) => (i === j ? !isExclusive : isReverse ? j > i : j < i);
  const triangle = (isTransposed: boolean) =>
    graph.constant(
      floatTensor(
        [length, length],
        Float32Array.from({ length: length * length }, (_, place) => {
          const [i, j] = [Math.floor(place / length), place % length];
          return (isTransposed ? isAdded(j, i) : isAdded(i, j)) ? 1 : 0;
        }),
      ),
    );
  const parted = [sizeOf(shape.slice(0, axis)), length, sizeOf(shape.slice(axis + 1))];
  const along = (matrix: Value, value: Value) =>
    reshapeTo(graph, graph.emit("MatMul", [matrix, reshapeTo(graph, value, parted)]), shape);
  return movement(context, (dY) => along(triangle(true), dY), along(triangle(false), x));
};
