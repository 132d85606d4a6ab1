import { intsAttribute } from "../node.ts";
import { formatShape, input, type Inputs, mismatch, type ShapeFunction } from "./shape-function.ts";
import { slidingWindow } from "./window.ts";

/** X [N, C, ...] -> Y, and for MaxPool the flat indices of the maxima. */
const maxPool: ShapeFunction = (node, inputs) => {
  const { type } = input(node, inputs, 0);
  const shape = pooledShape(node, inputs);
  return [
    { type, shape },
    { type: "int64", shape },
  ];
};

const pool: ShapeFunction = (node, inputs) => [
  { type: input(node, inputs, 0).type, shape: pooledShape(node, inputs) },
];

function pooledShape(node: Parameters<ShapeFunction>[0], inputs: Inputs): readonly number[] {
  const { shape } = input(node, inputs, 0);
  const [batch, channels, ...spatial] = shape;
  const kernel = intsAttribute(node, "kernel_shape");
  if (channels === undefined || kernel.length !== spatial.length) {
    throw mismatch(node, `a window of ${kernel.length} axes on ${formatShape(shape)}`);
  }
  return [batch!, channels, ...slidingWindow(node, spatial, kernel).output];
}

const globalPool: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  if (shape.length < 3) throw mismatch(node, `no spatial axes in ${formatShape(shape)}`);
  return [{ type, shape: shape.map((length, axis) => (axis < 2 ? length : 1)) }];
};

export const poolingShapes: Readonly<Record<string, ShapeFunction>> = {
  MaxPool: maxPool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
};
