import { intAttribute, intsAttribute } from "../node.ts";
import { sizeOf } from "../tensor.ts";
import {
  broadcast,
  formatShape,
  input,
  mismatch,
  normaliseAxis,
  optionalInts,
  requiredInts,
  type ShapeFunction,
} from "./shape-function.ts";

/** 0 copies the input's axis (unless allowzero), one -1 takes what is left over. */
const reshape: ShapeFunction = (node, inputs) => {
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
const flatten: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const axis = intAttribute(node, "axis", 1);
  // unlike other axes, this one may equal the rank
  const split = axis === shape.length ? axis : normaliseAxis(node, axis, shape.length);
  return [{ type, shape: [sizeOf(shape.slice(0, split)), sizeOf(shape.slice(split))] }];
};

const squeeze: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const given = optionalInts(node, inputs, 1);
  const axes = given?.map((axis) => normaliseAxis(node, axis, shape.length));
  const blocked = axes?.find((axis) => shape[axis] !== 1);
  if (blocked !== undefined) {
    throw mismatch(node, `axis ${blocked} of ${formatShape(shape)} is not 1`);
  }
  const isRemoved = (axis: number) => (axes ? axes.includes(axis) : shape[axis] === 1);
  return [{ type, shape: shape.filter((_, axis) => !isRemoved(axis)) }];
};

const unsqueeze: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const given = requiredInts(node, inputs, 1);
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => normaliseAxis(node, axis, rank)));
  if (axes.size !== given.length) throw mismatch(node, `axes ${formatShape(given)} repeat`);
  const rest = shape.values();
  const axis = (index: number) => (axes.has(index) ? 1 : rest.next().value!);
  return [{ type, shape: Array.from({ length: rank }, (_, index) => axis(index)) }];
};

const transpose: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [{ type, shape: transposition(node, shape).map((axis) => shape[axis]!) }];
};

/** The permutation of a Transpose node; reversed axes by default. */
export function transposition(
  node: Parameters<ShapeFunction>[0],
  shape: readonly number[],
): readonly number[] {
  const permutation = intsAttribute(node, "perm", [...shape.keys()].toReversed());
  const sorted = permutation.toSorted((a, b) => a - b);
  if (sorted.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
    throw mismatch(
      node,
      `perm ${formatShape(permutation)} is no order of the axes of ${formatShape(shape)}`,
    );
  }
  return permutation;
}

const expand: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [{ type, shape: broadcast(node, [shape, requiredInts(node, inputs, 1)]) }];
};

const tile: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const repeats = requiredInts(node, inputs, 1);
  if (repeats.length !== shape.length) {
    throw mismatch(node, `repeats ${formatShape(repeats)} do not match ${formatShape(shape)}`);
  }
  return [{ type, shape: shape.map((length, axis) => length * repeats[axis]!) }];
};

const depthToSpace: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const [batch, channels, height, width] = shape;
  const block = intAttribute(node, "blocksize");
  if (width === undefined || shape.length !== 4 || channels! % (block * block) !== 0) {
    throw mismatch(node, `blocks of ${block} do not divide the channels of ${formatShape(shape)}`);
  }
  return [{ type, shape: [batch!, channels! / (block * block), height! * block, width * block] }];
};

const spaceToDepth: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const [batch, channels, height, width] = shape;
  const block = intAttribute(node, "blocksize");
  if (width === undefined || shape.length !== 4 || height! % block !== 0 || width % block !== 0) {
    throw mismatch(node, `blocks of ${block} do not divide ${formatShape(shape)}`);
  }
  return [{ type, shape: [batch!, channels! * block * block, height! / block, width / block] }];
};

export const reshapingShapes: Readonly<Record<string, ShapeFunction>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
