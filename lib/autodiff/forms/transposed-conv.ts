import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Attributes, Value } from "../../onnx/model.ts";
import { padsOf, shapeAttributes, unusedPixels } from "../../onnx/operators/window.ts";
import { crop } from "../padding.ts";
import type { ConvAdjoint } from "./forms.ts";

/**
 * Data gradient of any convolution as ONNX's ConvTranspose.
 *
 *     dX[ci] = sum over co of  dY[co] upsampled by the stride, correlated with W[co, ci] reversed
 *
 * dY: [N, Co, ...]; W: [Co, Ci / group, ...], the forward convolution's own weight, not copied.
 */
export function convTranspose(graph: GraphBuilder, dY: Value, convolution: ConvAdjoint): Value {
  return transposed(graph, dY, convolution, { pads: padsOf(convolution.windows) });
}

/**
 * The same without unequal pads, which CUDA does not take: such a ConvTranspose silently runs on
 * the CPU, 10 to 40 times slower. The padding is cut off afterwards.
 */
export function croppedConvTranspose(
  graph: GraphBuilder,
  dY: Value,
  convolution: ConvAdjoint,
): Value {
  const { windows } = convolution;
  if (windows.every(({ padBegin, padEnd }) => padBegin === padEnd)) {
    return convTranspose(graph, dY, convolution);
  }
  return crop(graph, transposed(graph, dY, convolution), {
    begins: [0, 0, ...windows.map(({ padBegin }) => padBegin)],
    ends: [0, 0, ...windows.map(({ padEnd }) => padEnd)],
  });
}

function transposed(
  graph: GraphBuilder,
  dY: Value,
  { windows, group, weight }: ConvAdjoint,
  pads: Attributes = {},
): Value {
  const w = typeof weight === "string" ? weight : graph.constant(weight);
  return graph.emit("ConvTranspose", [dY, w], {
    ...shapeAttributes(windows),
    output_padding: windows.map(unusedPixels),
    group,
    ...pads,
  });
}
