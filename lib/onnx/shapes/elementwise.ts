import { ModelError } from "../errors.ts";
import type { ValueFacts } from "../facts.ts";
import { describeNode, intAttribute } from "../node.ts";
import type { ElementType } from "../tensor.ts";
import { elementTypeOf } from "../element-type.ts";
import {
  broadcast,
  formatShape,
  input,
  type Inputs,
  mismatch,
  type ShapeFunction,
} from "./shape-function.ts";

/** Same type and shape as the first input; further inputs (Clip's bounds, scales) do not matter. */
export const sameAsInput: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [{ type, shape }];
};

/** All inputs broadcast together; they have one type, which is the output's. */
const arithmetic: ShapeFunction = (node, inputs) => {
  const present = inputs.filter((facts) => facts !== null);
  const { type } = input(node, inputs, 0);
  const other = present.find((facts) => facts.type !== type);
  if (other) {
    throw new ModelError(`${describeNode(node)}: inputs have types ${type} and ${other.type}`);
  }
  return [{ type, shape: broadcastAll(...present) }];

  function broadcastAll(...facts: readonly ValueFacts[]) {
    return broadcast(
      node,
      facts.map(({ shape }) => shape),
    );
  }
};

const comparison: ShapeFunction = (node, inputs) => [
  { type: "bool", shape: broadcastPair(node, inputs) },
];

/** Base and exponent may differ in type; the output has the base's. */
const pow: ShapeFunction = (node, inputs) => [
  { type: input(node, inputs, 0).type, shape: broadcastPair(node, inputs) },
];

function broadcastPair(node: Parameters<ShapeFunction>[0], inputs: Inputs): readonly number[] {
  return broadcast(node, [input(node, inputs, 0).shape, input(node, inputs, 1).shape]);
}

const toBool: ShapeFunction = (node, inputs) => [
  { type: "bool", shape: input(node, inputs, 0).shape },
];

const where: ShapeFunction = (node, inputs) => {
  const [condition, x, y] = [0, 1, 2].map((index) => input(node, inputs, index));
  return [{ type: x!.type, shape: broadcast(node, [condition!.shape, x!.shape, y!.shape]) }];
};

/** The slope broadcasts to the input, not the other way round. */
const prelu: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const slope = input(node, inputs, 1).shape;
  if (broadcast(node, [shape, slope]).join() !== shape.join()) {
    throw mismatch(
      node,
      `slope ${formatShape(slope)} does not broadcast to the input ${formatShape(shape)}`,
    );
  }
  return [{ type, shape }];
};

const cast: ShapeFunction = (node, inputs) => {
  const { shape } = input(node, inputs, 0);
  return [{ type: elementTypeOf(intAttribute(node, "to")), shape }];
};

const castLike: ShapeFunction = (node, inputs) => {
  const type: ElementType = input(node, inputs, 1).type;
  return [{ type, shape: input(node, inputs, 0).shape }];
};

/** The mask (training only) is all true at inference. */
const dropout: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [
    { type, shape },
    { type: "bool", shape },
  ];
};

const unary = `Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu
  HardSigmoid HardSwish Hardmax Identity LeakyRelu Log LogSoftmax Mish Neg Reciprocal Relu Round Selu
  Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Trilu CumSum`;

export const elementwiseShapes: Readonly<Record<string, ShapeFunction>> = {
  ...table(unary, sameAsInput),
  ...table("Add Sub Mul Div Mod Max Min Sum Mean BitwiseAnd BitwiseOr", arithmetic),
  ...table("Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor", comparison),
  ...table("Not IsNaN IsInf", toBool),
  Pow: pow,
  Where: where,
  PRelu: prelu,
  Cast: cast,
  CastLike: castLike,
  Dropout: dropout,
};

function table(operators: string, shapeFunction: ShapeFunction): Record<string, ShapeFunction> {
  return Object.fromEntries(operators.split(/\s+/).map((operator) => [operator, shapeFunction]));
}
