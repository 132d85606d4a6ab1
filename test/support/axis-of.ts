import { expect } from "vitest";

import { channelAxes } from "../../lib/onnx/channel-axis.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import type { Tensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";
import { uniform } from "./random.ts";

/** The axis of `value` where nodes make it of `a`, 16 channels [1, 16, 12, 12]. */
export function axisOf(
  value: string,
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>>,
) {
  const read = sketch({
    inputs: { image: [1, 3, 12, 12] },
    nodes: [node("Conv", "image kernel", "a"), ...nodes],
    outputs: [value],
    initializers: { kernel: uniform([16, 3, 1, 1], 1), ...initializers },
  });
  const specialised = specialise(decodeModel(writeModel(read, 18)), [1, 3, 12, 12]);
  expect([...specialised.problems.values()]).toEqual([]);
  return channelAxes(specialised).get(value);
}
