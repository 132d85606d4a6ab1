import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { checkUpgrade } from "../../support/check-upgrade.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";

/** With spatial=0 opset 8 has statistics for each position, for whatever is normalised. */
function normalising(shape: readonly number[], parameters: readonly number[], given: Attributes) {
  const names = ["scale", "bias", "mean", "variance"];
  return sketch({
    inputs: { x: shape },
    nodes: [node("BatchNormalization", ["x", ...names].join(" "), "y", given)],
    outputs: ["y"],
    initializers: Object.fromEntries(
      names.map((name, i) => [name, uniform(parameters, i + 2, [0.5, 2])]),
    ),
  });
}

test("of features each position is a channel", async () => {
  const graph = normalising([2, 6], [6], { spatial: 0 });
  const becomes = await checkUpgrade(graph, 8, { x: uniform([2, 6], 1, [-2, 2]) });
  expect(becomes).toEqual(["BatchNormalization"]);
});

test("one number for each channel of images is meant as that, as MXNet's converter writes it", () => {
  const nodesOf = (given: Attributes) =>
    decodeModel(writeModel(normalising([2, 6, 3, 4], [6], given), 8)).graph.nodes.map((each) => ({
      ...each,
      source: null,
    }));
  expect(nodesOf({ spatial: 0 })).toEqual(nodesOf({}));
});

test("numbers for each position of images are refused", () => {
  const bytes = writeModel(normalising([1, 6, 3, 4], [6, 3, 4], { spatial: 0 }), 8);
  const { problems } = specialise(decodeModel(bytes), [1, 6, 3, 4]);
  expect(problems.get("y")?.message).toContain("statistics for each position (spatial=0)");
});
