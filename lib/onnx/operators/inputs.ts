import { MAX_SHAPE_NUMBERS, requireWithin } from "../budgets.ts";
import { ModelError } from "../errors.ts";
import type { Facts, ValueFacts } from "../facts.ts";
import type { Node } from "../model.ts";
import { describeNode, missingInput, nodeError } from "../node.ts";
import { type NumericTensor, sizeOf, type Tensor, toNumbers } from "../tensor.ts";

/**
 * Facts of a node's inputs in order; `null` (or past the end) where an optional one is left out.
 */
export type Inputs = readonly (ValueFacts | null)[];

export function inputsOf(node: Node, facts: Facts): Inputs {
  return node.inputs.map((value) => facts.get(value) ?? null);
}

/** Facts of input `index`, which must be there. @throws ModelError if it is left out. */
export function input(node: Node, inputs: Inputs, index: number): ValueFacts {
  const facts = inputs[index];
  if (!facts) throw missingInput(node, index);
  return facts;
}

/** Infers one output, of the first input's type. @param shapeOf says its shape, from the input's */
export function ofInputType(
  shapeOf: (node: Node, inputs: Inputs, shape: readonly number[]) => readonly number[],
) {
  return (node: Node, inputs: Inputs): readonly ValueFacts[] => {
    const { type, shape } = input(node, inputs, 0);
    return [{ type, shape: shapeOf(node, inputs, shape) }];
  };
}

/**
 * The numbers that input `index` holds, row-major, or `null` if it is left out.
 *
 * @throws ModelError if its value depends on more than constants, since the output's shape then
 *   does too.
 */
export function constantNumbers(
  node: Node,
  inputs: Inputs,
  index: number,
): readonly number[] | null {
  const facts = inputs[index];
  if (!facts) return null;
  const where = `${describeNode(node)}: input ${index} ('${node.inputs[index]}')`;
  if (!facts.constant) {
    throw new ModelError(
      `${where} decides the output's shape but depends on the image; ` +
        `choose a layer before it, or export the model with a fixed input size`,
    );
  }
  return toNumbers(numeric(facts.constant, where));
}

/** As `constantNumbers`, for the integers that decide a shape. @throws BudgetError for many */
export function constantInts(node: Node, inputs: Inputs, index: number): readonly number[] | null {
  const count = sizeOf(inputs[index]?.shape ?? []);
  requireWithin(node, count, `numbers in input ${index}`, MAX_SHAPE_NUMBERS);
  const numbers = constantNumbers(node, inputs, index);
  const type = inputs[index]?.type;
  if (numbers && type !== "int64" && type !== "int32") {
    throw nodeError(node, `input ${index} must hold integers, got ${type}`);
  }
  return numbers;
}

/** What input `index` holds, for folding, which knows that all inputs are constants. */
export function operand(node: Node, inputs: Inputs, index: number): NumericTensor {
  const { constant } = input(node, inputs, index);
  if (!constant) throw new Error(`internal: ${describeNode(node)} is folded without its inputs`);
  return numeric(constant, `${describeNode(node)}: input ${index}`);
}

function numeric(tensor: Tensor, where: string): NumericTensor {
  if (tensor.type !== "opaque") return tensor;
  throw new ModelError(`${where} must hold numbers, got ONNX type ${tensor.onnxType}`);
}

/** As `constantInts`, for an input that must be there. */
export function requiredInts(node: Node, inputs: Inputs, index: number): readonly number[] {
  input(node, inputs, index);
  return constantInts(node, inputs, index) ?? [];
}
