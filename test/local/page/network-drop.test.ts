import { Readable } from "node:stream";

import { expect, onTestFinished, test } from "vitest";

import type { Network } from "../../../lib/networks/registry.ts";
import { NetworkDrops } from "../../../local/page/network-drop.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const network = (planes: number) =>
  writeModel(
    sketch({
      inputs: { image: [1, planes, 10, 12] },
      nodes: [node("Conv", "image w", "y")],
      outputs: ["y"],
      initializers: { w: normal([2, planes, 3, 3], 1) },
    }),
    17,
  );

test.each([
  [1, "RGB", "planes"],
  [4, "RGB", "planes"],
  [3, "RGB", "RGB"],
  [3, "BGR", "BGR"],
])("a dropped network of %i planes, said to be %s, is of %s", async (planes, order, wanted) => {
  const published: Network[] = [];
  const drops = new NetworkDrops({
    isTaken: async () => false,
    publish: async (each) => void published.push(each),
  });
  onTestFinished(() => drops.close());
  const id = await drops.begin();
  await drops.receive(id, "net.onnx", Readable.from([Buffer.from(network(planes))]));
  const numbers = { mean: [127.5, 127.5, 127.5], scale: [0.5, 0.5, 0.5] };
  const said = { network: "mine", file: "net.onnx", ...numbers, channelOrder: order };
  expect(await drops.finish(id, said)).toBe("mine");
  expect(published[0]!.description.input).toMatchObject({
    channelOrder: wanted,
    mean: Array.from({ length: planes }, () => 127.5),
    scale: Array.from({ length: planes }, () => 0.5),
  });
});
