import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { sliceRanges } from "../../onnx/operators/select.ts";
import { movement } from "../forward.ts";
import { interleaveZeros } from "../interleave-zeros.ts";
import { padWith } from "../padding.ts";
import type { VjpRule } from "../rule.ts";
import { slice } from "../shaping.ts";

/**
 * Strided slice: Y[i] = X[first + i step] along each sliced axis.
 *
 *     dX = dY, reversed where step < 0, with |step| - 1 zeros after each element, padded with zeros
 *
 * X: any shape; Y: the same rank. `starts`, `ends`, `axes` and `steps` are constants; negative and
 * out-of-range bounds as ONNX has them.
 *
 * Source: ONNX operator Slice-13.
 */
export const sliceVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  const shape = graph.shapeOf(input(0));
  const ranges = sliceRanges(node, facts);

  return movement(context, (dY) => {
    let spread = dY;
    const begins = ranges.map(({ start, step, count }, axis) => {
      if (step < 0) spread = reversed(graph, spread, axis);
      spread = interleaveZeros(graph, spread, axis, Math.abs(step));
      return step > 0 ? start : start + (count - 1) * step;
    });
    const reached = graph.shapeOf(spread);
    const ends = shape.map((length, axis) => length - begins[axis]! - reached[axis]!);
    return padWith(graph, spread, { begins, ends }, 0);
  });
};

/** Elements in the opposite order along `axis`. */
function reversed(graph: GraphBuilder, value: Value, axis: number): Value {
  const beforeFirst = -graph.shapeOf(value)[axis]! - 1;
  return slice(graph, value, { axis, start: -1, end: beforeFirst, step: -1 });
}
