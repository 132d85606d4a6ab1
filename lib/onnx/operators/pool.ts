import { MAX_MADE_ELEMENTS, requireWithin } from "../budgets.ts";
import type { ValueFacts } from "../facts.ts";
import type { Attributes, Node, Value } from "../model.ts";
import {
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
  requiredInput,
  stringAttribute,
} from "../node.ts";
import { filled, floatTensor, formatShape, sizeOf } from "../tensor.ts";
import { keepDims } from "./axes.ts";
import type { Convolution } from "./convolution.ts";
import { input, type Inputs, ofInputType, requiredInts } from "./inputs.ts";
import type { Infer, Operator, Operators } from "./operator.ts";
import { reducedAxes } from "./reduce.ts";
import { pixelsAtCorners, readInRegions, roiShape } from "./roi-align.ts";
import { type Emitter, notInOpset18, type Upgrade, withoutAttributes } from "./upgrade.ts";
import {
  padsOf,
  shapeAttributes,
  slidingWindows,
  unusedPixels,
  windowAttributes,
  withOverhang,
} from "./window.ts";

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

/**
 * The node's attributes, with the padding in numbers where ONNX Runtime has other windows than
 * ONNX: of auto_pad SAME if they are dilated, or further apart than they are wide; of ceil_mode if
 * one is dropped, which its shape inference still counts.
 *
 * @throws ModelError for padding that ONNX Runtime does not take in numbers
 */
export function withStatedPads(node: Node, { windows }: Pick<Pool, "windows">): Attributes {
  const { attributes } = node;
  const isSame = stringAttribute(node, "auto_pad", "NOTSET").startsWith("SAME");
  const isRoundedUp = !isSame && intAttribute(node, "ceil_mode", 0) === 1;
  const hasDropped = isRoundedUp && windows.some((window) => unusedPixels(window) > 0);
  if (!isSame && !hasDropped) return attributes;
  const overhangs = windows.some((window) => unusedPixels(window) < 0);
  // stated, an overhang would count as padding
  if (overhangs && intAttribute(node, "count_include_pad", 0) === 1) return attributes;
  const stated = windows.map(withOverhang);
  if (stated.some(({ kernel, padBegin, padEnd }) => Math.max(padBegin, padEnd) >= kernel)) {
    throw nodeError(
      node,
      "its dilated window has no more taps than pixels of padding, which ONNX Runtime refuses; choose a layer before it",
    );
  }
  return { ...attributes, auto_pad: "NOTSET", pads: padsOf(stated), ceil_mode: 0 };
}

const pool = ofInputType((node, inputs) => parsePool(node, inputs).outputShape);

/** Y, and the flat indices of the maxima. */
const maxPool: Infer = (node, inputs) => {
  const [y] = pool(node, inputs);
  return [y!, { type: "int64", shape: y!.shape }];
};

/**
 * MaxUnpool: zeros, but for the elements of X, each at the place in its plane where a MaxPool found
 * it. X and the indices: [N, C, ...]; Y: as large as what was pooled, which `output_shape` says
 * where the windows left something of it.
 *
 * Source: ONNX operator MaxUnpool-11.
 */
const maxUnpool: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const stated = inputs[2] ? requiredInts(node, inputs, 2) : null;
    const { axes } = windowAttributes(node, intsAttribute(node, "kernel_shape"));
    if (shape.length !== axes.length + 2 || (stated && stated.length !== shape.length)) {
      throw mismatch(node, `a window of ${axes.length} axes on ${formatShape(shape)}`);
    }
    if (axes.some(({ kernel, stride }) => kernel > stride)) {
      throw nodeError(
        node,
        "windows that overlap have one place for several elements; choose a layer before it",
      );
    }
    const lengths = axes.map(
      ({ kernel, stride, padBegin, padEnd }, i) =>
        (shape[i + 2]! - 1) * stride + kernel - padBegin - padEnd,
    );
    return [...shape.slice(0, 2), ...(stated?.slice(2) ?? lengths)];
  }),
  unroll: (node, inputs, emitter) => {
    const [{ shape }] = maxUnpool.infer!(node, inputs) as [ValueFacts];
    const [images = 1, channels = 1, ...sides] = shape;
    const plane = sizeOf(sides);
    const inRows = (index: number) =>
      emitter.emit("Reshape", [requiredInput(node, index), emitter.ints(0, 0, -1)]);
    // of all planes together, one after the other
    const places = emitter.emit("Mod", [inRows(1), emitter.ints(plane)]);
    const none = emitter.emit("Expand", [emitter.scalar(0), emitter.ints(images, channels, plane)]);
    const attributes = { axis: 2, reduction: "add" };
    const placed = emitter.emit("ScatterElements", [none, places, inRows(0)], attributes);
    emitter.end("Reshape", [placed, emitter.ints(...shape)]);
  },
};

/** Smallest normal float32: a root has a finite slope there. */
const SMALLEST = 2 ** -126;

/**
 * (sum of |X|^p)^(1 / p). Where all of it is 0, so is the gradient, as PyTorch's of a length.
 *
 * @param sumOf writes the sum of a value over what is pooled
 */
function writeLength(node: Node, emitter: Emitter, sumOf: (value: Value) => Value): void {
  const { p = 2 } = node.attributes;
  // a float at opset 1
  const exponent = typeof p === "object" && "float" in p ? p.float : intAttribute(node, "p", 2);
  if (!(exponent > 0 && exponent < Infinity)) throw mismatch(node, `the exponent is ${exponent}`);
  const size = emitter.emit("Abs", [requiredInput(node, 0)]);
  const sum = sumOf(emitter.emit("Pow", [size, emitter.scalar(exponent)]));
  const positive = emitter.emit("Max", [sum, emitter.scalar(SMALLEST)]);
  emitter.end("Pow", [positive, emitter.scalar(1 / exponent)]);
}

/** A convolution of each channel by itself, with weights of 1. Source: ONNX operator LpPool-18. */
const lpPool: Operator = {
  infer: pool,
  unroll: (node, inputs, emitter) => {
    const { windows, outputShape } = parsePool(node, inputs);
    const channels = outputShape[1]!;
    const { kernel_shape: kernel, ...attributes } = shapeAttributes(windows);
    const shape = [channels, 1, ...kernel];
    requireWithin(node, sizeOf(shape), "weights of windows", MAX_MADE_ELEMENTS);
    const ones = emitter.constant(floatTensor(shape, filled(sizeOf(shape), 1)));
    const pads = padsOf(windows.map(withOverhang));
    writeLength(node, emitter, (value) =>
      emitter.emit("Conv", [value, ones], { ...attributes, group: channels, pads }),
    );
  },
};

/** Dilations came with opset 19. */
const undilated: Upgrade = (node) => {
  if (intsAttribute(node, "dilations", []).some((dilation) => dilation !== 1)) {
    throw notInOpset18(node, "a dilated average pool");
  }
  return [withoutAttributes(node, "dilations")];
};

const globalPool = ofInputType((node, inputs, shape) => {
  if (shape.length < 3) throw mismatch(node, `no spatial axes in ${formatShape(shape)}`);
  return keepDims(shape, reducedAxes(node, inputs));
});

const globalLpPool: Operator = {
  infer: globalPool,
  unroll: (node, inputs, emitter) => {
    const axes = emitter.ints(...reducedAxes(node, inputs));
    writeLength(node, emitter, (value) => emitter.emit("ReduceSum", [value, axes]));
  },
};

/**
 * RoiAlign: each of some regions of X [N, C, H, W] as so many rows and columns of means. The
 * regions, [x1, y1, x2, y2], must be constants. Source: RoiAlign-16; ONNX Runtime, `roialign.cc`.
 */
const roiAlign: Operator = { infer: roiShape, unroll: readInRegions, upgrade: pixelsAtCorners };

/** Operators that make one number of each place of a window, or of all places. */
export const pools: Operators = {
  MaxPool: { infer: maxPool },
  AveragePool: { infer: pool, upgrade: undilated },
  LpPool: lpPool,
  RoiAlign: roiAlign,
  MaxUnpool: maxUnpool,
  GlobalAveragePool: { infer: globalPool },
  GlobalMaxPool: { infer: globalPool },
  GlobalLpPool: globalLpPool,
};
