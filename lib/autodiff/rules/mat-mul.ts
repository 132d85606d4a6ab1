import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo, sumTo } from "../shaping.ts";

/**
 * Batched matrix product: Y = A B, with NumPy's rules.
 *
 *     dA = dY B^T,  dB = A^T dY,  each summed over the batch axes along which it was repeated
 *
 * A: [..., M, K], B: [..., K, N], Y: [..., M, N]; batch axes broadcast. A vector A is a row [1, K],
 * a vector B a column [K, 1], and the added axis is missing from Y.
 *
 * Source: ONNX operator MatMul-13.
 */
export const matMulVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const [a, b] = [input(0), input(1)];
  const shapeA = graph.shapeOf(a);
  const shapeB = graph.shapeOf(b);
  const row = shapeA.length === 1 ? [1, ...shapeA] : shapeA;
  const column = shapeB.length === 1 ? [...shapeB, 1] : shapeB;
  const y = emitForward(context);

  return oneOutput(context, y, (dY) => {
    const batch = graph.shapeOf(y).slice(0, Math.max(shapeA.length, shapeB.length) - 2);
    const product = reshapeTo(graph, dY, [...batch, row.at(-2)!, column.at(-1)!]);
    const times = (left: Value, right: Value) => graph.emit("MatMul", [left, right]);
    const pullRow = () => times(product, transposed(graph, reshapeTo(graph, b, column)));
    const pullColumn = () => times(transposed(graph, reshapeTo(graph, a, row)), product);
    return [
      () => reshapeTo(graph, sumTo(graph, pullRow(), row), shapeA),
      () => reshapeTo(graph, sumTo(graph, pullColumn(), column), shapeB),
    ];
  });
};

/** The last two axes swapped. */
function transposed(graph: GraphBuilder, value: Value): Value {
  const axes = graph.shapeOf(value).map((_, axis) => axis);
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
  return graph.emit("Transpose", [value], { perm });
}
