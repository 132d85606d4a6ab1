import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { crop } from "../padding.ts";
import { unusedPixels } from "../window.ts";
import type { Convolution } from "./forms.ts";
import { weightValue } from "./weight.ts";

/**
 * Data gradient of any convolution as ONNX's ConvTranspose.
 *
 *     dX[ci] = sum over co of  dY[co] upsampled by the stride, correlated with W[co, ci] reversed
 *
 * dY: [N, Co, ...]; W: [Co, Ci / group, ...], the forward convolution's own weight, not copied.
 */
export function convTranspose(graph: GraphBuilder, convolution: Convolution, dY: Value): Value {
  const { begins, ends } = padsOf(convolution);
  return transposed(graph, convolution, dY, { pads: [...begins, ...ends] });
}

/**
 * The same without unequal pads, which CUDA does not take: such a ConvTranspose silently runs on the
 * CPU, 10 to 40 times slower. The padding is cut off afterwards.
 */
export function croppedConvTranspose(
  graph: GraphBuilder,
  convolution: Convolution,
  dY: Value,
): Value {
  const { begins, ends } = padsOf(convolution);
  if (begins.every((pad, axis) => pad === ends[axis])) {
    return convTranspose(graph, convolution, dY);
  }
  const padded = transposed(graph, convolution, dY, {});
  return crop(graph, padded, { begins: [0, 0, ...begins], ends: [0, 0, ...ends] });
}

function transposed(
  graph: GraphBuilder,
  { windows, group, weight }: Convolution,
  dY: Value,
  pads: { readonly pads?: readonly number[] },
): Value {
  return graph.emit("ConvTranspose", [dY, weightValue(graph, weight)], {
    kernel_shape: windows.map(({ kernel }) => kernel),
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    output_padding: windows.map(unusedPixels),
    group,
    ...pads,
  });
}

function padsOf({ windows }: Convolution) {
  return {
    begins: windows.map(({ padBegin }) => padBegin),
    ends: windows.map(({ padEnd }) => padEnd),
  };
}
