import type { Node, Value } from "../model.ts";
import { requiredInput, standardNode, stringAttribute } from "../node.ts";
import { floatTensor } from "../tensor.ts";
import type { Operator } from "./operator.ts";

/**
 * Gelu (opset 20) in terms of opset 18:
 *
 *     Y = X / 2 * (1 + erf(X / sqrt(2)))
 *     Y = X / 2 * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 X^3)))    for approximate = "tanh"
 */
export const gelu: Operator = {
  upgrade: (node, rewriting) => {
    const x = requiredInput(node, 0);
    const [y] = node.outputs;
    const nodes: Node[] = [];
    const emit = (op: string, ...inputs: readonly Value[]): Value => {
      const output = rewriting.fresh(`${y}_${op}`);
      nodes.push(standardNode({ op, name: output, inputs, outputs: [output] }));
      return output;
    };
    const scalar = (value: number) => rewriting.constant(floatTensor([], [value]), `${y}_constant`);
    const cubic = () => {
      const cube = emit("Mul", emit("Mul", x, x), x);
      return emit("Add", x, emit("Mul", cube, scalar(0.044715)));
    };

    const bend =
      stringAttribute(node, "approximate", "none") === "tanh"
        ? emit("Tanh", emit("Mul", cubic(), scalar(Math.sqrt(2 / Math.PI))))
        : emit("Erf", emit("Mul", x, scalar(Math.SQRT1_2)));
    const gate = emit("Add", bend, scalar(1));
    const inputs = [emit("Mul", x, scalar(0.5)), gate];
    return [...nodes, standardNode({ op: "Mul", name: node.name, inputs, outputs: node.outputs })];
  },
};
