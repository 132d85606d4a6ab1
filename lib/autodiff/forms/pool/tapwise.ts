import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { type AxisWindow, withOverhang } from "../../../onnx/operators/window.ts";
import { requireWithin } from "../../../onnx/budgets.ts";
import { interleaveZeros } from "../../interleave-zeros.ts";
import { crop, padWith } from "../../padding.ts";
import { addedUp } from "../../shaping.ts";
import { compare } from "../comparison.ts";
import type { MaxPooling, Pooled } from "../forms.ts";
import { LOWEST } from "./taps.ts";

/** A few nodes for each tap: beyond that many the graph would be mostly these. */
const MOST_TAPS = 512;

/**
 * A max pool of any rank, stride and dilation whose gradient goes through its windows' taps one by
 * one, in row-major order: the first that holds the maximum takes what is left of dY.
 *
 *     g_t = (x_t = y) * remainder;  remainder -= g_t;  dX[s i - p + d t] += g_t[i]
 *
 * @throws BudgetError for a window of more than `MOST_TAPS` taps
 */
export function tapwiseMaxPool(graph: GraphBuilder, x: Value, pool: MaxPooling): Pooled {
  const windows = pool.windows.map(withOverhang);
  const taps = tapsOf(windows);
  requireWithin("a max pool on WebGPU", taps.length, "taps in a window", MOST_TAPS);
  const y = graph.emit("MaxPool", [x], pool.attributes);
  const shape = graph.shapeOf(x);
  const around = {
    begins: [0, 0, ...windows.map(({ padBegin }) => padBegin)],
    ends: [0, 0, ...windows.map(({ padEnd }) => padEnd)],
  };
  const padded = shape.map((length, axis) => length + around.begins[axis]! + around.ends[axis]!);
  /** Axis lengths of what one tap reads, first to last. */
  const reach = windows.map(({ stride, output }) => (output - 1) * stride + 1);
  const axes = windows.map((_, i) => i + 2);

  const pullback = (dY: Value) => {
    const image = padWith(graph, x, around, LOWEST);
    const strides = windows.map(({ stride }) => stride);
    const read = (tap: readonly number[]) => {
      const ends = tap.map((start, i) => start + reach[i]!);
      const bounds = [tap, ends, axes, strides].map((bound) => graph.ints(bound));
      return graph.emit("Slice", [image, ...bounds]);
    };
    const place = (gradient: Value, tap: readonly number[]) => {
      const spread = axes.reduce(
        (value, axis, i) => interleaveZeros(graph, value, axis, strides[i]!),
        gradient,
      );
      const begins = [0, 0, ...tap];
      const ends = padded.map((length, axis) =>
        axis < 2 ? 0 : length - tap[axis - 2]! - reach[axis - 2]!,
      );
      return padWith(graph, spread, { begins, ends }, 0);
    };
    let remainder = dY;
    const parts = taps.map((tap, i) => {
      // what no earlier tap took is the last one's
      if (i === taps.length - 1) return place(remainder, tap);
      const gradient = graph.emit("Mul", [compare(graph, "Equal", read(tap), y), remainder]);
      remainder = graph.emit("Sub", [remainder, gradient]);
      return place(gradient, tap);
    });
    return crop(graph, addedUp(graph, parts), around);
  };
  return { y, pullback };
}

/** Where each tap of the first window lies in the padded image, in row-major order. */
function tapsOf(windows: readonly AxisWindow[]): readonly (readonly number[])[] {
  return windows.reduce<readonly (readonly number[])[]>(
    (places, { kernel, dilation }) =>
      places.flatMap((place) =>
        Array.from({ length: kernel }, (_, tap) => [...place, tap * dilation]),
      ),
    [[]],
  );
}
