import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { addedUp } from "../shaping.ts";
import type { Forms } from "./forms.ts";
import { gpuForms } from "./gpu.ts";
import { scatteredMaxPool } from "./pool/scattered.ts";
import { subPixelConv } from "./sub-pixel-conv.ts";
import { croppedConvTranspose } from "./transposed-conv.ts";

/**
 * Forms for ONNX Runtime's CUDA provider. Only operators with a kernel at opset 18: any other runs
 * on the CPU, with a copy there and back in every iteration.
 */
export function cudaForms(graph: GraphBuilder): Forms {
  return {
    ...gpuForms(graph),
    // one Sum of many saves launches
    sum: (parts) => (parts.length > 2 ? graph.emit("Sum", parts) : addedUp(graph, parts)),
    // ConvTranspose with stride 1 is cuDNN's own data gradient
    convAdjoint: (dY, convolution) =>
      subPixelConv(graph, [[dY]], convolution) ?? croppedConvTranspose(graph, dY, convolution),
    maxPool: (x, pool) => scatteredMaxPool(graph, x, pool),
  };
}
