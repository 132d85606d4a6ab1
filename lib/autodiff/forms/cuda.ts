import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { addedUp } from "../shaping.ts";
import { channelPool } from "./channel-sum.ts";
import { compare } from "./comparison.ts";
import type { Forms } from "./forms.ts";
import { scatteredMaxPool } from "./pool/scattered.ts";
import { subPixelConv } from "./sub-pixel-conv.ts";
import { croppedConvTranspose } from "./transposed-conv.ts";

/**
 * Forms for ONNX Runtime's CUDA provider. Only operators with a kernel at opset 18: any other runs
 * on the CPU, with a copy there and back in every iteration.
 */
export function cudaForms(graph: GraphBuilder): Forms {
  return {
    // comparisons hold in float16 too, where the CPU's slope of 1e38 would be infinite
    isPositive: (x) => compare(graph, "Greater", x, graph.scalar(0)),
    isGreater: (a, b) => compare(graph, "Greater", a, b),
    isEqual: (a, b) => compare(graph, "Equal", a, b),
    // one Sum of many saves launches
    sum: (parts) => (parts.length > 2 ? graph.emit("Sum", parts) : addedUp(graph, parts)),
    // ConvTranspose with stride 1 is cuDNN's own data gradient
    convAdjoint: (dY, convolution) =>
      subPixelConv(graph, [[dY]], convolution) ?? croppedConvTranspose(graph, dY, convolution),
    // more launches, each of less, would gain nothing
    channelRuns: (value) => [value],
    channelRunsLike: (value) => [value],
    joined: ([value = ""]) => value,
    windowSum: (runs, window) => runs.map((value) => channelPool(graph, value, window)),
    maxPool: (x, pool) => scatteredMaxPool(graph, x, pool),
  };
}
