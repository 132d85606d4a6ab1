import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { NetworkNotFoundError } from "../../lib/networks/errors.ts";
import { AddedNetworks } from "../../local/added-networks.ts";
import type { NetworkSource } from "../../lib/pipeline/networks/bucket-networks.ts";
import { analyseNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { apiClient } from "../functions/api/api-client.ts";
import { memoryPipeline } from "../support/memory-pipeline.ts";
import { MemoryObjectStore } from "../support/memory-object-store.ts";
import { CLASS_NAMES, tinyNetwork } from "../support/tiny-network.ts";

/** A folder without a network yet, and the networks of a pipeline that looks into it. */
async function emptyFolder() {
  const [folder, data] = [await temporaryFolder(), await temporaryFolder()];
  const pipeline = await memoryPipeline({ folder: data });
  const networks = new AddedNetworks(pipeline.deps.networks, pipeline.store, [folder]);
  return { folder, pipeline, networks };
}

test("networks added to a folder later are found, by their id and in the list", async () => {
  const folder = await temporaryFolder();
  const store = new MemoryObjectStore();
  const first = await tinyNetwork(folder, { id: "first" });
  const ids = () => store.keys("models/").filter((key) => key.endsWith("/network.json"));
  const bucket: NetworkSource = {
    open: async (id) => {
      if (ids().includes(`models/${id}/network.json`)) return analyseNetwork(first);
      throw new NetworkNotFoundError(`there is no '${id}'`);
    },
    openPinned: () => analyseNetwork(first),
    list: async () => ids(),
    forget: async () => undefined,
  };
  const networks = new AddedNetworks(bucket, store, [folder]);
  expect(await networks.publish()).toEqual({ published: ["first"], notFetched: [], damaged: [] });
  await expect(networks.open("second")).rejects.toThrow("there is no 'second'");

  await tinyNetwork(folder, { id: "second", seed: 2 });
  const { layers } = await networks.open("second");
  expect(layers.length).toBeGreaterThan(1);
  await tinyNetwork(folder, { id: "third", seed: 3 });
  // a broken one hides no other, and one whose model is not there or damaged is told of
  await tinyNetwork(folder, { id: "broken", seed: 4 });
  await writeFile(join(folder, "broken", "network.json"), "{");
  await tinyNetwork(folder, { id: "absent", seed: 5 });
  await rm(join(folder, "absent", "tiny.onnx"));
  await tinyNetwork(folder, { id: "damaged", seed: 6 });
  await writeFile(join(folder, "damaged", "tiny.onnx"), "not what it was");
  expect(await Promise.all([networks.list(), networks.list()])).toEqual(
    Array(2).fill(["first", "second", "third"].map((id) => `models/${id}/network.json`)),
  );
  expect(await networks.publish()).toEqual({
    published: [],
    notFetched: ["absent"],
    damaged: [expect.stringContaining(join(folder, "damaged", "tiny.onnx"))],
  });
});

test("the API shows the layers and classes of a network added later, also before it is listed", async () => {
  const { folder, pipeline, networks } = await emptyFolder();
  const call = apiClient(pipeline, { networks });
  await tinyNetwork(folder, { id: "later", seed: 2 });
  expect(await call("GET", "/networks/later/layers")).toMatchObject({ status: 200 });
  await tinyNetwork(folder, { id: "latest", seed: 3 });
  expect(await call("GET", "/networks/latest/classes")).toMatchObject({ status: 200 });
  expect(await call("GET", "/networks/never/layers")).toMatchObject({
    status: 404,
    body: { problems: ["there is no network 'never'"] },
  });
});

test("a network that is replaced under its id is the new one, a broken or removed one the old", async () => {
  const { folder, networks } = await emptyFolder();
  const channels = async () => (await networks.open("mine")).layers[1]?.channels;
  await tinyNetwork(folder, { id: "mine", wideChannels: 7 });
  expect(await channels()).toBe(7);
  await tinyNetwork(folder, { id: "mine", wideChannels: 9 });
  expect(await channels()).toBe(9);
  await writeFile(join(folder, "mine", "network.json"), "{");
  expect(await channels()).toBe(9);
  await rm(join(folder, "mine"), { recursive: true });
  expect(await channels()).toBe(9);
  await tinyNetwork(folder, { id: "mine", wideChannels: 8 });
  expect(await networks.list()).toContain("mine");
  expect(await channels()).toBe(8);
});

test("a network that was removed everywhere, and is put into the folder again as it was, is found", async () => {
  const { folder, pipeline, networks } = await emptyFolder();
  const call = apiClient(pipeline, { networks, networkFolders: [folder] });
  const layers = async () => (await call("GET", "/networks/mine/layers")).status;
  await tinyNetwork(folder, { id: "mine" });
  expect(await layers()).toBe(200);
  await rm(join(folder, "mine"), { recursive: true });
  expect((await call("DELETE", "/networks/mine")).status).toBe(200);
  expect(await layers()).toBe(404);
  await tinyNetwork(folder, { id: "mine" });
  expect(await layers()).toBe(200);
});

test("a folder that cannot be read hides no network of the bucket", async () => {
  const { folder, pipeline, networks } = await emptyFolder();
  const call = apiClient(pipeline, { networks, networkFolders: [folder] });
  await mkdir(join(folder, "tiny", "network.json"), { recursive: true });
  expect((await call("GET", "/networks")).body).toMatchObject({
    networks: [{ id: "tiny", removable: true }],
    problems: [],
  });
});

test("labels that are edited are the new ones, and without their file there are none", async () => {
  const { folder, networks } = await emptyFolder();
  await tinyNetwork(folder, { id: "mine" });
  expect((await networks.open("mine")).labels).toEqual(CLASS_NAMES);
  const path = join(folder, "mine", "labels.txt");
  await writeFile(path, "one\ntwo\nthree\nfour\nfive\n");
  expect((await networks.open("mine")).labels).toEqual(["one", "two", "three", "four", "five"]);
  // as they are, nothing is published again
  expect(await networks.publish()).toMatchObject({ published: [] });
  await rm(path);
  expect((await networks.open("mine")).labels).toBeNull();
});
