import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { sha256 } from "../../../lib/networks/checksum.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

test("a network is given its model and its layers, or is said to be unreadable", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  const analysed = await analyseNetwork(network);
  expect(analysed).toMatchObject(network);
  expect(analysed.layers.map(({ name }) => name)).toContain("wide");
  await rm(network.modelPath);
  await expect(analyseNetwork(network)).rejects.toThrow("cannot read model");
});

test("a described network whose other inputs have no value is refused in one line", async () => {
  const graph = sketch({
    inputs: { image: [1, 3, 6, 8], gain: [3, null, 1], unread: [2] },
    nodes: [node("Conv", "image w", "early"), node("Mul", "early gain", "y")],
    outputs: ["y"],
    initializers: { w: normal([3, 3, 3, 3], 1) },
  });
  const folder = await temporaryFolder();
  const model = writeModel(graph, 17);
  await mkdir(join(folder, "two"));
  await writeFile(join(folder, "two", "net.onnx"), model);
  const open = async (constants?: object) => {
    const description = {
      id: "two",
      licence: "CC0",
      files: [{ file: "net.onnx", sha256: sha256(model) }],
      input: {
        name: "image",
        width: 8,
        height: 6,
        channelOrder: "RGB",
        mean: [1, 2, 3],
        constants,
      },
    };
    await writeFile(join(folder, "two", "network.json"), JSON.stringify(description));
    return analyseNetwork(await openNetwork("two", { folders: [folder], cacheFolder: folder }));
  };
  await expect(open()).rejects.toThrow(
    /^besides its image 'image' it wants 'gain' float32 \[3, \?, 1\]; give it a value: --input gain=/,
  );
  const { problems } = await open([{ name: "gain", shape: [3, 1, 1], values: [1, 2, 3] }]);
  expect([...problems.keys()]).toEqual([1]);
});
