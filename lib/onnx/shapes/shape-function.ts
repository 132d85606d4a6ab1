import { ModelError, ShapeMismatchError } from "../errors.ts";
import type { ValueFacts } from "../facts.ts";
import type { Node } from "../model.ts";
import { describeNode } from "../node.ts";
import { toNumbers } from "../tensor.ts";

/** Facts of a node's inputs in order; `null` (or past the end) where an optional one is left out. */
export type Inputs = readonly (ValueFacts | null)[];

/** Types and shapes of a node's outputs, as many as its operator defines in this mode. */
export type ShapeFunction = (node: Node, inputs: Inputs) => readonly ValueFacts[];

/** @throws ModelError if the input is left out. */
export function input(node: Node, inputs: Inputs, index: number): ValueFacts {
  const facts = inputs[index];
  if (!facts) throw new ModelError(`${describeNode(node)}: input ${index} is missing`);
  return facts;
}

/**
 * The numbers that input `index` holds, or `null` if it is left out.
 *
 * @throws ModelError if its value depends on more than constants, since the output's shape then does
 *   too.
 */
export function optionalNumbers(
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
        `export the model with a fixed input size`,
    );
  }
  if (facts.constant.type === "opaque") {
    throw new ModelError(`${where} must hold numbers, got ONNX type ${facts.constant.onnxType}`);
  }
  return toNumbers(facts.constant);
}

/** As `optionalNumbers`, for integers. */
export function optionalInts(node: Node, inputs: Inputs, index: number): readonly number[] | null {
  const numbers = optionalNumbers(node, inputs, index);
  const type = inputs[index]?.type;
  if (numbers && type !== "int64" && type !== "int32") {
    throw new ModelError(`${describeNode(node)}: input ${index} must hold integers, got ${type}`);
  }
  return numbers;
}

/** As `optionalInts`, for an input that must be there. */
export function requiredInts(node: Node, inputs: Inputs, index: number): readonly number[] {
  input(node, inputs, index);
  return optionalInts(node, inputs, index) ?? [];
}

/** `axis` counted from the front. @throws ShapeMismatchError if it is outside [-rank, rank). */
export function normaliseAxis(node: Node, axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) {
    throw mismatch(node, `axis ${axis} is outside a tensor of ${rank} axes`);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * Common shape of `shapes` under NumPy's multidirectional broadcasting.
 *
 * @throws ShapeMismatchError if two lengths of an axis differ and neither is 1.
 */
export function broadcast(node: Node, shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const length = lengths.find((candidate) => candidate !== 1) ?? 1;
    if (lengths.some((other) => other !== 1 && other !== length)) {
      const given = shapes.map(formatShape).join(" and ");
      throw mismatch(node, `shapes ${given} do not broadcast`);
    }
    return length;
  });
}

export function mismatch(node: Node, problem: string): ShapeMismatchError {
  return new ShapeMismatchError(`${describeNode(node)}: ${problem}`);
}

/** `count` times `value`. */
export function filled(count: number, value: number): number[] {
  return Array.from({ length: count }, () => value);
}

export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** @throws ShapeMismatchError if the shape has another number of axes. */
export function requireRank(node: Node, shape: readonly number[], rank: number): void {
  if (shape.length !== rank) {
    throw mismatch(node, `wants a tensor of ${rank} axes, got shape ${formatShape(shape)}`);
  }
}
