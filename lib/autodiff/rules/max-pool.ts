import type { Value } from "../../onnx/model.ts";
import { inferNode } from "../../onnx/shape-inference.ts";
import { oneHotTaps } from "../pool/one-hot-taps.ts";
import { slicedTaps } from "../pool/sliced-taps.ts";
import { poolAxisPullback } from "../pool/taps.ts";
import { isPositive } from "../mask.ts";
import type { VjpRule, VjpContext } from "../rule.ts";
import { type AxisWindow, slidingWindows, unusedPixels } from "../window.ts";

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
  const { graph, inputs, producer, provider } = context;
  const [x = ""] = inputs;
  const isScattered = provider === "cuda" || !isPlain2d(context);
  const { y, pullback } = isScattered ? scattered(context, x) : separable(context, x);
  const masksForRelu = producer?.op === "Relu" && producer.consumers === 1;

  return {
    outputs: [y],
    isRectified: context.isRectified(0),
    pullback: ([dY]) => {
      if (!dY) return [null];
      return [pullback(masksForRelu ? graph.emit("Mul", [dY, isPositive(context, y)]) : dY)];
    },
  };
};

interface Pooled {
  readonly y: Value;
  readonly pullback: (dY: Value) => Value;
}

function isPlain2d({ node, graph, inputs }: VjpContext): boolean {
  const isUndilated = (node.attributes["dilations"] as readonly number[] | undefined)?.every(
    (dilation) => dilation === 1,
  );
  return graph.shapeOf(inputs[0]!).length === 4 && (isUndilated ?? true);
}

/** The flat index of every maximum comes from MaxPool itself; gradients are added up at the indices. */
function scattered({ graph, node }: VjpContext, x: Value): Pooled {
  const { storage_order: _, ...attributes } = node.attributes; // indices in row-major order
  const [y = "", indices = ""] = graph.emitMany("MaxPool", [x], attributes, 2);
  const pullback = (dY: Value) => {
    const shape = graph.shapeOf(x);
    const size = shape.reduce((count, axis) => count * axis, 1);
    const flat = (value: Value) => graph.emit("Reshape", [value, graph.ints([-1])]);
    const zeros = graph.emit("Expand", [graph.constant(ZERO), graph.ints([size])]);
    const dX = graph.emit("ScatterElements", [zeros, flat(indices), flat(dY)], {
      axis: 0,
      reduction: "add",
    });
    return graph.emit("Reshape", [dX, graph.ints(shape)]);
  };
  return { y, pullback };
}

const ZERO = { type: "float32", shape: [1], data: Float32Array.of(0) } as const;

/** Rows first, then columns: each is a one-dimensional pool with a cheap gradient. */
function separable(context: VjpContext, x: Value): Pooled {
  const { graph, node } = context;
  const [output] = inferNode(node, [graph.factsOf(x)]);
  const outputShape = output!.shape;
  const [vertical, horizontal] = slidingWindows(node, graph.shapeOf(x), outputShape) as [
    AxisWindow,
    AxisWindow,
  ];
  const rows = poolAlong(context, x, 3, horizontal);
  const columns = poolAlong(context, rows.y, 2, vertical);
  return { y: columns.y, pullback: (dY) => rows.pullback(columns.pullback(dY)) };
}

function poolAlong(context: VjpContext, x: Value, axis: 2 | 3, window: AxisWindow): Pooled {
  const { graph } = context;
  // ceil_mode lets the last window overhang; an explicit pad says the same
  const padEnd = window.padEnd + Math.max(0, -unusedPixels(window));
  if (window.kernel === 1 && window.stride === 1 && window.padBegin + padEnd === 0) {
    return { y: x, pullback: (dY) => dY };
  }
  const pair = (along: number, across: number) => (axis === 3 ? [across, along] : [along, across]);
  const y = graph.emit("MaxPool", [x], {
    kernel_shape: pair(window.kernel, 1),
    strides: pair(window.stride, 1),
    pads: [...pair(window.padBegin, 0), ...pair(padEnd, 0)],
  });
  const along = { graph, axis, window: { ...window, padEnd } };
  const taps = context.isRectified(0) ? oneHotTaps(along, x) : slicedTaps(along, x);
  return { y, pullback: (dY) => poolAxisPullback(along, taps, y, dY) };
}
