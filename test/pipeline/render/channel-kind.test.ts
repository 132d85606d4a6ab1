import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { networkFolders } from "../../../lib/networks/folders.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { channelKind } from "../../../lib/pipeline/render/channel-kind.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

/** Kinds of the layers after the pool of a network that goes on from `logits` so. */
async function kindsOf(end: readonly Node[], labels: readonly string[] | null) {
  const graph = sketch({
    inputs: { image: [1, 3, 12, 10] },
    nodes: [
      node("GlobalAveragePool", "image", "pool"),
      node("Flatten", "pool", "flat"),
      node("Gemm", "flat w", "logits", { transB: 1 }),
      ...end,
    ],
    outputs: [end.at(-1)?.outputs[0] ?? "logits"],
    initializers: { w: normal([4, 3], 1), two: floatTensor([], [2]) },
  });
  const path = join(await temporaryFolder(), "end.onnx");
  await writeFile(path, writeModel(graph, 18));
  const network = await analyseNetwork(await openNetwork(path, networkFolders({})));
  return network.layers
    .slice(2)
    .map(({ index }) => channelKind({ network: { ...network, labels }, layer: index }));
}

const NAMES = ["snail", "tiger", "zebra", "castle"];
const sigmoid = node("Sigmoid", "logits", "sigmoid");

test.each([
  ["nothing", [], ["features"], ["logits"]],
  [
    "a softmax",
    [node("Softmax", "logits", "prob")],
    ["logits", "probabilities"],
    ["logits", "probabilities"],
  ],
  [
    "a softmax, of which the largest is told",
    [node("Softmax", "logits", "prob"), node("ArgMax", "prob", "largest", { axis: 1 })],
    ["logits", "probabilities", "features"],
    ["logits", "probabilities", "features"],
  ],
  [
    "a sigmoid",
    [sigmoid],
    ["multi-label logits", "probabilities"],
    ["multi-label logits", "probabilities"],
  ],
  [
    "a sigmoid of the half",
    [node("Div", "logits two", "half"), node("Sigmoid", "half", "sigmoid")],
    ["features", "multi-label logits", "probabilities"],
    ["features", "multi-label logits", "probabilities"],
  ],
  [
    "SiLU",
    [sigmoid, node("Mul", "logits sigmoid", "silu")],
    ["features", "features", "features"],
    ["features", "probabilities", "logits"],
  ],
] as const)("of a network that ends in %s", async (_, end, unnamed, named) => {
  expect(await kindsOf(end, null)).toEqual(unnamed);
  expect(await kindsOf(end, NAMES)).toEqual(named);
});
