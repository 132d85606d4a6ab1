import { expect, test } from "vitest";

import {
  type ChannelReference,
  circuit,
  readNetwork,
  RequestError,
} from "../../../lib/dreamgrid.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { uniform } from "../../support/random.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

test("a channel's circuit has the weights that lead to it; a class is called by its name", async () => {
  const folder = await temporaryFolder();
  await tinyNetwork(folder);
  const network = await readNetwork("tiny", { folders: [folder] });
  const { label, channel, sources, count } = circuit(network, { layer: "prob", channel: "tiger" });
  // of the network's own matrix [5, 7], its second row
  const row = uniform([5, 7], 2, [-1, 1]).data.subarray(7, 14);
  expect([label, channel, count]).toEqual(["tiger", 2, 7]);
  for (const source of sources) {
    expect(source.layer).toEqual({ index: 2, name: "wide" });
    expect(source.kernel.weights).toEqual([expect.closeTo(row[source.channel - 1]!, 4)]);
  }
  const wrong: object = { layer: "prob", channle: 2 };
  expect(() => circuit(network, wrong as ChannelReference)).toThrow(RequestError);
  expect(() => circuit(network, { layer: "prob", channel: 6 })).toThrow("given 6");
});
