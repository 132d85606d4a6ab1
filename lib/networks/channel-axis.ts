import type { Node, Value } from "../onnx/model.ts";
import { intAttribute, intsAttribute } from "../onnx/node.ts";
import type { StaticGraph } from "../onnx/static-graph.ts";
import { sizeOf } from "../onnx/tensor.ts";

/**
 * The axis along which each value's channels lie, decided by the operators that made it: 1 for an
 * image and for convolutions, the last for a product with a matrix, and where Transpose and Reshape
 * take it from there.
 *
 * @returns no entry for a value that does not depend on the image, or has no such axis
 */
export function channelAxes({ input, graph, facts }: StaticGraph): ReadonlyMap<Value, number> {
  const axes = new Map<Value, number>([[input, 1]]);
  const shapeOf = (value: Value | undefined) => facts.get(value ?? "")?.shape ?? [];
  for (const node of graph.nodes) {
    const source = node.inputs.find((value) => axes.has(value));
    if (source === undefined) continue;
    for (const output of node.outputs) {
      const rank = shapeOf(output).length;
      const step = { node, from: shapeOf(source), to: shapeOf(output), axis: axes.get(source)! };
      const axis = OPERATORS.get(node.op)?.(step, axes) ?? kept(step);
      if (axis >= 1 && axis < rank) axes.set(output, axis);
    }
  }
  return axes;
}

interface Step {
  readonly node: Node;
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Of the first input that has one. */
  readonly axis: number;
}

type Rule = (step: Step, axes: ReadonlyMap<Value, number>) => number;

/** Elementwise, and whatever keeps the order of the axes; leading axes may be added. */
const kept = ({ from, to, axis }: Step): number =>
  to.length >= from.length ? axis + to.length - from.length : 1;

const second: Rule = () => 1;

/** With a matrix of weights its columns; of two activations those of the second, or else heads. */
const product: Rule = ({ node, to }, axes) => {
  const [, right = ""] = node.inputs;
  const ofRight = axes.get(right);
  return ofRight === undefined || ofRight === to.length - 1 ? to.length - 1 : 1;
};

const transposed: Rule = ({ node, from, axis }) =>
  intsAttribute(node, "perm", [...from.keys()].toReversed()).indexOf(axis);

/** The same elements: the last of the axes that the channels were split into, or what holds them. */
const reshaped: Rule = ({ from, to, axis }) => {
  const before = sizeOf(from.slice(0, axis));
  const end = before * from[axis]!;
  const upTo = (count: number) => sizeOf(to.slice(0, count));
  const isSplit = [...to.keys()].some((target) => upTo(target) === before);
  const inside = [...to.keys()].filter(
    (target) => upTo(target) >= before && upTo(target + 1) <= end,
  );
  const long = inside.filter((target) => to[target] !== 1);
  if (isSplit && inside.length > 0) return long.at(-1) ?? inside[0]!;
  return [...to.keys()].findLastIndex((target) => upTo(target) <= before);
};

/** Axes before it that are taken away move it to the front. */
const reduced: Rule = ({ from, to, axis }) => {
  if (from.length === to.length) return axis;
  let next = 0;
  for (let i = 0; i < axis; i++) if (from[i] === to[next]) next++;
  return next;
};

const gathered: Rule = ({ node, from, to, axis }) => {
  const stated = intAttribute(node, "axis", 0);
  const along = stated < 0 ? stated + from.length : stated;
  return along < axis ? axis + to.length - from.length : axis;
};

const OPERATORS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...["Conv", "ConvTranspose", "DepthToSpace", "SpaceToDepth"].map((op) => [op, second] as const),
  ["MatMul", product],
  ["Gemm", product],
  ["Transpose", transposed],
  ...["Reshape", "Flatten", "Squeeze", "Unsqueeze"].map((op) => [op, reshaped] as const),
  ...["ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2"].map((op) => [op, reduced] as const),
  ["Gather", gathered],
]);
