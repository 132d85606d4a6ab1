import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { sha256 } from "../../lib/networks/checksum.ts";
import { modelKey } from "../../lib/pipeline/keys.ts";
import { startService } from "../../local/serve.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { CRAFTED_MODELS } from "../support/crafted-models.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";
import { countDuring, until } from "../support/until.ts";

const JSON_TYPE = "application/json";

/** What the service says of networks that were uploaded to hurt it. */
const HOSTILE = [
  { name: "a MaxPool of 2^31", layers: 200, response: /accepted/ },
  { name: "a tensor of 100,000 axes", layers: 409, response: /has 100000 axes, and at most 32/ },
  { name: "11,000 nodes of one name", layers: 200, response: /accepted|at most 50000 are read/ },
  { name: "a million empty messages", layers: 409, response: /180001 or more protobuf messages/ },
];

test("every request for a hostile network is answered, and so are all others meanwhile", async () => {
  const renderer = new FakeRenderer();
  const service = await startService({
    dataFolder: join(await temporaryFolder(), "data"),
    awsPort: 0,
    apiPort: 0,
    renderer,
    networkFolders: [],
  });
  onTestFinished(() => service.stop());
  const { store } = service.pipeline;
  for (const [i, { name }] of HOSTILE.entries()) {
    const bytes = CRAFTED_MODELS.get(name)![0]();
    const description = {
      id: `hostile${i}`,
      licence: "CC0",
      files: [{ file: "net.onnx", sha256: sha256(bytes) }],
      input: { name: "image", width: 16, height: 16, channelOrder: "RGB", mean: [1, 2, 3] },
    };
    const put = (file: string, body: Uint8Array) =>
      store.put(modelKey(description.id, file), body, JSON_TYPE);
    await put("net.onnx", bytes);
    await put("network.json", Buffer.from(JSON.stringify(description)));
    const request = { network: description.id, layer: 2, channels: [1], numIterations: 1 };
    await store.put(`requests/${i}.json`, Buffer.from(JSON.stringify(request)), JSON_TYPE);
  }

  const asked = HOSTILE.map((_, i) => fetch(`${service.api.url}/networks/hostile${i}/layers`));
  const all = Promise.all(asked);
  const others = await countDuring(all, async () => {
    const { status } = await fetch(`${service.api.url}/openapi.json`);
    expect(status).toBe(200);
  });
  expect((await all).map(({ status }) => status)).toEqual(HOSTILE.map(({ layers }) => layers));
  // were it busy with the models, it would answer one or two
  expect(others).toBeGreaterThan(10);

  for (const [i, { response }] of HOSTILE.entries()) {
    const bytes = await until(
      async () => (await store.find(`responses/${i}.json`)) ?? undefined,
      () => `no response to request ${i}`,
    );
    expect(Buffer.from(bytes).toString("utf8")).toMatch(response);
  }
});
