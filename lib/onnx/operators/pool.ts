import type { Node } from "../model.ts";
import { intsAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { keepDims } from "./axes.ts";
import type { Convolution } from "./convolution.ts";
import { input, type Inputs } from "./inputs.ts";
import type { Infer, Operators } from "./operator.ts";
import { reducedAxes } from "./reduce.ts";
import { notInOpset18, type Upgrade, withoutAttributes } from "./upgrade.ts";
import { slidingWindows } from "./window.ts";

/** A MaxPool, AveragePool or LpPool node at the size of its input. */
export type Pool = Omit<Convolution, "group">;

/** X [N, C, ...] -> Y [N, C, ...]. @throws ShapeMismatchError if the window does not fit X. */
export function parsePool(node: Node, inputs: Inputs): Pool {
  const { shape } = input(node, inputs, 0);
  const [batch, channels, ...spatial] = shape;
  const kernel = intsAttribute(node, "kernel_shape");
  if (channels === undefined || kernel.length !== spatial.length) {
    throw mismatch(node, `a window of ${kernel.length} axes on ${formatShape(shape)}`);
  }
  const windows = slidingWindows(node, spatial, kernel);
  return { windows, outputShape: [batch!, channels, ...windows.map(({ output }) => output)] };
}

const pool: Infer = (node, inputs) => [
  { type: input(node, inputs, 0).type, shape: parsePool(node, inputs).outputShape },
];

/** Y, and the flat indices of the maxima. */
const maxPool: Infer = (node, inputs) => {
  const { type } = input(node, inputs, 0);
  const shape = parsePool(node, inputs).outputShape;
  return [
    { type, shape },
    { type: "int64", shape },
  ];
};

/** Dilations came with opset 19. */
const undilated: Upgrade = (node) => {
  if (intsAttribute(node, "dilations", []).some((dilation) => dilation !== 1)) {
    throw notInOpset18(node, "a dilated average pool");
  }
  return [withoutAttributes(node, "dilations")];
};

const globalPool: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  if (shape.length < 3) throw mismatch(node, `no spatial axes in ${formatShape(shape)}`);
  return [{ type, shape: keepDims(shape, reducedAxes(node, inputs)) }];
};

/** Operators that make one number of each place of a window, or of all places. */
export const pools: Operators = {
  MaxPool: { infer: maxPool },
  AveragePool: { infer: pool, upgrade: undilated },
  LpPool: { infer: pool },
  GlobalAveragePool: { infer: globalPool },
  GlobalMaxPool: { infer: globalPool },
  GlobalLpPool: { infer: globalPool },
};
