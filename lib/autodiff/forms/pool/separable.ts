import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { type AxisWindow, withOverhang } from "../../../onnx/operators/window.ts";
import { padWith, shiftAlong } from "../../padding.ts";
import { slice, zeros } from "../../shaping.ts";
import { compare } from "../comparison.ts";
import type { MaxPooling, Pooled } from "../forms.ts";
import { oneHotTaps, pairAlong, type PoolAxis, type Taps } from "./taps.ts";

/** Taps and strides are nodes of their own: beyond that many of each, scattering is cheaper. */
const MOST_TAPS = 16;

/** Whether the pool is two-dimensional and undilated, so that it can be taken apart by axis. */
export function isSeparable({ windows }: MaxPooling): boolean {
  const isPlain = ({ kernel, stride, dilation }: AxisWindow) =>
    dilation === 1 && kernel <= MOST_TAPS && stride <= MOST_TAPS;
  return windows.length === 2 && windows.every(isPlain);
}

/** Rows first, then columns: each is a one-dimensional pool with a cheap gradient. */
export function separableMaxPool(graph: GraphBuilder, x: Value, pool: MaxPooling): Pooled {
  const [vertical, horizontal] = pool.windows as readonly [AxisWindow, AxisWindow];
  const tapsOf = pool.isRectified ? oneHotTaps : slicedTaps;
  const rows = poolAlong({ graph, axis: 3, window: horizontal }, x, tapsOf);
  const columns = poolAlong({ graph, axis: 2, window: vertical }, rows.y, tapsOf);
  return { y: columns.y, pullback: (dY) => rows.pullback(columns.pullback(dY)) };
}

function poolAlong(pool: PoolAxis, x: Value, tapsOf: typeof oneHotTaps): Pooled {
  const { graph, axis } = pool;
  const window = withOverhang(pool.window);
  const { kernel, stride, padBegin, padEnd } = window;
  if (kernel === 1 && stride === 1 && padBegin + padEnd === 0) {
    return { y: x, pullback: (dY) => dY };
  }
  const pair = pairAlong(axis);
  const y = graph.emit("MaxPool", [x], {
    kernel_shape: pair(kernel, 1),
    strides: pair(stride, 1),
    pads: [...pair(padBegin, 0), ...pair(padEnd, 0)],
  });
  const along = { graph, axis, window };
  const taps = tapsOf(along, x);
  return { y, pullback: (dY) => pullAlong(along, taps, y, dY) };
}

/** Taps by strided slices of the padded input and exact comparison; any input, any provider. */
function slicedTaps({ graph, axis, window }: PoolAxis, x: Value): Taps {
  const { stride, padBegin, padEnd, output } = window;
  const none = [0, 0, 0, 0];
  const border = { begins: none.with(axis, padBegin), ends: none.with(axis, padEnd) };
  let padded: Value | null = null;

  return {
    mask: (t, y) => {
      padded ??= padWith(graph, x, border, -Infinity);
      const reach = { axis, start: t, end: t + (output - 1) * stride + 1, step: stride };
      return compare(graph, "Equal", slice(graph, padded, reach), y);
    },
    subtract: (a, b) => graph.emit("Sub", [a, b]),
    place: (value, offset, length) => shiftAlong(graph, value, { axis, offset, length }),
  };
}

/**
 * Gradient of a one-dimensional max pool, first match wins.
 *
 *     g_t = mask_t * remainder;  remainder -= g_t;  the last tap takes what is left
 *     dX[s i - p + t] += g_t[i]
 *
 * The remainder conserves the gradient exactly, and the last tap needs no comparison. Taps whose t
 * is equal modulo the stride s land on the same phase of the image; phases are then interleaved.
 *
 * @param dY [N, C, H', W'] with the pooled length along the axis.
 * @returns dX, with the input's length along the axis.
 */
function pullAlong(pool: PoolAxis, taps: Taps, y: Value, dY: Value): Value {
  const { graph, axis, window } = pool;
  const { kernel, stride, padBegin, input, output } = window;
  const gradients: Value[] = [];
  let remainder = dY;
  for (let t = 0; t < kernel - 1; t++) {
    const gradient = graph.emit("Mul", [taps.mask(t, y), remainder]);
    gradients.push(gradient);
    remainder = taps.subtract(remainder, gradient);
  }
  gradients.push(remainder);

  const add = (a: Value, b: Value) => graph.emit("Add", [a, b]);
  if (stride === 1) {
    return gradients.map((g, t) => taps.place(g, t - padBegin, input)).reduce(add);
  }
  const cells = output + Math.floor((kernel - 1) / stride);
  const phases = Array.from({ length: stride }, (_, phase) => {
    const placed = gradients.flatMap((g, t) =>
      t % stride === phase ? [taps.place(g, Math.floor(t / stride), cells)] : [],
    );
    // a stride longer than the window leaves phases that no tap reaches
    const shape = graph.shapeOf(dY).with(axis, cells);
    return placed.length > 0 ? placed.reduce(add) : zeros(graph, shape);
  });
  const shift = { axis, offset: -padBegin, length: input };
  return shiftAlong(graph, interleave(pool, phases, cells), shift);
}

/** out[s j + r] = phases[r][j] along the axis. */
function interleave({ graph, axis }: PoolAxis, phases: readonly Value[], cells: number): Value {
  const [n = 0, c = 0, h = 0, w = 0] = graph.shapeOf(phases[0]!);
  const shape = axis === 2 ? [n, c, cells * phases.length, w] : [n, c, h, cells * phases.length];
  if (axis === 2) {
    // rows side by side, read row by row, are the interleaved rows
    const sideBySide = graph.emit("Concat", phases, { axis: 3 });
    return graph.emit("Reshape", [sideBySide, graph.ints(shape)]);
  }
  const columns = phases.map((phase) => graph.emit("Unsqueeze", [phase, graph.ints([4])]));
  const stacked = graph.emit("Concat", columns, { axis: 4 });
  return graph.emit("Reshape", [stacked, graph.ints(shape)]);
}
