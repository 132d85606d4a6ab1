import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import type { AxisWindow } from "../window.ts";

/** A one-dimensional pool along one axis of [N, C, H, W]; `padEnd` includes what ceil_mode adds. */
export interface PoolAxis {
  readonly graph: GraphBuilder;
  /** 2 is height, 3 width. */
  readonly axis: 2 | 3;
  readonly window: AxisWindow;
}

/** How the taps of a pool's windows are read and written; the forms differ in speed. */
export interface Taps {
  /** 1 where tap `t` of a window holds the window's maximum `y`, else 0; shape of `y`. */
  readonly mask: (t: number, y: Value) => Value;
  readonly subtract: (a: Value, b: Value) => Value;
  /** `out[j] = value[j - offset]` for 0 <= j < `length` along the axis, 0 outside. */
  readonly place: (value: Value, offset: number, length: number) => Value;
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
export function poolAxisPullback(pool: PoolAxis, taps: Taps, y: Value, dY: Value): Value {
  const { graph, window } = pool;
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
    return placed.length > 0 ? placed.reduce(add) : zeros(pool, dY, cells);
  });
  return cut(pool, interleave(pool, phases, cells), padBegin, input);
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

/** `length` pixels from `begin`; pixels that no window reached are zero. */
function cut({ graph, axis }: PoolAxis, value: Value, begin: number, length: number): Value {
  const missing = begin + length - graph.shapeOf(value)[axis]!;
  const pads = Array.from({ length: 8 }, (_, i) => (i === axis + 4 ? missing : 0));
  const extended = missing > 0 ? graph.emit("Pad", [value, graph.ints(pads)]) : value;
  if (begin === 0 && graph.shapeOf(extended)[axis] === length) return extended;
  return graph.emit("Slice", [
    extended,
    graph.ints([begin]),
    graph.ints([begin + length]),
    graph.ints([axis]),
  ]);
}

/** The phase of a stride beyond the window, which no tap reaches. */
function zeros({ graph, axis }: PoolAxis, like: Value, cells: number): Value {
  const shape = graph.shapeOf(like).map((length, i) => (i === axis ? cells : length));
  return graph.emit("Expand", [graph.scalar(0), graph.ints(shape)]);
}
