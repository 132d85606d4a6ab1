import { mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { broadcast } from "./broadcast.ts";
import { input } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

/** Same type and shape as the first input; further inputs (Clip's bounds, scales) do not matter. */
export const sameAsInput: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [{ type, shape }];
};

const toBool: Infer = (node, inputs) => [{ type: "bool", shape: input(node, inputs, 0).shape }];

/** The slope broadcasts to the input, not the other way round. */
const prelu: Infer = (node, inputs) => {
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

/** The mask (training only) is all true at inference. */
const dropout: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [
    { type, shape },
    { type: "bool", shape },
  ];
};

const SAME_AS_INPUT = `Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh Elu Erf Exp Floor
  HardSigmoid HardSwish Hardmax Identity LeakyRelu Log LogSoftmax Mish Neg Reciprocal Relu Round Selu
  Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Trilu CumSum`;

/** Operators with one tensor to work on, whose shape the output has. */
export const elementwise: Readonly<Record<string, Operator>> = {
  ...Object.fromEntries(SAME_AS_INPUT.split(/\s+/).map((op) => [op, { infer: sameAsInput }])),
  IsNaN: { infer: toBool },
  IsInf: { infer: toBool },
  Not: { infer: toBool },
  PRelu: { infer: prelu },
  Dropout: { infer: dropout },
};
