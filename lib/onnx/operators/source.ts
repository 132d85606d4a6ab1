import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode, intAttribute } from "../node.ts";
import { floatTensor, intsTensor, sizeOf, type Tensor } from "../tensor.ts";
import { constantNumbers, input, requiredInts } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

const constant: Infer = (node) => {
  const tensor = constantValue(node);
  return [{ type: tensor.type, shape: tensor.shape, constant: tensor }];
};

/** The tensor of a Constant node, whichever of its attributes holds it. */
function constantValue(node: Node): Tensor {
  const { value, value_float, value_floats, value_int, value_ints } = node.attributes;
  if (typeof value === "object" && "tensor" in value) return value.tensor;
  if (typeof value_float === "object" && "float" in value_float) {
    return floatTensor([], [value_float.float]);
  }
  if (typeof value_floats === "object" && "floats" in value_floats) {
    return floatTensor([value_floats.floats.length], value_floats.floats);
  }
  if (typeof value_int === "number") return { ...intsTensor([value_int]), shape: [] };
  if (Array.isArray(value_ints)) return intsTensor(value_ints.map(Number));
  const given = Object.keys(node.attributes).join(", ") || "no attribute";
  throw new ModelError(
    `${describeNode(node)}: wants a tensor, float(s) or int(s) as its value, got ${given}`,
  );
}

const constantOfShape: Infer = (node, inputs) => {
  const value = fillValue(node);
  return [{ type: value.type, shape: requiredInts(node, inputs, 0) }];
};

/** The one-element tensor that ConstantOfShape repeats; float 0 by default. */
export function fillValue(node: Node): Tensor {
  const value = node.attributes["value"];
  return typeof value === "object" && "tensor" in value ? value.tensor : floatTensor([1], [0]);
}

/** A slice [start, end) of the input's shape: known whatever the input's value. */
const shape: Infer = (node, inputs) => {
  const dimensions = input(node, inputs, 0).shape;
  const start = intAttribute(node, "start", 0);
  const end = intAttribute(node, "end", dimensions.length);
  const tensor = intsTensor(dimensions.slice(start, end));
  return [{ type: "int64", shape: tensor.shape, constant: tensor }];
};

const size: Infer = (node, inputs) => {
  const count = sizeOf(input(node, inputs, 0).shape);
  return [{ type: "int64", shape: [], constant: { ...intsTensor([count]), shape: [] } }];
};

const range: Infer = (node, inputs) => {
  const [start, limit, delta] = [0, 1, 2].map(
    (index) => constantNumbers(node, inputs, index)?.[0] ?? NaN,
  );
  const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
  return [{ type: input(node, inputs, 0).type, shape: [count] }];
};

/** Operators that make a tensor of constants and lengths. */
export const sources: Readonly<Record<string, Operator>> = {
  Constant: { infer: constant },
  ConstantOfShape: { infer: constantOfShape },
  Shape: { infer: shape },
  Size: { infer: size },
  Range: { infer: range },
};
