import { expect, test } from "vitest";

import { roomProblem } from "../../../lib/pipeline/networks/upload-room.ts";
import { MemoryObjectStore } from "../../support/memory-object-store.ts";

const HOUR_MS = 3_600_000;
const MOST = { bytes: 1_000, images: 3 };

/** Two networks, one published, and an image; the clock is so many hours later. */
async function bucket(hours: number) {
  const store = new MemoryObjectStore();
  const put = (key: string, bytes: number) => store.put(key, new Uint8Array(bytes), "");
  await put("models/known/net.onnx", 70);
  await put("models/known/network.json", 30);
  await put("models/lost/net.onnx", 500);
  await put("models/lost/labels.txt", 100);
  await put("uploads/photo.png", 40);
  const later = new Date(Date.now() + hours * HOUR_MS);
  return { store, now: () => later };
}

test("a bucket takes so many bytes of each kind, and no more", async () => {
  const deps = await bucket(1);
  expect(await roomProblem({ kind: "model", sizeBytes: 300 }, deps, MOST)).toBeNull();
  expect(await roomProblem({ kind: "model", sizeBytes: 301 }, deps, MOST)).toBe(
    "sizeBytes: given 301, and the bucket has 700 bytes of networks of the 1000 that it takes; delete some",
  );
  expect(await roomProblem({ kind: "image", sizeBytes: 960 }, deps, MOST)).toBeNull();
  expect(await roomProblem({ kind: "image", sizeBytes: 961 }, deps, MOST)).toContain(
    "40 bytes of images",
  );
  expect(deps.store.keys()).toHaveLength(5);
});

test("a bucket takes so many images, however small", async () => {
  const deps = await bucket(1);
  const image = { kind: "image", sizeBytes: 1 } as const;
  await deps.store.put("uploads/2.png", new Uint8Array(1), "");
  expect(await roomProblem(image, deps, MOST)).toBeNull();
  await deps.store.put("uploads/3.png", new Uint8Array(1), "");
  expect(await roomProblem(image, deps, MOST)).toBe(
    'kind: given "image", and the bucket has the 3 images that it takes; delete some under uploads/',
  );
  expect(await roomProblem({ kind: "model", sizeBytes: 1 }, deps, MOST)).toBeNull();
});

test("what a person put there themselves is not deleted", async () => {
  const deps = await bucket(25);
  const own = ["models/net.onnx", "models/lost/notes.md", "models/old/lost/net.onnx"];
  for (const key of own) await deps.store.put(key, new Uint8Array(10), "");
  expect(await roomProblem({ kind: "model", sizeBytes: 871 }, deps, MOST)).toContain(
    "the bucket has 130 bytes of networks",
  );
  expect(deps.store.keys()).toEqual(expect.arrayContaining(own));
  expect(deps.store.keys("models/lost/")).toEqual(["models/lost/notes.md"]);
});

test("files of a network that nobody published within a day are deleted", async () => {
  const deps = await bucket(25);
  expect(await roomProblem({ kind: "image", sizeBytes: 1 }, deps, MOST)).toBeNull();
  expect(deps.store.keys("models/lost/")).toHaveLength(2);
  expect(await roomProblem({ kind: "model", sizeBytes: 900 }, deps, MOST)).toBeNull();
  expect(deps.store.keys()).toEqual([
    "models/known/net.onnx",
    "models/known/network.json",
    "uploads/photo.png",
  ]);
});
