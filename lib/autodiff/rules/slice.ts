import type { Value } from "../../onnx/model.ts";
import { fromStart } from "../axes.ts";
import { constantNumbers } from "../constant-inputs.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { padZeros } from "../padding.ts";
import type { VjpRule, VjpContext } from "../rule.ts";
import { interleaveZeros, reversed } from "../spread.ts";

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
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const y = emitForward(context);
  const inputShape = graph.shapeOf(x);
  const cuts = slicedAxes(context, inputShape, graph.shapeOf(y));

  const pull = (dY: Value) => {
    const begins = inputShape.map(() => 0);
    const ends = inputShape.map(() => 0);
    let spread = dY;
    for (const { axis, lowest, step, length } of cuts) {
      if (step < 0) spread = reversed(graph, spread, axis);
      spread = interleaveZeros(graph, spread, axis, Math.abs(step));
      begins[axis] = lowest;
      ends[axis] = inputShape[axis]! - lowest - ((length - 1) * Math.abs(step) + 1);
    }
    return [padZeros(graph, spread, begins, ends)];
  };
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) };
};

interface Cut {
  readonly axis: number;
  /** Smallest index of X that is read. */
  readonly lowest: number;
  readonly step: number;
  /** Elements of Y along the axis. */
  readonly length: number;
}

function slicedAxes(
  context: VjpContext,
  inputShape: readonly number[],
  outputShape: readonly number[],
): readonly Cut[] {
  const starts = constantNumbers(context, 1, "starts") ?? [];
  const axes = constantNumbers(context, 3, "axes") ?? starts.map((_, i) => i);
  const steps = constantNumbers(context, 4, "steps") ?? starts.map(() => 1);
  return starts.map((start, i) => {
    const axis = fromStart(axes[i]!, inputShape.length);
    const step = steps[i]!;
    const size = inputShape[axis]!;
    const length = outputShape[axis]!;
    const last = step > 0 ? size : size - 1;
    const first = Math.min(Math.max(fromStart(start, size), 0), last);
    return { axis, step, length, lowest: step > 0 ? first : first + (length - 1) * step };
  });
}
