import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode, floatAttribute, intAttribute, mismatch, stringAttribute } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { broadcast } from "./broadcast.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Infer, Operators } from "./operator.ts";

/** Attributes of a Gemm node, Y = alpha * A' B' + beta * C; 1 or 0 whether ' transposes. */
export function parseGemm(node: Node) {
  return {
    alpha: floatAttribute(node, "alpha", 1),
    beta: floatAttribute(node, "beta", 1),
    transA: intAttribute(node, "transA", 0),
    transB: intAttribute(node, "transB", 0),
  };
}

/** A' [M, K], B' [K, N], C broadcasts to Y [M, N]. */
const gemmShapes: Infer = (node, inputs) => {
  const a = input(node, inputs, 0);
  const b = input(node, inputs, 1);
  const { transA, transB } = parseGemm(node);
  const [rows, inner] = orient(node, a.shape, transA);
  const [innerB, columns] = orient(node, b.shape, transB);
  if (inner !== innerB) {
    throw mismatch(
      node,
      `${formatShape(a.shape)} times ${formatShape(b.shape)}: inner lengths ${inner} and ` +
        `${innerB} differ; a fully connected layer fits one image size only`,
    );
  }
  const shape = [rows!, columns!];
  const c = inputs[2]?.shape;
  if (c && broadcast(node, [shape, c]).join() !== shape.join()) {
    throw mismatch(node, `C ${formatShape(c)} does not broadcast to ${formatShape(shape)}`);
  }
  return [{ type: a.type, shape }];
};

function orient(node: Node, shape: readonly number[], transposed: number): readonly number[] {
  if (shape.length !== 2) {
    throw mismatch(node, `wants a tensor of 2 axes, got shape ${formatShape(shape)}`);
  }
  return transposed ? shape.toReversed() : shape;
}

/** Matrices in the last two axes, batches broadcast; a vector gains an axis and loses it again. */
const matMulShapes: Infer = (node, inputs) => {
  const a = input(node, inputs, 0);
  const b = input(node, inputs, 1);
  if (a.shape.length === 0 || b.shape.length === 0) throw mismatch(node, "a scalar is no matrix");
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  if (left.at(-1) !== right.at(-2)) {
    throw mismatch(
      node,
      `${formatShape(a.shape)} times ${formatShape(b.shape)}: inner lengths ${left.at(-1)} and ` +
        `${right.at(-2)} differ; a fully connected layer fits one image size only`,
    );
  }
  const batch = broadcast(node, [left.slice(0, -2), right.slice(0, -2)]);
  const rows = a.shape.length === 1 ? [] : [left.at(-2)!];
  const columns = b.shape.length === 1 ? [] : [right.at(-1)!];
  return [{ type: a.type, shape: [...batch, ...rows, ...columns] }];
};

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

const einsumShapes: Infer = (node, inputs) => {
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

/** Operators that multiply matrices. */
export const matrices: Operators = {
  Gemm: { infer: gemmShapes },
  MatMul: { infer: matMulShapes },
  Einsum: { infer: einsumShapes },
};
