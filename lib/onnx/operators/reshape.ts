import { intAttribute, mismatch } from "../node.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import { view } from "./elements.ts";
import { constantInts, input, operand, requiredInts } from "./inputs.ts";
import type { Fold, Infer, Operators } from "./operator.ts";
import { axesToInput } from "./upgrade.ts";

/** 0 copies the input's axis (unless allowzero), one -1 takes what is left over. */
const reshape: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
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
  return [{ type, shape: copied.map((length) => (length === -1 ? size / known : length)) }];
};

/** Two axes: those before `axis`, those from it on. */
const flatten: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const axis = intAttribute(node, "axis", 1);
  // unlike other axes, this one may equal the rank
  const split = axis === shape.length ? axis : normaliseAxis(node, axis, shape.length);
  return [{ type, shape: [sizeOf(shape.slice(0, split)), sizeOf(shape.slice(split))] }];
};

const squeeze: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const given = constantInts(node, inputs, 1);
  const axes = given?.map((axis) => normaliseAxis(node, axis, shape.length));
  const blocked = axes?.find((axis) => shape[axis] !== 1);
  if (blocked !== undefined) {
    throw mismatch(node, `axis ${blocked} of ${formatShape(shape)} is not 1`);
  }
  const isRemoved = (axis: number) => (axes ? axes.includes(axis) : shape[axis] === 1);
  return [{ type, shape: shape.filter((_, axis) => !isRemoved(axis)) }];
};

const unsqueeze: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const given = requiredInts(node, inputs, 1);
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => normaliseAxis(node, axis, rank)));
  if (axes.size !== given.length) throw mismatch(node, `axes ${formatShape(given)} repeat`);
  const rest = shape.values();
  const axis = (index: number) => (axes.has(index) ? 1 : rest.next().value!);
  return [{ type, shape: Array.from({ length: rank }, (_, index) => axis(index)) }];
};

const fold: Fold = (node, inputs, [output]) => [view(operand(node, inputs, 0), output!.shape)];

/** Operators whose output has the input's elements, in order, under another shape. */
export const reshapes: Operators = {
  Reshape: { infer: reshape, fold, isView: true },
  Flatten: { infer: flatten, fold, isView: true },
  Squeeze: { infer: squeeze, fold, isView: true, upgrade: axesToInput(13) },
  Unsqueeze: { infer: unsqueeze, fold, isView: true, upgrade: axesToInput(13) },
};
