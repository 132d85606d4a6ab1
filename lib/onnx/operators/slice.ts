import type { Node } from "../model.ts";
import { mismatch } from "../node.ts";
import { normaliseAxis } from "./axes.ts";
import { countTo, pick } from "./elements.ts";
import { constantInts, input, type Inputs, operand, requiredInts } from "./inputs.ts";
import type { Operator } from "./operator.ts";
import { intsInput, withInputs } from "./upgrade.ts";

/** The elements `start`, `start + step`, ... of an axis, `count` of them. */
export interface AxisRange {
  readonly start: number;
  /** Negative: backwards. */
  readonly step: number;
  readonly count: number;
}

/**
 * What a Slice node keeps of each axis of its input.
 *
 * Starts and ends count from the end where negative, then are clamped to the axis; a negative step
 * goes backwards and may end before element 0. Source: ONNX operator Slice-13.
 */
export function sliceRanges(node: Node, inputs: Inputs): readonly AxisRange[] {
  const { shape } = input(node, inputs, 0);
  const starts = requiredInts(node, inputs, 1);
  const ends = requiredInts(node, inputs, 2);
  const axes = constantInts(node, inputs, 3) ?? [...starts.keys()];
  const steps = constantInts(node, inputs, 4) ?? starts.map(() => 1);
  if (new Set([starts.length, ends.length, axes.length, steps.length]).size !== 1) {
    throw mismatch(node, "starts, ends, axes and steps differ in length");
  }
  const ranges = shape.map((length): AxisRange => ({ start: 0, step: 1, count: length }));
  axes.forEach((given, i) => {
    const axis = normaliseAxis(node, given, shape.length);
    const length = shape[axis]!;
    const step = steps[i]!;
    if (step === 0) throw mismatch(node, `step 0 on axis ${axis}`);
    const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
    const place = (index: number) =>
      Math.min(highest, Math.max(lowest, index < 0 ? index + length : index));
    const start = Math.max(0, place(starts[i]!));
    const end = place(ends[i]!);
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

export const slice: Operator = {
  infer: (node, inputs) => [
    {
      type: input(node, inputs, 0).type,
      shape: sliceRanges(node, inputs).map(({ count }) => count),
    },
  ],
  fold: (node, inputs) => {
    const indices = sliceRanges(node, inputs).map(({ start, step, count }) =>
      countTo(count).map((i) => start + i * step),
    );
    return [pick(operand(node, inputs, 0), indices)];
  },
  // attributes until opset 10
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 10) return [node];
    const list = (name: string) => intsInput(node, rewriting, name);
    return [withInputs(node, { starts: list("starts"), ends: list("ends"), axes: list("axes") })];
  },
};
