import type { DerivedTensors } from "../../onnx/derived-tensors.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { float, type Value } from "../../onnx/model.ts";
import { channelConv } from "./channel-sum.ts";
import { compare } from "./comparison.ts";
import { flippedConv } from "./flipped-conv.ts";
import type { Forms } from "./forms.ts";
import { scatteredMaxPool } from "./pool/scattered.ts";
import { isSeparable, separableMaxPool } from "./pool/separable.ts";
import { convTranspose } from "./transposed-conv.ts";

/** Large enough to saturate every normal float32 above zero, small enough to be one itself. */
const STEEP = float(1e38);

/**
 * Forms for ONNX Runtime's CPU provider, whose fast operators are those that run in its blocked
 * layout (NCHWc) and whose slow ones are Pow, Where and MaxPool with Indices.
 */
export function cpuForms(graph: GraphBuilder, derived: DerivedTensors): Forms {
  // one pass, twice as fast as comparing and casting
  const isPositive = (x: Value) => graph.emit("HardSigmoid", [x], { alpha: STEEP, beta: float(0) });
  return {
    isPositive,
    isGreater: (a, b) => isPositive(graph.emit("Sub", [a, b])),
    isEqual: (a, b) => compare(graph, "Equal", a, b),
    // pairs of Add stay in the blocked layout, a Sum of many does not
    sum: (parts) => parts.reduce((total, part) => graph.emit("Add", [total, part])),
    convAdjoint: (dY, convolution) =>
      flippedConv({ graph, derived }, dY, convolution) ?? convTranspose(graph, dY, convolution),
    windowSum: (value, window) => channelConv(graph, value, window),
    // MaxPool with Indices costs eight times a plain MaxPool here
    maxPool: (x, pool) =>
      isSeparable(pool) ? separableMaxPool(graph, x, pool) : scatteredMaxPool(graph, x, pool),
  };
}
