import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode, mismatch, stringAttribute } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

/**
 * The terms of an Einsum node: one letter per axis of each input and of the output. An equation
 * without "->" means the letters that occur once, in alphabetical order.
 *
 * @throws ModelError for an ellipsis, or terms that do not fit the inputs.
 */
export function parseEinsum(node: Node, inputs: Inputs) {
  const equation = stringAttribute(node, "equation").replaceAll(/\s/g, "");
  const [left = "", stated] = equation.split("->");
  const terms = left.split(",");
  if (equation.includes(".")) {
    throw new ModelError(
      `${describeNode(node)}: the ellipsis in '${equation}' is not supported; export the model with ` +
        `a letter for each axis, or choose a layer before it`,
    );
  }
  const shapes = inputs.map((_, index) => input(node, inputs, index).shape);
  if (shapes.length !== terms.length || shapes.some((s, i) => s.length !== terms[i]!.length)) {
    throw mismatch(node, `'${equation}' on ${shapes.map(formatShape).join(" and ")}`);
  }
  return { terms, output: stated ?? lettersThatOccurOnce(terms.join("")) };
}

function lettersThatOccurOnce(letters: string): string {
  const once = letters.split("").filter((x) => letters.indexOf(x) === letters.lastIndexOf(x));
  return once.toSorted().join("");
}

const infer: Infer = (node, inputs) => {
  const { terms, output } = parseEinsum(node, inputs);
  const lengths = new Map<string, number>();
  terms.forEach((term, index) => {
    const { shape } = input(node, inputs, index);
    term.split("").forEach((letter, axis) => {
      const length = lengths.get(letter) ?? shape[axis]!;
      if (length !== shape[axis]) {
        throw mismatch(node, `axis '${letter}' is both ${length} and ${shape[axis]} long`);
      }
      lengths.set(letter, length);
    });
  });
  const shape = output.split("").map((letter) => {
    const length = lengths.get(letter);
    if (length === undefined) throw mismatch(node, `no input has the output's axis '${letter}'`);
    return length;
  });
  return [{ type: input(node, inputs, 0).type, shape }];
};

export const einsum: Operator = { infer };
