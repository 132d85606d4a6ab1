import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { FoldedNetworks, foldWeights } from "../../../lib/optvis/runtime/fold-constants.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";

const graph = sketch({
  inputs: { x: [1, 3, 4, 5] },
  nodes: [node("Exp", "w", "e"), node("Mul", "x e", "y")],
  outputs: ["y"],
  initializers: { w: uniform([3, 1, 1], 1) },
});

test("weights folded in a thread are those folded here, and are folded once", async () => {
  const network = {
    model: decodeModel(writeModel(graph, 18)),
    fingerprint: "test",
    inputSize: { width: 5, height: 4 },
    mean: [0, 0, 0],
    planes: [0, 1, 2],
    scale: [1, 1, 1],
  } as const;
  const networks = new FoldedNetworks();
  const folded = await networks.of(network);
  expect([...folded.model.folded.keys()]).toEqual(["e"]);
  expect(folded).toEqual(await foldWeights(network));
  expect(await networks.of(network)).toBe(folded);
});
