import { expect, test } from "vitest";

import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { batchSize } from "../../../lib/optvis/ascent/batch-size.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { networkOf, taskOf } from "./engine-task.ts";

const [HEIGHT, WIDTH] = [8, 6];

/** Patches and a class token as a vision transformer exported for one image joins them. */
const transformer = networkOf(
  [
    node("Conv", "image w", "patches", { strides: [2, 2] }),
    node("Reshape", "patches rows", "row"),
    node("Concat", "token row", "y", { axis: 2 }),
  ],
  { w: normal([5, 3, 2, 2], 1), rows: intsTensor([1, 5, 12]), token: normal([1, 5, 1], 2) },
  { height: HEIGHT, width: WIDTH },
);

test.each([
  { provider: "cuda", layer: "patches", count: 7, wanted: 7 },
  { provider: "cuda", layer: "patches", count: 70, wanted: 32 },
  { provider: "cuda", layer: "y", count: 7, wanted: 1 },
  { provider: "cpu", layer: "patches", count: 7, wanted: 1 },
] as const)("$count images of $layer on $provider: $wanted at once", (each) => {
  const { provider, layer, count, wanted } = each;
  const task = taskOf(transformer, layer, { channels: [1], provider });
  expect(batchSize(task, task.levels[0]!.size, count)).toBe(wanted);
});
