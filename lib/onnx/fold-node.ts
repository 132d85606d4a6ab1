import { ModelError } from "./errors.ts";
import type { ValueFacts } from "./facts.ts";
import type { Node } from "./model.ts";
import { describeNode } from "./node.ts";
import type { Inputs } from "./operators/inputs.ts";
import type { Operator } from "./operators/operator.ts";
import { sizeOf } from "./tensor.ts";

/**
 * Elements made anew, at most; above it a constant stays a node. A file of a few bytes may describe
 * a tensor that does not fit in memory, and what large weights are made into is computed once for
 * all image sizes, by `foldConstants`.
 */
const FOLD_UP_TO = 1024 * 1024;

/**
 * `outputs` with their values, if all inputs are constants and the operator is one of shape
 * arithmetic; unchanged otherwise. Weights that are only reshaped keep their buffer.
 *
 * @param outputs What the operator's `infer` found.
 *
 * @throws ModelError if the operator is not defined for these inputs.
 */
export function foldNode(
  { fold, isView }: Operator,
  node: Node,
  inputs: Inputs,
  outputs: readonly ValueFacts[],
): readonly ValueFacts[] {
  if (!fold || outputs.every(({ constant }) => constant)) return outputs;
  if (inputs.some((facts) => facts && (!facts.constant || facts.type === "opaque"))) return outputs;
  if (outputs.some(({ type }) => type === "opaque")) return outputs;
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (!isView && made > FOLD_UP_TO) return outputs;
  try {
    const constants = fold(node, inputs, outputs);
    return outputs.map((facts, i) => {
      const constant = constants[i];
      return constant ? { ...facts, constant } : facts;
    });
  } catch (error) {
    // BigInt(NaN), BigInt(Infinity) and the like
    if (error instanceof RangeError) {
      throw new ModelError(`${describeNode(node)}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
