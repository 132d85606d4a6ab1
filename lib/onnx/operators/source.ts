import { BudgetError, MAX_SHAPE_NUMBERS } from "../budgets.ts";
import { elementTypeOf } from "../element-type.ts";
import { constantFacts } from "../facts.ts";
import type { Node } from "../model.ts";
import {
  describeNode,
  floatAttribute,
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
} from "../node.ts";
import {
  floatTensor,
  formatShape,
  intScalar,
  intsTensor,
  sizeOf,
  type Tensor,
  toNumbers,
} from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { fromElements, fromNumbers, stridesOf, view } from "./elements.ts";
import { constantNumbers, input, operand, requiredInts } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import { Emitter } from "./upgrade.ts";

const constant: Operator = {
  infer: (node) => [constantFacts(constantValue(node))],
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
  if (typeof value_int === "number") return intScalar(value_int);
  if (Array.isArray(value_ints)) return intsTensor(value_ints.map(Number));
  const given = Object.keys(node.attributes).join(", ") || "no attribute";
  throw nodeError(node, `wants a tensor, float(s) or int(s) as its value, got ${given}`);
}

const constantOfShape: Operator = {
  infer: (node, inputs) => [{ type: fillValue(node).type, shape: requiredInts(node, inputs, 0) }],
  fold: (node, _, [output]) => {
    const value = fillValue(node);
    if (value.type === "opaque") throw nodeError(node, `cannot repeat ONNX type ${value.onnxType}`);
    const filled = fromElements([value], output!.shape, ([from], to) => {
      for (let i = 0; i < to.length; i++) to[i] = from![0]!;
    });
    return [filled];
  },
};

/** The one-element tensor that ConstantOfShape repeats; float 0 by default. */
function fillValue(node: Node): Tensor {
  const value = node.attributes["value"];
  return typeof value === "object" && "tensor" in value ? value.tensor : floatTensor([1], [0]);
}

/** A slice [start, end) of the input's shape: known whatever the input's value. */
const shapeOf: Operator = {
  infer: (node, inputs) => {
    const { shape } = input(node, inputs, 0);
    const start = intAttribute(node, "start", 0);
    const end = intAttribute(node, "end", shape.length);
    return [constantFacts(intsTensor(shape.slice(start, end)))];
  },
};

const size: Operator = {
  infer: (node, inputs) => {
    const count = sizeOf(input(node, inputs, 0).shape);
    return [constantFacts(intScalar(count))];
  },
};

/** start, start + delta, ... as long as they lie before limit. */
const range: Operator = {
  infer: (node, inputs) => {
    const [start, limit, delta] = [0, 1, 2].map(
      (index) => constantNumbers(node, inputs, index)?.[0] ?? NaN,
    );
    const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
    return [{ type: input(node, inputs, 0).type, shape: [count] }];
  },
  fold: (node, inputs, [output]) => {
    const [start, delta] = [0, 2].map((index) => toNumbers(operand(node, inputs, index))[0]!);
    const { type, shape } = output!;
    const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => start! + i * delta!);
    return [fromNumbers(type, shape, numbers)];
  },
};

/** Ones on the diagonal `k` above the main one, of a matrix as large as the input. */
const eyeLike: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    if (shape.length !== 2) throw mismatch(node, `wants a matrix, got ${formatShape(shape)}`);
    const stated = node.attributes["dtype"];
    return [{ type: typeof stated === "number" ? elementTypeOf(stated) : type, shape }];
  },
  fold: (node, _, [output]) => {
    const { type, shape } = output!;
    const [columns = 1, k] = [shape[1], intAttribute(node, "k", 0)];
    const isOn = (i: number) => (i % columns) - Math.floor(i / columns) === k;
    const numbers = Array.from({ length: sizeOf(shape) }, (_each, i) => (isOn(i) ? 1 : 0));
    return [fromNumbers(type, shape, numbers)];
  },
};

/**
 * A row of `depth` numbers for each of the indices, along a new axis: `values` are those of a row's
 * other places and of the one that the index says. Source: ONNX operator OneHot-11.
 */
const oneHot: Operator = {
  infer: (node, inputs) => {
    const { shape } = input(node, inputs, 0);
    const [depth = NaN] = constantNumbers(node, inputs, 1) ?? [];
    const axis = axisAttribute(node, shape.length + 1, -1);
    return [{ type: input(node, inputs, 2).type, shape: shape.toSpliced(axis, 0, depth) }];
  },
};

/**
 * Places of the elements that are not 0, in row-major order: a row of indices for each axis, as
 * indexing by a boolean mask becomes. How many there are is the shape: X must be a constant.
 *
 * Source: ONNX operator NonZero-13.
 */
const nonZero: Operator = {
  infer: (node, inputs) => {
    const { shape } = input(node, inputs, 0);
    const elements = sizeOf(shape);
    if (elements > MAX_SHAPE_NUMBERS) {
      const what = `a mask of ${elements} elements`;
      throw new BudgetError(describeNode(node), what, MAX_SHAPE_NUMBERS);
    }
    const count = constantNumbers(node, inputs, 0)!.filter((x) => x !== 0).length;
    return [{ type: "int64", shape: [shape.length, count] }];
  },
  fold: (node, inputs, [output]) => {
    const tensor = operand(node, inputs, 0);
    const found = [...toNumbers(tensor).entries()].flatMap(([i, x]) => (x === 0 ? [] : [i]));
    const strides = stridesOf(tensor.shape);
    const indices = tensor.shape.flatMap((length, axis) =>
      found.map((i) => Math.floor(i / strides[axis]!) % length),
    );
    return [view(intsTensor(indices), output!.shape)];
  },
};

/**
 * Noise, as its mean, of a shape that is an attribute or that of an input: like a Dropout at
 * inference. What a network makes of an image is then the same each time.
 */
const noise = (meanOf: (node: Node) => number): Operator => ({
  upgrade: (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const [like] = node.inputs;
    const shape = like
      ? emitter.emit("Shape", [like])
      : emitter.ints(...intsAttribute(node, "shape"));
    return emitter.ending("Expand", [emitter.scalar(meanOf(node)), shape]);
  },
});

const normal = noise((node) => floatAttribute(node, "mean", 0));

const uniform = noise(
  (node) => (floatAttribute(node, "low", 0) + floatAttribute(node, "high", 1)) / 2,
);

/** Operators that make a tensor of constants and lengths. */
export const sources: Operators = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: size,
  Range: range,
  EyeLike: eyeLike,
  OneHot: oneHot,
  NonZero: nonZero,
  RandomNormal: normal,
  RandomNormalLike: normal,
  RandomUniform: uniform,
  RandomUniformLike: uniform,
};
