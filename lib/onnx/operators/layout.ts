import { MAX_SHAPE_NUMBERS, requireWithin } from "../budgets.ts";
import type { Node } from "../model.ts";
import {
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
  requiredInput,
  stringAttribute,
} from "../node.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import { countTo, pickOffsets, stridesOf, view } from "./elements.ts";
import { sameAsInput } from "./elementwise.ts";
import { constantInts, input, ofInputType, operand, requiredInts } from "./inputs.ts";
import type { Fold, Operator, Operators } from "./operator.ts";
import { axesToInput, intsInput, type Upgrade, withInputs } from "./upgrade.ts";

/** 0 copies the input's axis (unless allowzero), one -1 takes what is left over. */
const reshape = ofInputType((node, inputs, shape) => {
  const wanted = requiredInts(node, inputs, 1);
  const allowZero = intAttribute(node, "allowzero", 0) === 1;
  const impossible = () =>
    mismatch(
      node,
      `cannot reshape ${formatShape(shape)} to ${formatShape(wanted)}; ` +
        `a network whose head has a fixed size takes images of one size only`,
    );

  const copied = wanted.map((length, axis) => {
    const result = length === 0 && !allowZero ? shape[axis] : length;
    if (result === undefined || result < -1) throw impossible();
    return result;
  });
  const open = copied.filter((length) => length === -1).length;
  const size = sizeOf(shape);
  const known = sizeOf(copied.filter((length) => length !== -1));
  if (open > 1) throw impossible();
  if (open === 0 && known !== size) throw impossible();
  if (open === 1 && (known === 0 || size % known !== 0)) throw impossible();
  return copied.map((length) => (length === -1 ? size / known : length));
});

/** An attribute until opset 4. */
const shapeToInput: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 5) return [node];
  return [withInputs(node, { shape: intsInput(node, rewriting, "shape") })];
};

/** Two axes: those before `axis`, those from it on. */
const flatten = ofInputType((node, _inputs, shape) => {
  const axis = intAttribute(node, "axis", 1);
  // unlike other axes, this one may equal the rank
  const split = axis === shape.length ? axis : normaliseAxis(node, axis, shape.length);
  return [sizeOf(shape.slice(0, split)), sizeOf(shape.slice(split))];
});

const squeeze = ofInputType((node, inputs, shape) => {
  const given = constantInts(node, inputs, 1);
  const axes = given?.map((axis) => normaliseAxis(node, axis, shape.length));
  const blocked = axes?.find((axis) => shape[axis] !== 1);
  if (blocked !== undefined) {
    throw mismatch(node, `axis ${blocked} of ${formatShape(shape)} is not 1`);
  }
  const isRemoved = (axis: number) => (axes ? axes.includes(axis) : shape[axis] === 1);
  return shape.filter((_, axis) => !isRemoved(axis));
});

const unsqueeze = ofInputType((node, inputs, shape) => {
  const given = requiredInts(node, inputs, 1);
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => normaliseAxis(node, axis, rank)));
  if (axes.size !== given.length) throw mismatch(node, `axes ${formatShape(given)} repeat`);
  const rest = shape.values();
  const axis = (index: number) => (axes.has(index) ? 1 : rest.next().value!);
  return Array.from({ length: rank }, (_, index) => axis(index));
});

const reshaped: Fold = (node, inputs, [output]) => [view(operand(node, inputs, 0), output!.shape)];

/** Axis i of Y is axis `permutation[i]` of X, of shape `shape`; reversed axes by default. */
export function permutation(node: Node, shape: readonly number[]): readonly number[] {
  const order = intsAttribute(node, "perm", [...shape.keys()].toReversed());
  const sorted = order.toSorted((a, b) => a - b);
  if (sorted.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
    throw mismatch(
      node,
      `perm ${formatShape(order)} is no order of the axes of ${formatShape(shape)}`,
    );
  }
  return order;
}

/** Orders of an image's axes: from [N, H, W, C] to [N, C, H, W], and back. */
export const TO_CHANNELS_FIRST = [0, 3, 1, 2];
export const TO_CHANNELS_LAST = [0, 2, 3, 1];

const transpose: Operator = {
  infer: ofInputType((node, _inputs, shape) =>
    permutation(node, shape).map((axis) => shape[axis]!),
  ),
  fold: (node, inputs) => {
    const tensor = operand(node, inputs, 0);
    const strides = stridesOf(tensor.shape);
    const offsets = permutation(node, tensor.shape).map((axis) =>
      countTo(tensor.shape[axis]!).map((index) => index * strides[axis]!),
    );
    return [pickOffsets(tensor, offsets)];
  },
};

/**
 * Side of the blocks of a DepthToSpace or SpaceToDepth node in pixels, and the order of the
 * channels; SpaceToDepth has "DCR" alone.
 */
export function parseBlocks(node: Node) {
  return {
    blocksize: intAttribute(node, "blocksize"),
    mode: stringAttribute(node, "mode", "DCR"),
  };
}

/** X [N, C b^2, H, W] -> Y [N, C, H b, W b]. */
const depthToSpace: Operator = {
  infer: ofInputType((node, _inputs, shape) => {
    const [batch, channels, height, width] = shape;
    const { blocksize: block } = parseBlocks(node);
    if (width === undefined || shape.length !== 4 || channels! % (block * block) !== 0) {
      throw mismatch(
        node,
        `blocks of ${block} do not divide the channels of ${formatShape(shape)}`,
      );
    }
    return [batch!, channels! / (block * block), height! * block, width * block];
  }),
};

/** X [N, C, H b, W b] -> Y [N, C b^2, H, W]. */
const spaceToDepth: Operator = {
  infer: ofInputType((node, _inputs, shape) => {
    const [batch, channels, height, width] = shape;
    const { blocksize: block } = parseBlocks(node);
    if (width === undefined || shape.length !== 4 || height! % block !== 0 || width % block !== 0) {
      throw mismatch(node, `blocks of ${block} do not divide ${formatShape(shape)}`);
    }
    return [batch!, channels! * block * block, height! / block, width / block];
  }),
};

/**
 * Each sequence of a batch backwards, up to its own length, as TensorFlow's converter writes the
 * way back of a recurrent layer. All of a batch must have one length.
 *
 * Source: ONNX operator ReverseSequence-10.
 */
const reverseSequence: Operator = {
  infer: sameAsInput,
  unroll: (node, inputs, emitter) => {
    const { shape } = input(node, inputs, 0);
    const axis = normaliseAxis(node, intAttribute(node, "time_axis", 0), shape.length);
    requireWithin(node, shape[axis]!, "steps", MAX_SHAPE_NUMBERS);
    const [length = 0, ...others] = new Set(requiredInts(node, inputs, 1));
    if (others.length > 0 || length > shape[axis]!) {
      const what = "sequences of different lengths, or longer than the input, are not supported";
      throw nodeError(node, `${what}; choose a layer before it`);
    }
    const steps = countTo(shape[axis]!).map((t) => (t < length ? length - 1 - t : t));
    emitter.end("Gather", [requiredInput(node, 0), emitter.ints(...steps)], { axis });
  },
};

/** Operators whose output has the input's elements, each once, in another shape or order. */
export const layouts: Operators = {
  Reshape: { infer: reshape, fold: reshaped, isView: true, upgrade: shapeToInput },
  Flatten: { infer: flatten, fold: reshaped, isView: true },
  Squeeze: { infer: squeeze, fold: reshaped, isView: true, upgrade: axesToInput(13) },
  Unsqueeze: { infer: unsqueeze, fold: reshaped, isView: true, upgrade: axesToInput(13) },
  Transpose: transpose,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  ReverseSequence: reverseSequence,
};
