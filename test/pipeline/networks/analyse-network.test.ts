import { rm } from "node:fs/promises";

import { expect, test } from "vitest";

import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

test("a network is given its model and its layers, or is said to be unreadable", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  const analysed = await analyseNetwork(network);
  expect(analysed).toMatchObject(network);
  expect(analysed.layers.map(({ name }) => name)).toContain("wide");
  await rm(network.modelPath);
  await expect(analyseNetwork(network)).rejects.toThrow("cannot read model");
});
