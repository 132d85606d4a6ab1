import { expect, test } from "vitest";

import { describeInput } from "../../../lib/networks/describe-input.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { float } from "../../../lib/onnx/model.ts";
import { checkUpgrade } from "../../support/check-upgrade.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";

const graph = sketch({
  inputs: { image: [1, 3, 5, 6] },
  nodes: [
    node("ImageScaler", "image", "scaled", {
      scale: float(2 / 255),
      bias: { floats: [-1, -0.9, -1.1] },
    }),
    node("Conv", "scaled kernel", "y"),
  ],
  outputs: ["y"],
  initializers: { kernel: normal([2, 3, 3, 3], 1) },
});

test("an image that is scaled first is multiplied, and its planes get a bias each", async () => {
  const becomes = await checkUpgrade(graph, 8, { image: uniform([1, 3, 5, 6], 2, [0, 255]) });
  expect(becomes).toEqual(["Mul", "Add", "Conv"]);
});

test("it tells what pixels the network takes", () => {
  const { input } = describeInput(decodeModel(writeModel(graph, 8)), {}, "net.onnx");
  expect(input).toMatchObject({ mean: [0, 0, 0], scale: [1, 1, 1] });
  expect(input.assumed).toMatch(/^RGB, 0\.\.255, as the network normalises inside/);
});
