import type { Node } from "../model.ts";
import { intAttribute } from "../node.ts";
import { ModelError } from "../errors.ts";
import { describeNode } from "../node.ts";
import { floatTensor, intsTensor, type Tensor } from "../tensor.ts";
import { input, optionalNumbers, requiredInts, type ShapeFunction } from "./shape-function.ts";

const constant: ShapeFunction = (node) => {
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

const constantOfShape: ShapeFunction = (node, inputs) => {
  const value = fillValue(node);
  return [{ type: value.type, shape: requiredInts(node, inputs, 0) }];
};

/** The one-element tensor that ConstantOfShape repeats; float 0 by default. */
export function fillValue(node: Node): Tensor {
  const value = node.attributes["value"];
  return typeof value === "object" && "tensor" in value ? value.tensor : floatTensor([1], [0]);
}

/** A slice [start, end) of the input's shape: known whatever the input's value. */
const shape: ShapeFunction = (node, inputs) => {
  const dimensions = input(node, inputs, 0).shape;
  const start = intAttribute(node, "start", 0);
  const end = intAttribute(node, "end", dimensions.length);
  const tensor = intsTensor(dimensions.slice(start, end));
  return [{ type: "int64", shape: tensor.shape, constant: tensor }];
};

const size: ShapeFunction = (node, inputs) => {
  const count = input(node, inputs, 0).shape.reduce((product, length) => product * length, 1);
  return [{ type: "int64", shape: [], constant: { ...intsTensor([count]), shape: [] } }];
};

const range: ShapeFunction = (node, inputs) => {
  const [start, limit, delta] = [0, 1, 2].map(
    (index) => optionalNumbers(node, inputs, index)?.[0] ?? NaN,
  );
  const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
  return [{ type: input(node, inputs, 0).type, shape: [count] }];
};

export const sourceShapes: Readonly<Record<string, ShapeFunction>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Size: size,
  Range: range,
};
