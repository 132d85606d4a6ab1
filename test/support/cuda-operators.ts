import type { Graph } from "../../lib/onnx/model.ts";

/**
 * Operators with a float32 CUDA kernel at opset 18 that gradient graphs may contain.
 *
 * Not among them, though rules could use them: ArgMax (none since opset 12), Mean, MaxUnpool,
 * Col2Im.
 *
 * Source: docs/OperatorKernels.md of ONNX Runtime, CUDAExecutionProvider.
 */
export const CUDA_OPERATORS: ReadonlySet<string> = new Set([
  "Abs",
  "Add",
  "AveragePool",
  "BatchNormalization",
  "Cast",
  "Clip",
  "Concat",
  "Conv",
  "ConvTranspose",
  "Cos",
  "CumSum",
  "DepthToSpace",
  "Div",
  "Dropout",
  "Einsum",
  "Elu",
  "Equal",
  "Erf",
  "Exp",
  "Expand",
  "Flatten",
  "Floor",
  "Gather",
  "GatherElements",
  "GatherND",
  "Gemm",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "Greater",
  "HardSigmoid",
  "HardSwish",
  "Identity",
  "InstanceNormalization",
  "LRN",
  "LayerNormalization",
  "LeakyRelu",
  "Log",
  "LogSoftmax",
  "MatMul",
  "Max",
  "MaxPool",
  "Min",
  "Mul",
  "Neg",
  "PRelu",
  "Pad",
  "Pow",
  "Reciprocal",
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceSum",
  "ReduceSumSquare",
  "Relu",
  "Reshape",
  "Resize",
  "ScatterElements",
  "ScatterND",
  "Selu",
  "Sigmoid",
  "Sign",
  "Sin",
  "Slice",
  "Softmax",
  "Softplus",
  "SpaceToDepth",
  "Split",
  "Sqrt",
  "Squeeze",
  "Sub",
  "Sum",
  "Tanh",
  "ThresholdedRelu",
  "Tile",
  "TopK",
  "Transpose",
  "Unsqueeze",
  "Where",
]);

/**
 * Operators that a rule emits though CUDA has no kernel: seldom met, and ONNX Runtime computes them
 * on the host.
 */
export const LEFT_TO_THE_HOST: ReadonlySet<string> = new Set(
  "Acos Acosh Asin Asinh Atan Atanh Cosh Sinh Tan".split(" "),
);

/** Operators of a graph, and of the bodies of its Loops, that would fall back to the CPU. */
export function withoutCudaKernel(graph: Graph): readonly string[] {
  return [...new Set(operatorsOf(graph))].filter((op) => !CUDA_OPERATORS.has(op));
}

function operatorsOf({ nodes }: Graph): readonly string[] {
  return nodes.flatMap(({ op, attributes: { body } }) =>
    typeof body === "object" && "graph" in body ? operatorsOf(body.graph) : [op],
  );
}
