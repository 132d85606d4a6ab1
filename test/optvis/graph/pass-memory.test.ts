import { expect, test } from "vitest";

import { forwardBytes, passBytes } from "../../../lib/optvis/graph/pass-memory.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { networkOf } from "../ascent/engine-task.ts";

const IMAGE = 3 * 4 * 6;
const WIDE = 7 * 4 * 6;
const NARROW = 2 * 4 * 6;

test.each([
  // with the image, its first map; then the two that are added, and their sum
  ["sum", 3 * WIDE, 3 * WIDE],
  // by then all that went before it but the sum is gone
  ["y", 3 * WIDE, 3 * WIDE + NARROW],
  ["wide", IMAGE + WIDE, WIDE],
])("what lives at once on the way to %s, and all there and back", (value, atOnce, all) => {
  const nodes = [
    node("Conv", "image w", "wide"),
    node("Relu", "wide", "active"),
    node("Add", "wide active", "sum"),
    node("Conv", "sum v", "y"),
  ];
  const weights = { w: normal([7, 3, 1, 1], 1), v: normal([2, 7, 1, 1], 2) };
  const { network, target } = networkOf(nodes, weights, { height: 4, width: 6 });
  const recipe = { model: network.model, layer: target(value), imageShape: [1, 3, 4, 6] } as const;
  expect(forwardBytes(recipe)).toBe(4 * atOnce);
  expect(passBytes(recipe)).toBe(2 * 4 * all);
});
