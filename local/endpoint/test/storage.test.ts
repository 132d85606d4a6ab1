import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";

import { startEndpoint } from "../src/endpoint.ts";
import { listPage } from "../src/s3/list-page.ts";
import { isPlainKey } from "../src/storage/object-place.ts";
import { type NewObject, ObjectStore } from "../src/storage/object-store.ts";
import { compareUtf8, SortedKeys } from "../src/storage/sorted-keys.ts";
import { StagedFile } from "../src/storage/staged-file.ts";
import { newFolder } from "./support/target.ts";

const SEED = 20261123; // of all property tests here

let folder: string;
let stagingFolder: string;
beforeEach(async () => {
  folder = await newFolder();
  stagingFolder = join(folder, "staging");
  mkdirSync(stagingFolder);
  mkdirSync(join(folder, "plain"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function openStore(): ObjectStore {
  return new ObjectStore({
    folders: { plain: join(folder, "plain"), hidden: join(folder, "hidden") },
    journalPath: join(folder, "objects.jsonl"),
    stagingFolder,
  });
}

async function stageText(key: string, text: string): Promise<[NewObject, StagedFile]> {
  const staged = new StagedFile(stagingFolder);
  await staged.write(Buffer.from(text));
  const fileTimeMs = await staged.finish();
  const described = { headers: {}, metadata: {}, checksum: null, lastModifiedMs: 0, fileTimeMs };
  return [{ key, size: text.length, etag: key, md5: text, ...described }, staged];
}

class Crash extends Error {}

/** Of Linux: in memory. */
const OTHER_DISK = "/dev/shm";

test.runIf(existsSync(OTHER_DISK))(
  "a bucket's folder may be a link to another file system, also when a put is finished later",
  async () => {
    const elsewhere = mkdtempSync(join(OTHER_DISK, "objects-"));
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    expect(statSync(elsewhere).dev).not.toBe(statSync(stagingFolder).dev);
    rmSync(join(folder, "plain"), { recursive: true });
    symlinkSync(elsewhere, join(folder, "plain"));
    const [store, [first, staged]] = [openStore(), await stageText("a/b", "x")];
    store.put(first, staged, "ObjectCreated:Put", () => undefined);
    const [second, late] = await stageText("a/b", "yz");
    const crash = () => {
      throw new Crash();
    };
    expect(() => store.put(second, late, "ObjectCreated:Put", crash)).toThrow(Crash);
    expect(readFileSync(join(elsewhere, "a", "b"), "utf8")).toBe("x");
    store.close();
    const after = openStore();
    expect(after.get("a/b")?.size).toBe(2);
    expect(readFileSync(join(elsewhere, "a", "b"), "utf8")).toBe("yz");
    expect(readdirSync(join(elsewhere, "a"))).toEqual(["b"]);
    expect(readdirSync(stagingFolder)).toEqual([]);
    after.close();
  },
);

describe("a put that was interrupted", () => {
  test("after it was decided is finished at the next start, and announced", async () => {
    const store = openStore();
    const [object, staged] = await stageText("a/b", "x");
    const crash = () => {
      throw new Crash();
    };
    // the process dies between journal and rename
    expect(() => store.put(object, staged, "ObjectCreated:Put", crash)).toThrow(Crash);
    store.close();
    const after = openStore();
    expect(after.get("a/b")?.size).toBe(1);
    expect(after.recovered).toMatchObject([{ event: "ObjectCreated:Put", record: { key: "a/b" } }]);
    after.close();
    expect(readdirSync(stagingFolder)).toEqual([]);
    expect(openStore().recovered).toEqual([]);
  });

  test("before it was decided never happened", async () => {
    const store = openStore();
    await stageText("a/b", "x");
    store.close();
    const after = openStore();
    expect(after.get("a/b")).toBeUndefined();
    expect(after.recovered).toEqual([]);
  });
});

test("a remove that was interrupted is finished at the next start", async () => {
  const store = openStore();
  const [object, staged] = await stageText("a/b", "x");
  store.put(object, staged, "ObjectCreated:Put", () => undefined);
  store.remove("a/b");
  store.close();
  // as if the process had died before it removed the file
  mkdirSync(join(folder, "plain/a"));
  writeFileSync(join(folder, "plain/a/b"), "x");
  expect(openStore().get("a/b")).toBeUndefined();
  expect(readdirSync(join(folder, "plain"))).toEqual([]);
});

test("removing an object removes the folders it leaves empty, and no others", async () => {
  const store = openStore();
  for (const key of ["a/b/c/1", "a/2"]) {
    store.put(...(await stageText(key, "x")), "ObjectCreated:Put", () => undefined);
  }
  store.remove("a/b/c/1");
  expect(readdirSync(join(folder, "plain/a"))).toEqual(["2"]);
});

const anyKey = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }),
  fc
    .array(fc.constantFrom("a", "b", "/", "~", "é", "🎨", "～"), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join("")),
);

describe("keys", () => {
  test("compare as their UTF-8 bytes do", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareUtf8(a, b))).toBe(expected);
      }),
      { seed: SEED },
    );
  });

  test("stay sorted through additions and removals", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyKey, fc.boolean())), (changes) => {
        const keys = new SortedKeys();
        const model = new Set<string>();
        for (const [key, isAdded] of changes) {
          if (isAdded) keys.add(key);
          else keys.delete(key);
          if (isAdded) model.add(key);
          else model.delete(key);
        }
        const expected = [...model].toSorted((a, b) =>
          Buffer.compare(Buffer.from(a), Buffer.from(b)),
        );
        expect(Array.from({ length: keys.length }, (_, i) => keys.at(i))).toEqual(expected);
      }),
      { seed: SEED },
    );
  });

  test("that are plain never lead out of the folder", () => {
    for (const key of [
      "..",
      "../a",
      "a/../b",
      "/a",
      "a//b",
      "a/",
      "a\\..\\b",
      "a\0b",
      ".",
      "a/. /b",
      "c:x",
      "jobs/CON/plan.json",
      "nul.txt",
      "com1",
      "LPT².onnx",
    ]) {
      expect(isPlainKey(key)).toBe(false);
    }
    for (const key of [
      "a",
      "a/b.png",
      ".hidden",
      "jobs/1/tiles/1.png",
      "..a",
      "ü 1",
      "console",
      "com10",
    ]) {
      expect(isPlainKey(key)).toBe(true);
    }
  });
});

test("pages of a listing together are what one look at all keys gives", async () => {
  const store = openStore();
  const keys = ["a", "a/b", "a/b/c", "a0", "b/1", "b/2", "b/2/3", "c//d", "é/x", "z"];
  for (const key of keys) store.put(...(await stageText(key, "x")), "e", () => undefined);
  const cases = fc.record({
    prefix: fc.constantFrom("", "a", "a/", "b/", "c/", "nothing"),
    delimiter: fc.constantFrom(null, "/", "b"),
    maxKeys: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(cases, ({ prefix, delimiter, maxKeys }) => {
      const found: string[] = [];
      let after: string | null = null;
      do {
        const page = listPage(store, { prefix, delimiter, maxKeys, after });
        expect(page.objects.length + page.commonPrefixes.length).toBeLessThanOrEqual(maxKeys);
        found.push(...page.objects.map(({ key }) => key), ...page.commonPrefixes);
        after = page.next;
      } while (after !== null);
      const matching = keys.filter((key) => key.startsWith(prefix));
      const expected = new Set(
        matching.map((key) => {
          const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
          return end < 0 || delimiter === null ? key : key.slice(0, end + delimiter.length);
        }),
      );
      expect(found.toSorted()).toEqual([...expected].toSorted());
    }),
    { seed: SEED },
  );
});

describe("options that contradict each other are refused", () => {
  test.each([
    [{ queues: [{ name: "a", maxReceiveCount: 3 }] }, /give both or none/],
    [
      { buckets: [{ name: "large", notifications: [{ prefix: "", queueName: "none" }] }] },
      /there is no queue/,
    ],
    [
      {
        queues: [{ name: "a" }],
        buckets: [
          {
            name: "large",
            notifications: [
              { prefix: "a/", queueName: "a" },
              { prefix: "a/b/", queueName: "a" },
            ],
          },
        ],
      },
      /Configurations overlap/,
    ],
  ])("%j", async (options, message) => {
    await expect(startEndpoint({ dataFolder: folder, ...options })).rejects.toThrow(message);
    // and the folder is free again
    const endpoint = await startEndpoint({ dataFolder: folder });
    await endpoint.close();
  });
});
