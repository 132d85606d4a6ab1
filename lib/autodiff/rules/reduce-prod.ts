import type { Value } from "../../onnx/model.ts";
import { inferNode } from "../../onnx/shape-inference.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { oneOutput } from "../forward.ts";
import { padWith } from "../padding.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo, slice } from "../shaping.ts";

/**
 * Product over axes: Y = product of X.
 *
 *     dX[i] = dY * product of X[j] over the j other than i
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them. Written as products
 * of halves, of halves of these and so on, C = A B, dA = dC B, dB = dC A: a quotient Y / X would
 * not do where an element is zero.
 *
 * Source: ONNX operator ReduceProd-18.
 */
export const reduceProdVjp: VjpRule = (context) => {
  const { graph, node, facts, mul } = context;
  const { x, shape, axes } = reduction(context);
  const [made] = inferNode(node, facts);
  const perm = [...shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const turned = perm.map((axis) => shape[axis]!);
  const length = sizeOf(axes.map((axis) => shape[axis]!));
  const rows = sizeOf(shape) / length;

  const halves: { readonly a: Value; readonly b: Value; readonly count: number }[] = [];
  let product = reshapeTo(graph, graph.emit("Transpose", [x], { perm }), [rows, length]);
  for (let count = length; count > 1; count = Math.ceil(count / 2)) {
    const half = Math.ceil(count / 2);
    const isOdd = count % 2 === 1;
    const even = isOdd ? padWith(graph, product, { begins: [0, 0], ends: [0, 1] }, 1) : product;
    const a = slice(graph, even, { axis: 1, start: 0, end: half });
    const b = slice(graph, even, { axis: 1, start: half, end: 2 * half });
    halves.push({ a, b, count });
    product = mul(a, b);
  }
  return oneOutput(context, reshapeTo(graph, product, made!.shape), (dY) => {
    let d = reshapeTo(graph, dY, [rows, 1]);
    for (const { a, b, count } of halves.toReversed()) {
      const both = graph.emit("Concat", [mul(d, b), mul(d, a)], { axis: 1 });
      d = count % 2 === 1 ? slice(graph, both, { axis: 1, start: 0, end: count }) : both;
    }
    const back = [...perm.keys()].map((axis) => perm.indexOf(axis));
    return [graph.emit("Transpose", [reshapeTo(graph, d, turned)], { perm: back })];
  });
};
