import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Endpoint, startEndpoint } from "@dreamgrid/aws-endpoint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { MemoryObjectStore } from "../support/memory-object-store.ts";
import { ObjectNotFoundError, type ObjectStore } from "../../lib/storage/object-store.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import { localConnection } from "../../local/resources.ts";

const TYPE = "application/octet-stream";
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

/** More than S3 lists at a time. */
const MANY = Array.from({ length: 1_005 }, (_, i) => `e/${String(i).padStart(5, "0")}`);

let folder: string;
let endpoint: Endpoint;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dreamgrid-store-"));
  // found there at the start: to put each takes a hundred times as long
  await mkdir(join(folder, "store", "e"), { recursive: true });
  await Promise.all(MANY.map((key) => writeFile(join(folder, "store", key), "x")));
  endpoint = await startEndpoint({ dataFolder: folder, buckets: [{ name: "store" }] });
});
afterAll(async () => {
  await endpoint.close();
  await rm(folder, { recursive: true });
});

const STORES: readonly (readonly [string, () => ObjectStore])[] = [
  ["in memory", () => new MemoryObjectStore()],
  ["on S3", () => new S3ObjectStore(createS3Client(localConnection(endpoint.url)), "store")],
];

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const keysOf = async (store: ObjectStore, prefix: string) =>
  (await collect(store.list(prefix))).map(({ key }) => key);

describe.each(STORES)("an object store %s", (_, makeStore) => {
  test("gives back what was put, and the latest of two", async () => {
    const store = makeStore();
    await store.put("a/one", bytes("first"), TYPE);
    await store.put("a/one", bytes("second"), TYPE);
    expect(Buffer.from(await store.get("a/one")).toString()).toBe("second");
    expect(await store.find("a/one")).toEqual(await store.get("a/one"));
    expect(await store.head("a/one")).toMatchObject({ key: "a/one", sizeBytes: 6 });
  });

  test("says so when there is no such object", async () => {
    const store = makeStore();
    expect(await store.head("b/none")).toBeNull();
    expect(await store.find("b/none")).toBeNull();
    await expect(store.get("b/none")).rejects.toThrow(ObjectNotFoundError);
    await expect(store.delete("b/none")).resolves.toBeUndefined();
  });

  test("lets exactly one of racing writers create an object", async () => {
    const store = makeStore();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (__, i) =>
        store.putIfAbsent("c/race", bytes(`writer ${i}`), TYPE),
      ),
    );
    const winner = outcomes.indexOf("created");
    expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
    expect(Buffer.from(await store.get("c/race")).toString()).toBe(`writer ${winner}`);
    await store.delete("c/race");
    expect(await store.putIfAbsent("c/race", bytes("again"), TYPE)).toBe("created");
  });

  test("keeps no hold on the bytes it is given or gives", async () => {
    const store = makeStore();
    const body = bytes("abc");
    await store.put("d/copy", body, TYPE);
    body[0] = 0;
    (await store.get("d/copy"))[1] = 0;
    expect(Buffer.from(await store.get("d/copy")).toString()).toBe("abc");
  });

  test("lists a prefix in the order of UTF-8 bytes, over 1,000 keys too", async () => {
    const store = makeStore();
    if (store instanceof MemoryObjectStore) {
      await Promise.all(MANY.map((key) => store.put(key, bytes("x"), TYPE)));
    }
    expect(await keysOf(store, "e/")).toEqual(MANY);
    // by UTF-16 units 😀 would come before the private-use character
    await store.put("f/😀", bytes("x"), TYPE);
    await store.put("f/\uE000", bytes("x"), TYPE);
    expect(await keysOf(store, "f/")).toEqual(["f/\uE000", "f/😀"]);
    expect(await keysOf(store, "nothing/")).toEqual([]);
  });

  test("lists the names below a prefix, from one on", async () => {
    const store = makeStore();
    for (const key of ["g/b/1", "g/a/1", "g/a/2", "g/bare", "g/a.json", "g/c/d/e", "other"]) {
      await store.put(key, bytes("x"), TYPE);
    }
    // '.' is before '/'
    expect(await collect(store.listNames("g/"))).toEqual(["a.json", "a/", "b/", "bare", "c/"]);
    expect(await collect(store.listNames("g/", "a/"))).toEqual(["b/", "bare", "c/"]);
    expect(await collect(store.listNames("g/", "aa/"))).toEqual(["b/", "bare", "c/"]);
    expect(await collect(store.listNames("g/", "bare"))).toEqual(["c/"]);
  });
});
