import { slice } from "../../../autodiff/shaping.ts";
import type { Size } from "../../../image/raster.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";

/** What a crop sees beyond the edges of the canvas: mid-grey, or the canvas over again. */
export type SurroundName = "grey" | "wrapped";

/**
 * The canvas in a frame of what lies around it, so that every place has four pixels around it and
 * none needs a mask.
 */
export interface Surround {
  /** Of the canvas with its frame. */
  readonly size: Size;
  /** How far the canvas begins in the frame, right and down. */
  readonly origin: number;
  /** [N, planes, H, W] => [N, planes, ...size] */
  readonly framed: (graph: GraphBuilder, image: Value) => Value;
  /** The adjoint of `framed`, of the planes of `stretch` alone. */
  readonly pullback: (graph: GraphBuilder, framed: Value, stretch?: Stretch) => Value;
  /**
   * Places along an axis of the frame that is `length` pixels long => where they are read there,
   * from 0 to length - 1.
   */
  readonly placed: (graph: GraphBuilder, places: Value, length: number) => Value;
}

/** Some planes, and how many columns before the canvas's they begin. */
export interface Stretch {
  readonly first: number;
  readonly count: number;
  readonly before: number;
}

export const SURROUNDS: Readonly<Record<SurroundName, (canvas: Size) => Surround>> = {
  /** A border of zeros: what lies further out reads from the border. */
  grey: (canvas) => {
    const [height, width] = [canvas.height + 2, canvas.width + 2];
    return {
      size: { height, width },
      origin: 1,
      framed: (graph, image) => graph.emit("Pad", [image, graph.ints([0, 0, 1, 1, 0, 0, 1, 1])]),
      pullback: (graph, framed, stretch) => {
        const { first, count, before } = stretch ?? wholeOf(graph, framed);
        const starts = graph.ints([first, 1, 1 - before]);
        const ends = graph.ints([first + count, height - 1, width - 1 - before]);
        return graph.emit("Slice", [framed, starts, ends, graph.ints([1, 2, 3])]);
      },
      placed: clamped,
    };
  },
  /** The canvas over and over: of the next one the first row and column. */
  wrapped: ({ height, width }) => ({
    size: { height: height + 1, width: width + 1 },
    origin: 0,
    framed: (graph, image) => firstAgain(graph, firstAgain(graph, image, 2), 3),
    pullback: (graph, framed, stretch) => {
      const { first, count, before } = stretch ?? wholeOf(graph, framed);
      const planes = slice(graph, framed, { axis: 1, start: first, end: first + count });
      const rows = lastToFirst(graph, planes, { axis: 2, length: height });
      const columns = lastToFirst(graph, rows, { axis: 3, length: width });
      if (before === 0) return columns;
      const parts = [
        slice(graph, columns, { axis: 3, start: width - before, end: width }),
        slice(graph, columns, { axis: 3, start: 0, end: width - before }),
      ];
      return graph.emit("Concat", parts, { axis: 3 });
    },
    placed: (graph, places, length) => {
      const { sub, mul, div } = arithmetic(graph);
      const period = length - 1;
      const periods = graph.emit("Floor", [div(places, period)]);
      const rest = sub(places, mul(periods, period));
      // rounding may have taken it a little beyond either end
      return clamped(graph, rest, length);
    },
  }),
};

function clamped(graph: GraphBuilder, places: Value, length: number): Value {
  return graph.emit("Clip", [places, graph.scalar(0), graph.scalar(length - 1)]);
}

const wholeOf = (graph: GraphBuilder, framed: Value): Stretch => ({
  first: 0,
  count: graph.shapeOf(framed)[1] ?? 1,
  before: 0,
});

/** Lines of [N, planes, H, W] along an axis, each with its first pixel behind its last again. */
export function firstAgain(graph: GraphBuilder, value: Value, axis: number): Value {
  const first = slice(graph, value, { axis, start: 0, end: 1 });
  return graph.emit("Concat", [value, first], { axis });
}

/** The adjoint of `firstAgain`: what lies behind the `length` of the canvas is added to its first. */
export function lastToFirst(
  graph: GraphBuilder,
  value: Value,
  { axis, length }: { readonly axis: number; readonly length: number },
): Value {
  const first = slice(graph, value, { axis, start: 0, end: 1 });
  const last = slice(graph, value, { axis, start: length, end: length + 1 });
  const others = slice(graph, value, { axis, start: 1, end: length });
  return graph.emit("Concat", [graph.emit("Add", [first, last]), others], { axis });
}
