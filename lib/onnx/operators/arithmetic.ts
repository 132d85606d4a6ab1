import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode } from "../node.ts";
import { broadcast } from "./broadcast.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

/** All inputs broadcast together; they have one type, which is the output's. */
const arithmetic: Infer = (node, inputs) => {
  const { type } = input(node, inputs, 0);
  const present = inputs.filter((facts) => facts !== null);
  const other = present.find((facts) => facts.type !== type);
  if (other) {
    throw new ModelError(`${describeNode(node)}: inputs have types ${type} and ${other.type}`);
  }
  const shapes = present.map(({ shape }) => shape);
  return [{ type, shape: broadcast(node, shapes) }];
};

const comparison: Infer = (node, inputs) => [{ type: "bool", shape: broadcastPair(node, inputs) }];

/** Base and exponent may differ in type; the output has the base's. */
const pow: Infer = (node, inputs) => [
  { type: input(node, inputs, 0).type, shape: broadcastPair(node, inputs) },
];

function broadcastPair(node: Node, inputs: Inputs): readonly number[] {
  return broadcast(node, [input(node, inputs, 0).shape, input(node, inputs, 1).shape]);
}

const where: Infer = (node, inputs) => {
  const [condition, x, y] = [0, 1, 2].map((index) => input(node, inputs, index));
  return [{ type: x!.type, shape: broadcast(node, [condition!.shape, x!.shape, y!.shape]) }];
};

/** Operators on tensors that broadcast together. */
export const arithmetics: Readonly<Record<string, Operator>> = {
  ...table("Add Sub Mul Div Mod Max Min Sum Mean BitwiseAnd BitwiseOr", arithmetic),
  ...table("Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor", comparison),
  Pow: { infer: pow },
  Where: { infer: where },
};

function table(operators: string, infer: Infer): Record<string, Operator> {
  return Object.fromEntries(operators.split(" ").map((operator) => [operator, { infer }]));
}
