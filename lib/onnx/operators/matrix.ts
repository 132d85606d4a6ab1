import type { Node } from "../model.ts";
import { floatAttribute, intAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { broadcast } from "./broadcast.ts";
import { input } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

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

export const gemm: Operator = { infer: gemmShapes };

export const matMul: Operator = { infer: matMulShapes };
