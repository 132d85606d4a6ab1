import { ModelError } from "../errors.ts";
import { describeNode, intAttribute, stringAttribute } from "../node.ts";
import { parsePad } from "../operators/pad.ts";
import { sliceRanges } from "../operators/slice.ts";
import { parseSplit } from "../operators/split.ts";
import { permutation } from "../operators/transpose.ts";
import { filled, sizeOf, toNumbers } from "../tensor.ts";
import {
  fromElements,
  type Kernel,
  type KernelCall,
  type NumericTensor,
  operand,
  stridesOf,
  view,
} from "./kernel.ts";

/** Marks a cell that no element of the source fills. */
const OUTSIDE = -1;

/**
 * Elements of a tensor by the offset of each, `offsets[axis][i]` being what index i along that axis
 * contributes; a cell with `OUTSIDE` on any axis gets `fill`.
 */
function pick(
  tensor: NumericTensor,
  offsets: readonly (readonly number[])[],
  fill?: NumericTensor,
): NumericTensor {
  const shape = offsets.map((axis) => axis.length);
  const sources = fill ? [tensor, fill] : [tensor];
  return fromElements(sources, shape, ([from, filling], to) => {
    // a scalar is a row of one
    const rows = offsets.length > 0 ? offsets : [[0]];
    let next = 0;
    const visit = (axis: number, base: number, inside: boolean): void => {
      const isInnermost = axis === rows.length - 1;
      for (const offset of rows[axis]!) {
        const isFilled = inside && offset !== OUTSIDE;
        if (!isInnermost) visit(axis + 1, base + offset, isFilled);
        else if (isFilled) to[next++] = from![base + offset]!;
        // without a fill value (allowed: it is optional), typed arrays start as zeros
        else if (filling) to[next++] = filling[0]!;
        else next++;
      }
    };
    visit(0, 0, true);
  });
}

/** The same, by index along each axis of the tensor's own shape. */
function pickIndices(
  tensor: NumericTensor,
  indices: readonly (readonly number[])[],
  fill?: NumericTensor,
): NumericTensor {
  const strides = stridesOf(tensor.shape);
  const offsets = indices.map((axis, i) =>
    axis.map((index) => (index === OUTSIDE ? OUTSIDE : index * strides[i]!)),
  );
  return pick(tensor, offsets, fill);
}

const countTo = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** The tensor repeated along its axes of length 1 until it has `shape`. */
export function broadcastTo(tensor: NumericTensor, shape: readonly number[]): NumericTensor {
  if (tensor.shape.join() === shape.join()) return tensor;
  const padded = [...filled(shape.length - tensor.shape.length, 1), ...tensor.shape];
  const indices = shape.map((length, axis) =>
    padded[axis] === 1 ? filled(length, 0) : countTo(length),
  );
  return pickIndices(view(tensor, padded), indices);
}

const expand: Kernel = (call) => [broadcastTo(operand(call, 0), call.outputs[0]!.shape)];

const tile: Kernel = (call) => {
  const tensor = operand(call, 0);
  const indices = call.outputs[0]!.shape.map((length, axis) =>
    countTo(length).map((index) => index % tensor.shape[axis]!),
  );
  return [pickIndices(tensor, indices)];
};

const transpose: Kernel = (call) => {
  const tensor = operand(call, 0);
  const strides = stridesOf(tensor.shape);
  const offsets = permutation(call.node, tensor.shape).map((axis) =>
    countTo(tensor.shape[axis]!).map((index) => index * strides[axis]!),
  );
  return [pick(tensor, offsets)];
};

const slice: Kernel = (call) => {
  const ranges = sliceRanges(call.node, factsOf(call));
  const indices = ranges.map(({ start, step, count }) =>
    countTo(count).map((i) => start + i * step),
  );
  return [pickIndices(operand(call, 0), indices)];
};

const split: Kernel = (call) => {
  const tensor = operand(call, 0);
  const { axis, sizes } = parseSplit(call.node, factsOf(call));
  let start = 0;
  return sizes.map((size) => {
    const part = tensor.shape.map((length, i) =>
      i === axis ? countTo(size).map((index) => start + index) : countTo(length),
    );
    start += size;
    return pickIndices(tensor, part);
  });
};

const gather: Kernel = (call) => {
  const tensor = operand(call, 0);
  const axis = intAttribute(call.node, "axis", 0);
  const along = axis < 0 ? axis + tensor.shape.length : axis;
  const length = tensor.shape[along]!;
  const chosen = toNumbers(operand(call, 1)).map((index) => {
    if (index < -length || index >= length) {
      throw new ModelError(
        `${describeNode(call.node)}: index ${index} is outside an axis of length ${length}`,
      );
    }
    return index < 0 ? index + length : index;
  });
  const indices = tensor.shape.map((size, i) => (i === along ? chosen : countTo(size)));
  return [view(pickIndices(tensor, indices), call.outputs[0]!.shape)];
};

const pad: Kernel = (call) => {
  const tensor = operand(call, 0);
  const mode = stringAttribute(call.node, "mode", "constant");
  const { begins } = parsePad(call.node, factsOf(call));
  const indices = call.outputs[0]!.shape.map((length, axis) =>
    countTo(length).map((i) => sourceIndex(mode, i - begins[axis]!, tensor.shape[axis]!)),
  );
  return [pickIndices(tensor, indices, call.inputs[2] ?? undefined)];
};

/** Which element of an axis of `length` a padded cell `index` (negative: before it) repeats. */
function sourceIndex(mode: string, index: number, length: number): number {
  if (index >= 0 && index < length) return index;
  switch (mode) {
    case "edge":
      return index < 0 ? 0 : length - 1;
    case "wrap":
      return ((index % length) + length) % length;
    case "reflect": {
      if (length === 1) return 0;
      // the mirror is the outermost element, which is not repeated
      const period = 2 * (length - 1);
      const place = ((index % period) + period) % period;
      return place < length ? place : period - place;
    }
    default:
      return OUTSIDE;
  }
}

const concat: Kernel = (call) => {
  const tensors = call.inputs.filter((tensor) => tensor !== null);
  const { shape } = call.outputs[0]!;
  const given = intAttribute(call.node, "axis");
  const axis = given < 0 ? given + shape.length : given;
  const rows = tensors.map((tensor) => sizeOf(tensor.shape.slice(axis)));
  const outer = sizeOf(shape.slice(0, axis));
  const joined = fromElements(tensors, shape, (sources, to) => {
    let next = 0;
    for (let block = 0; block < outer; block++) {
      for (const [i, source] of sources.entries()) {
        const row = rows[i]!;
        for (let j = 0; j < row; j++) to[next++] = source[block * row + j]!;
      }
    }
  });
  return [joined];
};

/** The shape helpers look at facts; a kernel's inputs are all constants. */
function factsOf({ inputs }: KernelCall) {
  return inputs.map((constant) => constant && { ...constant, constant });
}

export const movingKernels: Readonly<Record<string, Kernel>> = {
  Expand: expand,
  Tile: tile,
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Gather: gather,
  Pad: pad,
  Concat: concat,
};
