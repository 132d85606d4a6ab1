import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { type AxisWindow, withOverhang } from "../../../onnx/operators/window.ts";
import { crop } from "../../padding.ts";
import { addedUp, reshapeTo, zeros } from "../../shaping.ts";
import type { MaxPooling } from "../forms.ts";
import { everyPixel, phaseLattice, tapLattice } from "./lattice.ts";
import { oneHotTaps, slicedTaps, type Taps } from "./taps.ts";

/** Taps and strides are nodes of their own: beyond that many of each, scattering is cheaper. */
const MOST_TAPS = 16;

/** Whether the pool can be taken apart by axis, and it is worth it. */
export function isSeparable(pool: MaxPooling): boolean {
  const isSmall = ({ kernel, stride }: AxisWindow) => kernel <= MOST_TAPS && stride <= MOST_TAPS;
  return canSeparate(pool) && pool.windows.every(isSmall);
}

/** Whether the pool is two-dimensional and undilated, so that it can be taken apart by axis. */
export function canSeparate({ windows }: MaxPooling): boolean {
  return windows.length === 2 && windows.every(({ dilation }) => dilation === 1);
}

/**
 * A max pool taken apart: first along the rows, then along the columns.
 *
 *     R[i, o] = max of row i of X over window o;  Y[p, o] = max of column o of R over window p
 *
 * On the way back the rows of R fall into phases by their place modulo the stride, and so do the
 * pixels of X. Each phase is computed on its own, and only at the end are they woven into an image:
 * once, on [H, W], or never where the reader takes phases.
 */
export function separableMaxPool(graph: GraphBuilder, x: Value, pool: MaxPooling): PhasedPool {
  const windows = pool.windows.map(withOverhang);
  const [vertical, horizontal] = windows as [AxisWindow, AxisWindow];
  const rows = poolAlong(graph, 3, horizontal, x);
  const y = poolAlong(graph, 2, vertical, rows);
  const taps = pool.isRectified ? oneHotTaps(graph) : slicedTaps(graph, windows);
  const along = (axis: 2 | 3, window: AxisWindow) => ({ graph, taps, axis, window });

  const pullback = (dY: Value) => {
    const places = everyPixel(horizontal.output);
    const ofRows = pullAlong(along(2, vertical), taps.settle(dY), (tap) =>
      taps.mask(rows, [tapLattice(vertical, tap), places], y),
    );
    const phases = ofRows.map((dRows, phase) => {
      const lattice = phaseLattice(vertical, phase);
      const maxima = taps.read(rows, [lattice, places]);
      return pullAlong(along(3, horizontal), dRows, (tap) =>
        taps.mask(x, [lattice, tapLattice(horizontal, tap)], maxima),
      );
    });
    return {
      dX: weave(graph, phases, graph.shapeOf(x)),
      phases: windows.every(({ input, stride }) => input >= stride)
        ? () => withoutSurplus(taps, phases, windows)
        : null,
    };
  };
  return { y, pullback };
}

/**
 * Cells of what is after its stride in both axes: `phases[p][q][i, j]` is at (s i + p, t j + q).
 */
export type Phases = readonly (readonly Value[])[];

export interface PhasedPool {
  readonly y: Value;
  readonly pullback: (dY: Value) => {
    readonly dX: Value;
    /** `null`: of an image smaller than the stride some have no cell. */
    readonly phases: (() => Phases) | null;
  };
}

/** The phases without the cells that lie after the end of the image. */
function withoutSurplus(taps: Taps, phases: Phases, windows: readonly AxisWindow[]): Phases {
  const [vertical, horizontal] = windows as [AxisWindow, AxisWindow];
  const cells = ({ input, stride }: AxisWindow, phase: number) =>
    Math.ceil((input - phase) / stride);
  return phases.map((ofRow, p) =>
    ofRow.map((value, q) => {
      const rows = taps.place(value, 2, 0, cells(vertical, p));
      return taps.place(rows, 3, 0, cells(horizontal, q));
    }),
  );
}

function poolAlong(graph: GraphBuilder, axis: 2 | 3, window: AxisWindow, x: Value): Value {
  const { kernel, stride, padBegin, padEnd } = window;
  if (isIdentity(window)) return x;
  const pair = (along: number, across: number) => (axis === 2 ? [along, across] : [across, along]);
  return graph.emit("MaxPool", [x], {
    kernel_shape: pair(kernel, 1),
    strides: pair(stride, 1),
    pads: [...pair(padBegin, 0), ...pair(padEnd, 0)],
  });
}

/** A window of one pixel has no padding. */
const isIdentity = ({ kernel, stride }: AxisWindow) => kernel === 1 && stride === 1;

interface Along {
  readonly graph: GraphBuilder;
  readonly taps: Taps;
  readonly axis: 2 | 3;
  readonly window: AxisWindow;
}

/**
 * Gradient of a one-dimensional max pool, first match wins.
 *
 *     g_t = mask_t * remainder;  remainder -= g_t;  the last tap takes what is left
 *     dX[s i - p + t] += g_t[i]
 *
 * The remainder conserves the gradient exactly, and the last tap needs no comparison.
 *
 * @param dY [N, C, H', W'] with the pooled length along the axis
 * @param maskOf 1 where the tap holds the window's maximum, in dY's shape
 * @returns the phases of dX along the axis, as many as the stride
 */
function pullAlong(
  { graph, taps, axis, window }: Along,
  dY: Value,
  maskOf: (tap: number) => Value,
): readonly Value[] {
  const { kernel, stride, padBegin } = window;
  const gradients: Value[] = [];
  let remainder = dY;
  for (let tap = 0; tap < kernel - 1; tap++) {
    const gradient = graph.emit("Mul", [maskOf(tap), remainder]);
    gradients.push(gradient);
    remainder = taps.subtract(remainder, gradient);
  }
  gradients.push(remainder);

  const count = graph.shapeOf(dY)[axis]!;
  return Array.from({ length: stride }, (_, phase) => {
    const { length } = phaseLattice(window, phase);
    const placed = gradients.flatMap((gradient, tap) => {
      const cells = (tap - padBegin - phase) / stride;
      // a tap of a window larger than the image may read padding alone
      const isRead = Number.isInteger(cells) && cells > -count && cells < length;
      return isRead ? [taps.place(gradient, axis, cells, length)] : [];
    });
    // a stride longer than the window leaves phases that no tap reaches
    if (placed.length === 0) return zeros(graph, graph.shapeOf(dY).with(axis, length));
    return addedUp(graph, placed);
  });
}

/**
 * The image of which every pixel is in one phase, without what lies after its end.
 *
 *     out[s i + p, t j + q] = phases[p][q][i, j]
 */
function weave(graph: GraphBuilder, phases: Phases, shape: readonly number[]): Value {
  const [n = 0, channels = 0, rows = 0, columns = 0] = graph.shapeOf(phases[0]![0]!);
  const [down, across] = [phases.length, phases[0]!.length];
  // rows side by side, read row by row, are the rows in turn
  const ofColumn = Array.from({ length: across }, (_, q) => {
    const parts = phases.map((ofRow) => ofRow[q]!);
    return down === 1 ? parts[0]! : graph.emit("Concat", parts, { axis: 3 });
  });
  const woven = () => {
    const apart = ofColumn.map((part) => graph.emit("Unsqueeze", [part, graph.ints([4])]));
    return graph.emit("Concat", apart, { axis: 4 });
  };
  const whole = reshapeTo(graph, across === 1 ? ofColumn[0]! : woven(), [
    n,
    channels,
    rows * down,
    columns * across,
  ]);
  const [, , height = 0, width = 0] = shape;
  return crop(graph, whole, {
    begins: [0, 0, 0, 0],
    ends: [0, 0, rows * down - height, columns * across - width],
  });
}
