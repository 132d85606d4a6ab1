import { float } from "../../onnx/model.ts";
import { parseGemm } from "../../onnx/operators/matrix.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Fully connected layer: Y = alpha op(A) op(B) + beta C, op transposing where transA, transB say
 * so.
 *
 *     d op(A) = alpha dY op(B)^T,   d op(B) = alpha op(A)^T dY,   dC = beta dY
 *
 * op(A): [M, K], op(B): [K, N], Y: [M, N]; C broadcasts to Y and its cotangent is summed back. The
 * transpositions are Gemm's own attributes, so no tensor is copied.
 *
 * Source: ONNX operator Gemm-13.
 */
export const gemmVjp: VjpRule = (context) => {
  const { graph, node, input, mul } = context;
  const [a, b] = [input(0), input(1)];
  const { alpha, beta, transA, transB } = parseGemm(node);
  const gemm = (left: string, right: string, transLeft: number, transRight: number) =>
    graph.emit("Gemm", [left, right], {
      alpha: float(alpha),
      transA: transLeft,
      transB: transRight,
    });

  return oneOutput(context, emitForward(context), (dY) => {
    const pullA = () => (transA ? gemm(b, dY, transB, 1) : gemm(dY, b, 0, 1 - transB));
    const pullB = () => (transB ? gemm(dY, a, 1, transA) : gemm(a, dY, 1 - transA, 0));
    const pullC = () => sumTo(graph, beta === 1 ? dY : mul(dY, beta), graph.shapeOf(input(2)));
    return [pullA, pullB, pullC];
  });
};
