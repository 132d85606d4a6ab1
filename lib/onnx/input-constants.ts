import { ModelError } from "./errors.ts";
import { describeInput } from "./image-input.ts";
import type { Graph, Value, ValueInfo } from "./model.ts";
import { fromNumbers } from "./operators/elements.ts";
import { filled, formatShape, type NumericTensor, sizeOf } from "./tensor.ts";

/** Of all constants of a network together: they stand in every plan and manifest. */
export const MAX_CONSTANT_VALUES = 65_536;
/** Of one constant whose elements are all alike: a second image of 1,182 x 1,182 pixels. */
const MAX_ALIKE = 4_194_304;

/** A value that an input has for good. */
export interface InputConstant {
  readonly name: Value;
  /** `null`: as the input is declared, lengths that it leaves open as the values fill them, or 1. */
  readonly shape: readonly number[] | null;
  /** In row-major order; one is of all elements. */
  readonly values: readonly number[];
}

/**
 * The graph with some of its inputs as constants, of the types that they are declared with.
 *
 * @throws ModelError for one that is no input, or does not fit it; for too many values
 */
export function withInputConstants(graph: Graph, constants: readonly InputConstant[]): Graph {
  if (constants.length === 0) return graph;
  const count = constants.reduce((sum, { values }) => sum + values.length, 0);
  if (count > MAX_CONSTANT_VALUES) {
    throw new ModelError(
      `given ${count} values of other inputs, and at most ${MAX_CONSTANT_VALUES} can be given; give one number for all of an input, or export the model with its values inside`,
    );
  }
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

function tensorFor(input: ValueInfo, given: InputConstant): NumericTensor {
  const refuse = (problem: string): never => {
    throw new ModelError(`input ${describeInput(input)}: ${problem}`);
  };
  const shape = given.shape ?? shapeFor(input.shape ?? [null], given.values.length);
  const size = sizeOf(shape);
  const isOfAll = given.values.length === 1;
  if (isOfAll && size > MAX_ALIKE) {
    refuse(`it has ${size} values, and at most ${MAX_ALIKE} can be one number`);
  }
  const values = isOfAll ? filled(size, given.values[0]!) : given.values;
  if (values.length !== size) refuse(`given ${values.length} values, want ${size}, or one of all`);
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

/** A declared shape, for so many values: where one length is open, they tell it. */
function shapeFor(declared: readonly (number | null)[], count: number): readonly number[] {
  const known = sizeOf(declared.map((length) => length ?? 1));
  const isTold = declared.filter((length) => length === null).length === 1 && count % known === 0;
  return declared.map((length) => length ?? (isTold ? count / known : 1));
}
