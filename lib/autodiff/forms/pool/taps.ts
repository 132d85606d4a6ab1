import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import { float, type Value } from "../../../onnx/model.ts";
import type { AxisWindow } from "../../../onnx/operators/window.ts";
import { padWith, shiftAlong } from "../../padding.ts";
import { compare } from "../comparison.ts";
import { oneHotConv } from "../one-hot-conv.ts";
import { everyPixel, type Grid, type Lattice, phaseLattice } from "./lattice.ts";

/** How the cells of a pool's windows are read and written; all values are [N, C, H, W]. */
export interface Taps {
  /** The pixels of a grid; what lies outside the image is never larger than anything inside. */
  readonly read: (value: Value, grid: Grid) => Value;
  /** 1 where the pixel of the grid is the window's maximum, else 0; shape of `maxima`. */
  readonly mask: (value: Value, grid: Grid, maxima: Value) => Value;
  readonly subtract: (a: Value, b: Value) => Value;
  /** `out[j] = value[j - offset]` for 0 <= j < `length` along the axis, 0 outside. */
  readonly place: (value: Value, axis: 2 | 3, offset: number, length: number) => Value;
  /** The same value, in the layout in which the others are cheapest. */
  readonly settle: (value: Value) => Value;
}

/**
 * Never larger than anything in an image. Not an infinity, which a shader may take for anything.
 */
export const LOWEST = -Math.fround(3.4e38);

/** Times any difference of two float32 activations larger than 1e-18 this exceeds 1. */
const STEEP = 2 ** 60;

/**
 * Taps by depthwise convolutions with one-hot kernels, for a rectified input on the CPU.
 *
 * Convolution, addition and multiplication run in ONNX Runtime's blocked layout (NCHWc), so nothing
 * is reordered between the network's convolutions and these. Padding reads as zero where a max
 * pool's is -infinity: right for rectified inputs alone, whose zeros pass no gradient on.
 *
 *     z = y - x_t >= 0;  mask = max(0, 1 - STEEP z)
 *
 * The mask is a HardSigmoid: ONNX Runtime makes one node of it, the subtraction and the convolution
 * that reads x_t.
 */
export function oneHotTaps(graph: GraphBuilder): Taps {
  const inPlace = (value: Value): Grid => {
    const [, , height = 1, width = 1] = graph.shapeOf(value);
    return [everyPixel(height), everyPixel(width)];
  };
  const scaled = (value: Value, factor: number) => oneHotConv(graph, value, inPlace(value), factor);
  const add = (a: Value, b: Value) => graph.emit("Add", [a, b]);

  const read = (value: Value, grid: Grid) =>
    isWhole(graph, value, grid) ? value : oneHotConv(graph, value, grid);

  return {
    read,
    mask: (value, grid, maxima) => {
      const less = add(oneHotConv(graph, value, grid, -1), maxima);
      return graph.emit("HardSigmoid", [less], { alpha: float(-STEEP), beta: float(1) });
    },
    subtract: (a, b) => add(scaled(b, -1), a),
    place: (value, axis, offset, length) => {
      const along = { offset: -offset, stride: 1, length };
      const [rows, columns] = inPlace(value);
      return read(value, axis === 2 ? [along, columns] : [rows, along]);
    },
    // a product with one operand in the plain layout would take the other out of the blocked one
    settle: (value) => scaled(value, 1),
  };
}

/** Taps by strided slices of the padded input and exact comparison; any input, any provider. */
export function slicedTaps(graph: GraphBuilder, windows: readonly AxisWindow[]): Taps {
  const padded = new Map<string, Value>();
  /** Before and after an axis: enough for every tap and every phase, so that one Pad serves all. */
  const border = (window: AxisWindow, lattice: Lattice) => {
    if (isEveryPixel(lattice, window.input)) return { begin: 0, end: 0 };
    const { stride, length } = phaseLattice(window, 0);
    return {
      begin: window.padBegin,
      end: Math.max(window.padEnd, stride * length - window.input),
    };
  };
  const read = (value: Value, grid: Grid) => {
    if (isWhole(graph, value, grid)) return value;
    const borders = grid.map((lattice, i) => border(windows[i]!, lattice));
    const key = `${value} ${borders.map(({ begin, end }) => `${begin} ${end}`).join(" ")}`;
    const pads = {
      begins: [0, 0, ...borders.map(({ begin }) => begin)],
      ends: [0, 0, ...borders.map(({ end }) => end)],
    };
    const whole = padded.get(key) ?? padWith(graph, value, pads, LOWEST);
    padded.set(key, whole);
    const starts = grid.map(({ offset }, i) => offset + borders[i]!.begin);
    const ends = grid.map(({ stride, length }, i) => starts[i]! + (length - 1) * stride + 1);
    const steps = grid.map(({ stride }) => stride);
    const bounds = [starts, ends, [2, 3], steps].map((bound) => graph.ints(bound));
    return graph.emit("Slice", [whole, ...bounds]);
  };
  return {
    read,
    mask: (value, grid, maxima) => compare(graph, "Equal", read(value, grid), maxima),
    subtract: (a, b) => graph.emit("Sub", [a, b]),
    place: (value, axis, offset, length) => shiftAlong(graph, value, { axis, offset, length }),
    settle: (value) => value,
  };
}

const isEveryPixel = ({ offset, stride, length }: Lattice, input: number) =>
  offset === 0 && stride === 1 && length === input;

function isWhole(graph: GraphBuilder, value: Value, grid: Grid): boolean {
  const shape = graph.shapeOf(value);
  return grid.every((lattice, i) => isEveryPixel(lattice, shape[2 + i]!));
}
