import { DataType, integerRange } from "../element-type.ts";
import type { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { nodeError } from "../node.ts";
import { roundHalfEven } from "../rounding.ts";
import {
  filled,
  type FloatTensor,
  floatTensor,
  formatShape,
  sizeOf,
  type Tensor,
  toNumbers,
} from "../tensor.ts";
import { countTo, pick } from "./elements.ts";

/** Which numbers the integers of a quantised tensor stand for: (integer - zero point) * scale. */
export interface IntegerGrid {
  /** "" for 1. */
  readonly scale: Value;
  /** "" for 0. */
  readonly zeroPoint: Value;
  /** `TensorProto.DataType` number of the integers, where the zero point does not tell. */
  readonly stored: number;
  /** Along which scale and zero point differ, where they are no single numbers. */
  readonly axis: number;
  /** Neighbours along the axis that share a scale; 0: each has its own. */
  readonly blockSize: number;
}

/** A grid whose numbers are known, each of the shape of the tensor or broadcasting to it. */
export interface KnownGrid {
  readonly scale: FloatTensor;
  readonly zeroPoint: FloatTensor;
  /** Smallest and largest integer. */
  readonly range: readonly [least: number, most: number];
}

/** Elements of dequantised constants beyond those that the file has. */
const MORE_ELEMENTS = 2 ** 20;

/** What is known of the integers of one graph. */
export class NumbersOfIntegers {
  readonly #real = new Map<Value, { readonly real: Value; readonly grid: KnownGrid }>();
  readonly #constants = new Map<string, Value>();
  #toMake: number;

  /** @param elements of the file's constants: few tensors stand for more than one of numbers */
  constructor(elements: number) {
    this.#toMake = 2 * elements + MORE_ELEMENTS;
  }

  /** Remembers that integers were made of numbers, which are at hand. */
  remember(integers: Value, real: Value, grid: KnownGrid): void {
    this.#real.set(integers, { real, grid });
  }

  /** The numbers that integers were made of, if they stand for the same on this grid. */
  realOf(integers: Value, grid: KnownGrid): Value | null {
    const known = this.#real.get(integers);
    if (!known) return null;
    const isSame = (a: FloatTensor, b: FloatTensor) =>
      a.shape.join() === b.shape.join() && a.data.every((x, i) => x === b.data[i]);
    const { scale, zeroPoint } = known.grid;
    return isSame(scale, grid.scale) && isSame(zeroPoint, grid.zeroPoint) ? known.real : null;
  }

  /**
   * A constant made of another, once for all nodes that want the same.
   *
   * @returns `null` past the budget of a file that would have its weights many times over
   */
  constant(key: readonly unknown[], elements: number, make: () => Value): Value | null {
    const name = JSON.stringify(key);
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    if (elements > this.#toMake) return null;
    this.#toMake -= elements;
    const value = make();
    this.#constants.set(name, value);
    return value;
  }
}

/**
 * A grid's numbers for a tensor of that many axes.
 *
 * @param shape of the tensor; lengths are asked for in blocks only
 * @throws ModelError if they do not fit the tensor
 */
export function knownGrid(
  node: Node,
  { scale, zeroPoint }: { readonly scale: Tensor | null; readonly zeroPoint: Tensor | null },
  { axis, blockSize, stored: declared }: Omit<IntegerGrid, "scale" | "zeroPoint">,
  shape: readonly number[],
): KnownGrid {
  const spread = (tensor: Tensor) => {
    const floats = floatTensor(tensor.shape, toNumbers(tensor));
    if (sizeOf(tensor.shape) === 1) return { ...floats, shape: [] };
    const rank = shape.length;
    const along = axis < 0 ? axis + rank : axis;
    const length = shape[along];
    if (length === undefined) throw misfit(node, tensor.shape, axis, shape);
    if (blockSize > 0) return blocks(node, floats, { along, blockSize, shape });
    if (tensor.shape.length === rank && rank > 1) return floats;
    if (tensor.shape.length !== 1) throw misfit(node, tensor.shape, axis, shape);
    return { ...floats, shape: filled(rank, 1).with(along, sizeOf(tensor.shape)) };
  };
  const stored = zeroPoint?.type === "float32" ? zeroPoint.stored : undefined;
  return {
    scale: scale ? spread(scale) : floatTensor([], [1]),
    zeroPoint: zeroPoint ? spread(zeroPoint) : floatTensor([], [0]),
    range: integerRange(stored ?? declared) ?? integerRange(DataType.uint8)!,
  };
}

/** One number for each element, of one for each block. */
function blocks(
  node: Node,
  floats: FloatTensor,
  {
    along,
    blockSize,
    shape,
  }: { readonly along: number; readonly blockSize: number; readonly shape: readonly number[] },
): FloatTensor {
  const wanted = shape.with(along, Math.ceil(shape[along]! / blockSize));
  if (floats.shape.join() !== wanted.join()) throw misfit(node, floats.shape, along, shape);
  const indices = shape.map((length, axis) =>
    countTo(length).map((i) => (axis === along ? Math.floor(i / blockSize) : i)),
  );
  return floatTensor(shape, toNumbers(pick(floats, indices)));
}

/** The numbers that constant integers stand for. */
export function realNumbers(node: Node, integers: Tensor, grid: KnownGrid): FloatTensor {
  return mapped(node, integers, grid, (q, scale, zeroPoint) => (q - zeroPoint) * scale);
}

/** Constant numbers as integers of a grid, and back: what is left of them. */
export function roundedNumbers(node: Node, real: Tensor, grid: KnownGrid): FloatTensor {
  const [least, most] = grid.range;
  return mapped(node, real, grid, (x, scale, zeroPoint) => {
    const q = roundHalfEven(x / scale) + zeroPoint;
    return (Math.min(Math.max(q, least), most) - zeroPoint) * scale;
  });
}

function mapped(
  node: Node,
  tensor: Tensor,
  grid: KnownGrid,
  f: (x: number, scale: number, zeroPoint: number) => number,
): FloatTensor {
  const { shape } = tensor;
  const indexOf = indexInto(node, shape);
  const [scaleAt, zeroPointAt] = [indexOf(grid.scale), indexOf(grid.zeroPoint)];
  const { data: scales } = grid.scale;
  const { data: zeroPoints } = grid.zeroPoint;
  if (tensor.type === "opaque") throw new Error("internal: an opaque tensor has no numbers");
  const values: ArrayLike<number> = tensor.type === "int64" ? toNumbers(tensor) : tensor.data;
  const data = new Float32Array(values.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = f(values[i]!, scales[scaleAt(i)]!, zeroPoints[zeroPointAt(i)]!);
  }
  return floatTensor(shape, data);
}

/** Where an element of a tensor finds its number in one that broadcasts to the tensor. */
function indexInto(node: Node, shape: readonly number[]) {
  return (numbers: FloatTensor): ((i: number) => number) => {
    if (numbers.data.length === 1) return () => 0;
    if (numbers.data.length === sizeOf(shape)) return (i) => i;
    const axis = numbers.shape.findIndex((length) => length > 1);
    const length = shape[axis];
    if (length !== numbers.data.length) throw misfit(node, numbers.shape, axis, shape);
    const stride = sizeOf(shape.slice(axis + 1));
    return (i) => Math.floor(i / stride) % length;
  };
}

function misfit(
  node: Node,
  numbers: readonly number[],
  axis: number,
  shape: readonly number[],
): ModelError {
  return nodeError(
    node,
    `scale or zero point of ${formatShape(numbers)} does not fit axis ${axis} of ${formatShape(shape)}`,
  );
}
