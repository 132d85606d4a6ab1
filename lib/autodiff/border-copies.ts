import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { gatherAdjoint } from "./gather-adjoint.ts";
import type { Pads } from "./padding.ts";

/** A border filled with elements of the tensor itself. */
export interface CopiedBorder {
  /** Before padding. */
  readonly shape: readonly number[];
  readonly pads: Pads;
  readonly mode: "edge" | "reflect";
}

/**
 * Adjoint of padding with copies: adds the border to the elements it was copied from.
 *
 * Axis by axis: the copies of edge and reflect mode are those of each axis in turn.
 */
export function unpadCopies(
  graph: GraphBuilder,
  dY: Value,
  { shape, pads, mode }: CopiedBorder,
): Value {
  return shape.reduce((value, length, axis) => {
    const [begin, end] = [pads.begins[axis]!, pads.ends[axis]!];
    if (begin === 0 && end === 0) return value;
    const indices = Array.from({ length: begin + length + end }, (_, i) =>
      SOURCE_INDEX[mode](i - begin, length),
    );
    return gatherAdjoint(graph, value, { axis, indices, length });
  }, dY);
}

/** Which element of 0 ... length - 1 lies at `place`, which may be outside. */
const SOURCE_INDEX = {
  edge: (place: number, length: number) => Math.min(Math.max(place, 0), length - 1),
  reflect: (place: number, length: number) => {
    const period = Math.max(2 * (length - 1), 1);
    const folded = ((place % period) + period) % period;
    return folded < length ? folded : period - folded;
  },
} as const;
