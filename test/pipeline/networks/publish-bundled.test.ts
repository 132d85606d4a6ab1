import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { BucketNetworks } from "../../../lib/pipeline/networks/bucket-networks.ts";
import { publishBundledNetworks } from "../../../lib/pipeline/networks/publish-bundled.ts";
import { MemoryObjectStore } from "../../support/memory-object-store.ts";

const EMOJINET = new URL("../../../models/emojinet/", import.meta.url);

let folder: string;
let bundle: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dreamgrid-bundled-"));
  bundle = join(folder, "bundle");
  await cp(EMOJINET, join(bundle, "emojinet"), {
    recursive: true,
    filter: (path) => !path.includes("training"),
  });
});
afterAll(() => rm(folder, { recursive: true }));

test("a bundled network can be opened from the bucket, model and class names alike", async () => {
  const store = new MemoryObjectStore();

  expect(await publishBundledNetworks(store, bundle)).toEqual(["emojinet"]);

  const networks = new BucketNetworks({ store, cacheFolder: join(folder, "cache") });
  expect(await networks.list()).toEqual(["emojinet"]);
  const { modelPath, labels } = await networks.open("emojinet");
  const original = await readFile(new URL("emojinet.onnx", EMOJINET));
  expect(original.equals(await readFile(modelPath))).toBe(true);
  expect(labels).toHaveLength(567);
});

test("a network of that name that someone published stays", async () => {
  const store = new MemoryObjectStore();
  const theirs = Buffer.from('{ "theirs": true }');
  await store.put("models/emojinet/network.json", theirs, "application/json");

  expect(await publishBundledNetworks(store, bundle)).toEqual([]);

  expect(Buffer.from(await store.get("models/emojinet/network.json"))).toEqual(theirs);
  expect(store.keys()).toEqual(["models/emojinet/network.json"]);
});
