import type { ValueFacts } from "./facts.ts";
import type { Node } from "./model.ts";
import type { Inputs } from "./operators/inputs.ts";
import { parseGemm } from "./operators/matrix.ts";
import { sizeOf } from "./tensor.ts";

/**
 * Products that are summed, of all outputs of a convolution or a product of matrices, and at all
 * steps of a recurrent cell; a bias is not counted. `null` for other operators, which are not counted
 * in the field either, and where a shape is not known.
 *
 * @param made the node's output
 */
export function multiplyAdds(
  node: Node,
  [a, b, c]: Inputs,
  made: ValueFacts | undefined,
): number | null {
  if (node.domain !== "" || !a || !b || !made) return null;
  switch (node.op) {
    case "Conv":
      // [C_out, C_in / groups, ...kernel]: what each element of the output is a sum over
      return sizeOf(made.shape) * sizeOf(b.shape.slice(1));
    case "ConvTranspose":
      // [C_in, C_out / groups, ...kernel]: what each element of the input is spread over
      return sizeOf(a.shape) * sizeOf(b.shape.slice(1));
    case "MatMul":
      return sizeOf(made.shape) * (a.shape.at(-1) ?? 1);
    case "Gemm":
      return sizeOf(made.shape) * (a.shape[1 - parseGemm(node).transA] ?? 1);
    case "LSTM":
    case "GRU":
    case "RNN":
      // of each image at each step, [T, N, ...], all weights of what comes and of the state before
      return c ? sizeOf(a.shape.slice(0, 2)) * (sizeOf(b.shape) + sizeOf(c.shape)) : null;
    default:
      return null;
  }
}
