import type { Node } from "../model.ts";
import { floatAttribute, intAttribute, mismatch, requiredInput, stringAttribute } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { broadcast } from "./broadcast.ts";
import { input, type Inputs, ofInputType } from "./inputs.ts";
import type { Operators } from "./operator.ts";
import { Emitter, type Upgrade, withoutAttributes } from "./upgrade.ts";

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
const gemmShape = ofInputType((node, inputs, a) => {
  const b = input(node, inputs, 1).shape;
  const { transA, transB } = parseGemm(node);
  const [rows, inner] = orient(node, a, transA);
  const [innerB, columns] = orient(node, b, transB);
  if (inner !== innerB) {
    throw mismatch(
      node,
      `${formatShape(a)} times ${formatShape(b)}: inner lengths ${inner} and ` +
        `${innerB} differ; a fully connected layer fits one image size only`,
    );
  }
  const shape = [rows!, columns!];
  const c = inputs[2]?.shape;
  if (c && broadcast(node, [shape, c]).join() !== shape.join()) {
    throw mismatch(node, `C ${formatShape(c)} does not broadcast to ${formatShape(shape)}`);
  }
  return shape;
});

function orient(node: Node, shape: readonly number[], transposed: number): readonly number[] {
  if (shape.length !== 2) {
    throw mismatch(node, `wants a tensor of 2 axes, got shape ${formatShape(shape)}`);
  }
  return transposed ? shape.toReversed() : shape;
}

/**
 * MXNet's converter left out the Flatten before. That C broadcasts, which was said before opset 7,
 * goes without saying.
 */
const flattened: Upgrade = (node, rewriting) => {
  const bare = withoutAttributes(node, "broadcast");
  const [a, ...others] = node.inputs;
  const rank = rewriting.factsOf(requiredInput(node, 0))?.shape.length ?? 2;
  if (rank <= 2 || parseGemm(node).transA) return [bare];
  const emitter = new Emitter(bare, rewriting);
  return emitter.ending("Gemm", [emitter.emit("Flatten", [a!]), ...others], bare.attributes);
};

/** Matrices in the last two axes, batches broadcast; a vector gains an axis and loses it again. */
const matMulShape = ofInputType((node, inputs, a) => {
  const b = input(node, inputs, 1).shape;
  if (a.length === 0 || b.length === 0) throw mismatch(node, "a scalar is no matrix");
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  if (left.at(-1) !== right.at(-2)) {
    throw mismatch(
      node,
      `${formatShape(a)} times ${formatShape(b)}: inner lengths ${left.at(-1)} and ` +
        `${right.at(-2)} differ; a fully connected layer fits one image size only`,
    );
  }
  const batch = broadcast(node, [left.slice(0, -2), right.slice(0, -2)]);
  const rows = a.length === 1 ? [] : [left.at(-2)!];
  const columns = b.length === 1 ? [] : [right.at(-1)!];
  return [...batch, ...rows, ...columns];
});

/**
 * The terms of an Einsum node: one letter per axis of each input and of the output, for those that
 * an ellipsis stands for too. An equation without "->" means these, then the letters that occur
 * once, in alphabetical order.
 *
 * @throws ShapeMismatchError for terms that do not fit the inputs.
 */
export function parseEinsum(node: Node, inputs: Inputs) {
  const shapes = inputs.map((_, index) => input(node, inputs, index).shape);
  const written = stringAttribute(node, "equation").replaceAll(/\s/g, "");
  const { equation, dots } = withoutEllipsis(written, shapes);
  const [left = "", stated] = equation.split("->");
  const terms = left.split(",");
  const isOfLetters = [...terms, stated ?? ""].every((term) => /^[A-Za-z]*$/.test(term));
  const fits =
    shapes.length === terms.length && shapes.every((s, i) => s.length === terms[i]!.length);
  if (!isOfLetters || !fits) {
    throw mismatch(node, `'${equation}' on ${shapes.map(formatShape).join(" and ")}`);
  }
  const letters = terms
    .join("")
    .split("")
    .filter((letter) => !dots.includes(letter))
    .join("");
  return { terms, output: stated ?? dots + lettersThatOccurOnce(letters) };
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");

/**
 * With letters of their own for the axes that each "..." stands for, the last of them where it is
 * fewer.
 */
function withoutEllipsis(equation: string, shapes: readonly (readonly number[])[]) {
  const [left = "", output] = equation.split("->");
  const terms = left.split(",");
  const counts = terms.map((term, i) =>
    term.includes("...") ? (shapes[i]?.length ?? 0) - (term.length - "...".length) : 0,
  );
  const most = Math.max(0, ...counts);
  const dots = LETTERS.filter((letter) => !equation.includes(letter)).slice(0, most);
  const lettered = terms.map((term, i) => {
    const count = Math.max(0, counts[i]!);
    return term.replace("...", dots.slice(dots.length - count).join(""));
  });
  const to = output?.replace("...", dots.join(""));
  return {
    equation: to === undefined ? lettered.join() : `${lettered.join()}->${to}`,
    dots: dots.join(""),
  };
}

function lettersThatOccurOnce(letters: string): string {
  const once = letters.split("").filter((x) => letters.indexOf(x) === letters.lastIndexOf(x));
  return once.toSorted().join("");
}

const einsumShape = ofInputType((node, inputs) => {
  const { terms, output } = parseEinsum(node, inputs);
  const lengths = new Map<string, number>();
  terms.forEach((term, index) => {
    const { shape } = input(node, inputs, index);
    term.split("").forEach((letter, axis) => {
      const [length = 1, given = 1] = [lengths.get(letter), shape[axis]];
      if (length !== given && length !== 1 && given !== 1) {
        throw mismatch(node, `axis '${letter}' is both ${length} and ${given} long`);
      }
      lengths.set(letter, length === 1 ? given : length);
    });
  });
  return output.split("").map((letter) => {
    const length = lengths.get(letter);
    if (length === undefined) throw mismatch(node, `no input has the output's axis '${letter}'`);
    return length;
  });
});

/** Operators that multiply matrices. */
export const matrices: Operators = {
  Gemm: { infer: gemmShape, upgrade: flattened },
  MatMul: { infer: matMulShape },
  Einsum: { infer: einsumShape },
};
