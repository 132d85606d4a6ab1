import { BudgetError, FoldingBudget, MAX_ELEMENTS, MAX_RANK } from "./budgets.ts";
import { ModelError, UnknownOperatorError } from "./errors.ts";
import type { ValueFacts } from "./facts.ts";
import type { Node } from "./model.ts";
import { describeNode, mismatch, refusalOf } from "./node.ts";
import type { Inputs } from "./operators/inputs.ts";
import type { Operator } from "./operators/operator.ts";
import { operatorOf } from "./operators/table.ts";
import { formatShape, sizeOf } from "./tensor.ts";

/**
 * Type and shape of each output of `node`, and its value where all inputs are constants.
 *
 * @param inputs Facts of each input, in order; `null` where an optional one is left out.
 * @param budget Of the graph that the node is in.
 *
 * @throws UnknownOperatorError for an operator without a shape function; ShapeMismatchError if the
 *   inputs do not fit together; BudgetError for outputs that are too large; ModelError if the
 *   output's shape depends on the image's content.
 */
export function inferNode(
  node: Node,
  inputs: Inputs,
  budget = new FoldingBudget(),
): readonly ValueFacts[] {
  const refusal = refusalOf(node);
  if (refusal !== null) throw new ModelError(refusal);
  const operator = operatorOf(node);
  if (!operator?.infer) {
    const domain = node.domain && ` of domain '${node.domain}'`;
    throw new UnknownOperatorError(
      `${describeNode(node)}: operator${domain} is not known; ${remedy(node)}choose a layer before it`,
    );
  }
  const outputs = operator.infer(node, inputs);
  for (const { shape } of outputs) {
    if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
      throw mismatch(node, `its output would have shape ${formatShape(shape)}`);
    }
    const size = sizeOf(shape);
    if (size > MAX_ELEMENTS) {
      throw new BudgetError(describeNode(node), `an output of ${size} elements`, MAX_ELEMENTS);
    }
    if (shape.length > MAX_RANK) {
      throw new BudgetError(describeNode(node), `an output of ${shape.length} axes`, MAX_RANK);
    }
  }
  return foldNode({ operator, budget }, node, inputs, outputs);
}

/** As `inferNode`, but nothing where that throws a ModelError or an input is not known. */
export function inferIfPossible(
  node: Node,
  inputs: Inputs,
  budget?: FoldingBudget,
): readonly ValueFacts[] {
  if (node.inputs.some((value, i) => value && !inputs[i])) return [];
  try {
    return inferNode(node, inputs, budget);
  } catch (error) {
    if (error instanceof ModelError) return [];
    throw error;
  }
}

/** What another export of the same network may do about an operator that is not known. */
function remedy({ domain }: Node): string {
  if (domain.startsWith("com.microsoft")) {
    return "ONNX Runtime's optimiser makes such operators: use the model as it was exported, or ";
  }
  if (domain !== "") return "if it is a function of the model, inline it with onnx.inliner, or ";
  return "";
}

/**
 * Elements made anew, at most; above it a constant stays a node. A file of a few bytes may describe
 * a tensor that does not fit in memory, and what large weights are made into is computed once for
 * all image sizes, by `foldConstants`.
 */
const FOLD_UP_TO = 1024 * 1024;

interface Folding {
  readonly operator: Operator;
  readonly budget: FoldingBudget;
}

/**
 * `outputs` with their values, if all inputs are constants and the operator is one of shape
 * arithmetic; unchanged otherwise. Weights that are only reshaped keep their buffer.
 *
 * @param outputs What the operator's `infer` found.
 *
 * @throws ModelError if the operator is not defined for these inputs.
 */
function foldNode(
  { operator: { fold, isView }, budget }: Folding,
  node: Node,
  inputs: Inputs,
  outputs: readonly ValueFacts[],
): readonly ValueFacts[] {
  if (!fold || outputs.every(({ constant }) => constant)) return outputs;
  if (inputs.some((facts) => facts && (!facts.constant || facts.type === "opaque"))) return outputs;
  if (outputs.some(({ type }) => type === "opaque")) return outputs;
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const read = inputs.reduce((sum, facts) => sum + (facts ? sizeOf(facts.shape) : 0), 0);
  if (!isView && (made > FOLD_UP_TO || !budget.take(made, read))) return outputs;
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
