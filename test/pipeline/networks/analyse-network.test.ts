import { rename } from "node:fs/promises";

import { expect, test } from "vitest";

import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

test("a network that could not be read is read again, one that could is not", async () => {
  const network = await tinyNetwork(await temporaryFolder());
  const elsewhere = `${network.modelPath}.elsewhere`;
  await rename(network.modelPath, elsewhere);
  await expect(analyseNetwork(network)).rejects.toThrow("cannot read model");
  await rename(elsewhere, network.modelPath);
  const analysis = await analyseNetwork(network);
  expect(analysis.layers.map(({ name }) => name)).toContain("wide");
  expect(await analyseNetwork(network)).toBe(analysis);
});
