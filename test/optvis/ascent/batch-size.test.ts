import { expect, test } from "vitest";

import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { batchSize } from "../../../lib/optvis/ascent/batch-size.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { networkOf, taskOf } from "./engine-task.ts";

const [HEIGHT, WIDTH] = [8, 6];

/** Its pictures lose the axis of the batch on their way, so that there can be one alone. */
const single = networkOf(
  [
    node("Conv", "image w", "patches", { strides: [2, 2] }),
    node("Squeeze", "patches first", "picture"),
    node("Unsqueeze", "picture first", "again"),
    node("Conv", "again v", "y"),
  ],
  { w: normal([5, 3, 2, 2], 1), first: intsTensor([0]), v: normal([4, 5, 1, 1], 2) },
  { height: HEIGHT, width: WIDTH },
);

test.each([
  { provider: "cuda", layer: "patches", count: 7, wanted: 7 },
  { provider: "cuda", layer: "patches", count: 70, wanted: 32 },
  { provider: "cuda", layer: "y", count: 7, wanted: 1 },
  { provider: "cpu", layer: "patches", count: 7, wanted: 1 },
] as const)("$count images of $layer on $provider: $wanted at once", (each) => {
  const { provider, layer, count, wanted } = each;
  const task = taskOf(single, layer, { channels: [1], provider });
  const { batch, notice } = batchSize(task, task.levels[0]!.size, count);
  expect(batch).toBe(wanted);
  const told = /^the network takes one image at a time, not 7: Squeeze 'picture'/;
  expect(told.test(notice ?? "")).toBe(layer === "y");
});
