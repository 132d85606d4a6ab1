import { inferNode } from "../../onnx/shape-inference.ts";
import type { VjpRule } from "../rule.ts";
import { slidingWindows } from "../window.ts";

/**
 * Max pooling: Y = max over each window of X.
 *
 *     dX[j] = sum of dY[i] over the windows i whose first maximum, in row-major order, is j
 *
 * X: [N, C, ...], Y: [N, C, ...]; any window, stride, pads, dilation and ceil_mode. The first of
 * equal maxima takes the whole gradient, as in PyTorch. Ties are common: overlapping pools emit the
 * same value in neighbouring cells, which the next pool reads. A plain X = Y mask would count them
 * all (relative error 0.6 to 0.9 on GoogLeNet).
 *
 * On the CPU two-dimensional windows are taken apart, columns after rows, since MaxPool with
 * Indices costs eight times a plain MaxPool there. On CUDA, and for other ranks, Indices and a
 * ScatterElements that adds.
 *
 * Where X comes from a ReLU that only this node reads, the ReLU leaves its mask to this rule: Y > 0
 * exactly where the chosen X > 0, on a tensor that the stride has made smaller.
 *
 * Source: ONNX operator MaxPool-12.
 */
export const maxPoolVjp: VjpRule = (context) => {
  const { graph, node, inputs, producer, forms } = context;
  const [x = ""] = inputs;
  const [output] = inferNode(node, [graph.factsOf(x)]);
  const windows = slidingWindows(node, graph.shapeOf(x), output!.shape);
  const { attributes } = node;
  const isRectified = context.isRectified(0);
  const { y, pullback } = forms.maxPool(x, { windows, attributes, isRectified });
  const masksForRelu = producer?.op === "Relu" && producer.consumers === 1;

  return {
    outputs: [y],
    isRectified,
    pullback: ([dY]) => {
      if (!dY) return [null];
      return [pullback(masksForRelu ? graph.emit("Mul", [dY, forms.isPositive(y)]) : dY)];
    },
  };
};
