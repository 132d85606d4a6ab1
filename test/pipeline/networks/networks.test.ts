import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { BucketNetworks } from "../../../lib/pipeline/networks/bucket-networks.ts";
import { publishNetwork } from "../../../lib/pipeline/networks/publish-network.ts";
import { IntegrityError, NetworkError } from "../../../lib/networks/errors.ts";
import { ModelError } from "../../../lib/onnx/errors.ts";
import { MemoryObjectStore } from "../../support/memory-object-store.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { CLASS_NAMES, tinyNetwork } from "../../support/tiny-network.ts";
import { untilTrue } from "../../support/until.ts";

async function published() {
  const folder = await temporaryFolder();
  const store = new MemoryObjectStore();
  const description = await publishNetwork(store, await tinyNetwork(folder));
  const cacheFolder = join(folder, "cache");
  return { folder, store, description, cacheFolder };
}

test("a network is published once and opened from the bucket with its labels", async () => {
  const { store, description, cacheFolder } = await published();
  expect(store.keys()).toEqual([
    `models/tiny/${description.labels}`,
    "models/tiny/network.json",
    "models/tiny/tiny.onnx",
  ]);
  const networks = new BucketNetworks({ store, cacheFolder });
  const network = await networks.open("tiny");
  expect(network.description).toEqual(description);
  expect(network.labels).toEqual(CLASS_NAMES);
  expect(await networks.list()).toEqual(["tiny"]);
  expect(await networks.open("tiny")).toBe(network);
});

test("a network that is at hand is not copied from the bucket, unless it cannot be opened", async () => {
  const { folder, store, description, cacheFolder } = await published();
  const networks = new BucketNetworks({ store, cacheFolder });
  const network = await analyseNetwork(await tinyNetwork(folder));
  networks.adopt(description, () => Promise.reject(new NetworkError("it is gone")));
  expect((await networks.open("tiny")).modelPath).toContain(cacheFolder);
  const others = new BucketNetworks({ store, cacheFolder: join(folder, "no cache") });
  others.adopt(description, () => Promise.resolve({ ...network, notice: "assumed" }));
  const opened = await others.open("tiny");
  expect(opened).toEqual({ ...network, description });
  expect(await others.openPinned(opened.description)).toBe(opened);
  await expect(readdir(join(folder, "no cache"))).rejects.toThrow(/ENOENT/);
});

test("publishing the same again writes nothing; another model under the id replaces it", async () => {
  const { folder, store, description } = await published();
  const written: string[] = [];
  const put = store.put.bind(store);
  store.put = (key, body, type) => {
    written.push(key);
    return put(key, body, type);
  };
  expect(await publishNetwork(store, await tinyNetwork(folder))).toEqual(description);
  expect(written).toEqual([]);
  const other = await publishNetwork(store, await tinyNetwork(folder, { seed: 2 }));
  expect(other.files[0]?.sha256).not.toBe(description.files[0]?.sha256);
  // the description goes last: a reader never finds it without its model
  expect(written.at(-1)).toBe("models/tiny/network.json");
});

test("a model file that has changed since it was opened is not published", async () => {
  const folder = await temporaryFolder();
  const store = new MemoryObjectStore();
  const network = await tinyNetwork(folder);
  await writeFile(network.modelPath, "another file");
  await expect(publishNetwork(store, network)).rejects.toThrow(IntegrityError);
  expect(store.keys()).toEqual([]);
});

test("jobs keep the network they were accepted with; a new one gets the new network", async () => {
  const { folder, store, description, cacheFolder } = await published();
  const networks = new BucketNetworks({ store, cacheFolder });
  const before = await networks.openPinned(description);
  await publishNetwork(store, await tinyNetwork(folder, { seed: 2 }));
  const after = await networks.open("tiny");
  expect(after.description).not.toEqual(before.description);
  expect(await readFile(before.modelPath)).not.toEqual(await readFile(after.modelPath));
  // a worker that has not seen the old model cannot get it any more, and says so
  const late = new BucketNetworks({ store, cacheFolder: join(folder, "other-cache") });
  await expect(late.openPinned(description)).rejects.toThrow("publish the network again");
});

test("a damaged copy on the disk is fetched again, a damaged object is refused and not kept", async () => {
  const { store, description, cacheFolder } = await published();
  const { modelPath } = await new BucketNetworks({ store, cacheFolder }).open("tiny");
  const intact = await readFile(modelPath);
  await writeFile(modelPath, "damaged");
  await new BucketNetworks({ store, cacheFolder }).openPinned(description);
  expect(await readFile(modelPath)).toEqual(intact);

  await store.put("models/tiny/tiny.onnx", Uint8Array.of(1, 2), "application/octet-stream");
  const fresh = join(cacheFolder, "fresh");
  const networks = new BucketNetworks({ store, cacheFolder: fresh });
  await expect(networks.open("tiny")).rejects.toThrow(NetworkError);
  const files = await readdir(fresh, { recursive: true }).catch(() => []);
  expect(files.filter((name) => name.endsWith(".onnx") || name.endsWith(".part"))).toEqual([]);
  // the failure is not remembered
  await store.put("models/tiny/tiny.onnx", intact, "application/octet-stream");
  expect((await networks.open("tiny")).description).toEqual(description);
});

test("a network whose files are not all there is refused until they are", async () => {
  const { store, description, cacheFolder } = await published();
  const networks = new BucketNetworks({ store, cacheFolder });
  const model = await store.get("models/tiny/tiny.onnx");
  await store.delete("models/tiny/tiny.onnx");
  await expect(networks.open("tiny")).rejects.toThrow(
    new NetworkError(
      "there is no object 'models/tiny/tiny.onnx', which its description names; upload it, or publish the network again",
    ),
  );
  await store.put("models/tiny/tiny.onnx", model, "application/octet-stream");
  expect((await networks.open("tiny")).description).toEqual(description);
});

test("a network that cannot be used leaves no copy on the disk, whichever is tried", async () => {
  const { store, description, cacheFolder } = await published();
  const networks = new BucketNetworks({ store, cacheFolder });
  const copies = () => readdir(cacheFolder).catch(() => []);
  for (const text of ["no model", "another that is none"]) {
    const bytes = Buffer.from(text);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const file = { file: "tiny.onnx", sha256, sizeBytes: null, source: null };
    await store.put("models/tiny/tiny.onnx", bytes, "application/octet-stream");
    await expect(networks.openPinned({ ...description, files: [file] })).rejects.toThrow(
      ModelError,
    );
  }
  await untilTrue(
    async () => (await copies()).length === 0,
    () => "the copies stay",
  );
});

test("a network that the bucket did not give is gone on with where it was", async () => {
  const { store, description, cacheFolder } = await published();
  const networks = new BucketNetworks({ store, cacheFolder });
  const read = store.find.bind(store);
  const keys: string[] = [];
  store.find = (key) => {
    keys.push(key);
    return key.endsWith(".txt") ? Promise.reject(new Error("S3 is away")) : read(key);
  };
  await expect(networks.openPinned(description)).rejects.toThrow("S3 is away");
  store.find = (key) => {
    keys.push(key);
    return read(key);
  };
  expect((await networks.openPinned(description)).labels).toEqual(CLASS_NAMES);
  expect(keys.filter((key) => key.endsWith(".onnx"))).toHaveLength(1);
});

test("of a network that the disk has no room for nothing stays in the way of others", async () => {
  const { store, description, cacheFolder } = await published();
  const networks = new BucketNetworks({ store, cacheFolder });
  const read = store.find.bind(store);
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  store.find = (key) => (key.endsWith(".txt") ? Promise.reject(full) : read(key));
  await expect(networks.openPinned(description)).rejects.toThrow("no space left");
  await untilTrue(
    async () => (await readdir(cacheFolder)).length === 0,
    () => "the model's copy stays",
  );
});

test("a network that is not there is refused with the nearest and the known", async () => {
  const { store, cacheFolder } = await published();
  const opening = new BucketNetworks({ store, cacheFolder }).open("tinyy");
  await expect(opening).rejects.toThrow(
    "given 'tinyy'; there is no such network here (did you mean 'tiny'?); known are tiny",
  );
});

test("of a network that is forgotten no copy stays on the disk, and others stay", async () => {
  const { folder, store, cacheFolder } = await published();
  await publishNetwork(store, await tinyNetwork(folder, { id: "other" }));
  const earlier = new BucketNetworks({ store, cacheFolder });
  for (const id of ["tiny", "other"]) await earlier.open(id);
  const networks = new BucketNetworks({ store, cacheFolder });
  await networks.open("tiny");
  await networks.forget("tiny");
  const copies = await readdir(cacheFolder, { recursive: true });
  expect(copies.filter((path) => path.endsWith(".onnx"))).toEqual([
    expect.stringMatching(/other.tiny\.onnx$/),
  ]);
  expect((await networks.open("tiny")).layers).toHaveLength(6);
});

test("networks used longest ago are forgotten, disk and all, where all take too much", async () => {
  const { folder, store, cacheFolder } = await published();
  for (const id of ["second", "third"]) {
    await publishNetwork(store, await tinyNetwork(folder, { id, seed: id.length }));
  }
  const copies = async () => (await readdir(cacheFolder)).length;
  // one that alone takes too much is kept while it is the last
  const small = new BucketNetworks({ store, cacheFolder: join(folder, "small"), cacheBytes: 1 });
  const { model } = await small.open("tiny");
  expect((await small.open("tiny")).model).toBe(model);
  const tensors = [...model.model.graph.initializers.values()];
  const buffers = new Set(
    tensors.flatMap((each) => (each.type === "opaque" ? [] : each.data.buffer)),
  );
  const bytes = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const networks = new BucketNetworks({ store, cacheFolder, cacheBytes: 2.5 * bytes });
  const first = await networks.open("tiny");
  const second = await networks.open("second");
  expect(await networks.open("tiny")).toBe(first);
  expect(await copies()).toBe(2);
  await networks.open("third");
  expect(await networks.open("tiny")).toBe(first);
  await untilTrue(
    async () => (await copies()) === 2,
    () => "the third copy stays",
  );
  const again = await networks.open("second");
  expect(again).not.toBe(second);
  expect(again.layers).toEqual(second.layers);
});
