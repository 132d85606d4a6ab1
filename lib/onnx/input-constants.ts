import { ModelError } from "./errors.ts";
import { describeInput } from "./image-input.ts";
import type { Graph, Value, ValueInfo } from "./model.ts";
import { fromNumbers } from "./operators/elements.ts";
import { formatShape, type NumericTensor } from "./tensor.ts";

/** A value that an input has for good. */
export interface InputConstant {
  readonly name: Value;
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly values: readonly number[];
}

/**
 * The graph with some of its inputs as constants, of the types that they are declared with.
 *
 * @throws ModelError for one that is no input, or does not fit it
 */
export function withInputConstants(graph: Graph, constants: readonly InputConstant[]): Graph {
  if (constants.length === 0) return graph;
  const initializers = new Map(graph.initializers);
  for (const constant of constants) {
    const input = graph.inputs.find(({ name }) => name === constant.name);
    if (!input) {
      const known = graph.inputs.map(describeInput).join(", ") || "none";
      throw new ModelError(
        `there is no input '${constant.name}' to be constant; its inputs are ${known}`,
      );
    }
    initializers.set(input.name, tensorFor(input, constant));
  }
  const inputs = graph.inputs.filter(({ name }) => !initializers.has(name));
  return { ...graph, inputs, initializers };
}

function tensorFor(input: ValueInfo, { shape, values }: InputConstant): NumericTensor {
  const refuse = (problem: string): never => {
    throw new ModelError(`input ${describeInput(input)}: ${problem}`);
  };
  const isFitting =
    input.shape === null ||
    (input.shape.length === shape.length &&
      input.shape.every((length, axis) => length === null || length === shape[axis]));
  if (!isFitting) refuse(`given a value of shape ${formatShape(shape)}, which does not fit`);
  const { type } = input;
  if (type === "opaque") {
    refuse("values of its type cannot be given; export the model without it");
  }
  const isOfIntegers = type === "int64" || type === "int32";
  const broken = values.find((value) => isOfIntegers && !Number.isInteger(value));
  if (broken !== undefined) refuse(`given ${broken}, want whole numbers`);
  return fromNumbers(type, shape, values);
}
