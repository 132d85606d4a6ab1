import { intAttribute } from "../node.ts";
import {
  broadcast,
  formatShape,
  input,
  mismatch,
  requireRank,
  type ShapeFunction,
} from "./shape-function.ts";

/** Y = alpha * A' B' + beta * C, where ' is transposed if the attribute says so; Y [M, N]. */
const gemm: ShapeFunction = (node, inputs) => {
  const a = input(node, inputs, 0);
  const b = input(node, inputs, 1);
  requireRank(node, a.shape, 2);
  requireRank(node, b.shape, 2);
  const [rows, inner] = orient(a.shape, intAttribute(node, "transA", 0));
  const [innerB, columns] = orient(b.shape, intAttribute(node, "transB", 0));
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

function orient(shape: readonly number[], transposed: number): readonly number[] {
  return transposed ? shape.toReversed() : shape;
}

/** Matrices in the last two axes, batches broadcast; a vector gains an axis and loses it again. */
const matMul: ShapeFunction = (node, inputs) => {
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

export const matrixShapes: Readonly<Record<string, ShapeFunction>> = {
  Gemm: gemm,
  MatMul: matMul,
};
