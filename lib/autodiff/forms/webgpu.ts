import type { DerivedTensors } from "../../onnx/derived-tensors.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { addedUp } from "../shaping.ts";
import { flippedConv } from "./flipped-conv.ts";
import type { Forms } from "./forms.ts";
import { gpuForms } from "./gpu.ts";
import { canSeparate, separableMaxPool } from "./pool/separable.ts";
import { tapwiseMaxPool } from "./pool/tapwise.ts";
import { subPixelConv } from "./sub-pixel-conv.ts";
import { croppedConvTranspose } from "./transposed-conv.ts";
import { webgpuLowering } from "./webgpu-operators.ts";

/**
 * Forms for ONNX Runtime's WebGPU provider: few launches, none of the operators that it lacks or
 * computes wrongly, and no infinities, which a shader may take for anything.
 */
export function webgpuForms(graph: GraphBuilder, derived: DerivedTensors): Forms {
  graph.lowerBy(webgpuLowering);
  return {
    ...gpuForms(graph),
    // there is no kernel for Sum
    sum: (parts) => addedUp(graph, parts),
    // Conv has tiled kernels, ConvTranspose one that gathers each pixel by itself
    convAdjoint: (dY, convolution) =>
      flippedConv({ graph, derived }, dY, convolution) ??
      subPixelConv(graph, [[dY]], convolution) ??
      croppedConvTranspose(graph, dY, convolution),
    // MaxPool with Indices is taken by the provider, and fails when it runs
    maxPool: (x, pool) => {
      if (!canSeparate(pool)) return tapwiseMaxPool(graph, x, pool);
      // one-hot convolutions are for the CPU's blocked layout: slices are fewer launches
      const { y, pullback } = separableMaxPool(graph, x, { ...pool, isRectified: false });
      return { y, pullback: (dY) => pullback(dY).dX };
    },
  };
}
