import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { releaseShared, tensorBytes } from "../../lib/onnx/shared-memory.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { sketch } from "../support/onnx-writer.ts";

/** How many of some shared buffers that nobody uses are still there. */
async function left(buffers: readonly WeakRef<SharedArrayBuffer>[]): Promise<number> {
  // what has been looked at in a turn stays for it
  await setImmediate();
  return buffers.filter((buffer) => buffer.deref() !== undefined).length;
}

const abandoned = () => Array.from({ length: 7 }, () => new WeakRef(new SharedArrayBuffer(5e6)));

test("shared memory that is let go is given back, once it is much", async () => {
  const buffers = abandoned();
  await setImmediate();
  releaseShared(5e6);
  expect(await left(buffers)).toBe(7);
  await setImmediate();
  releaseShared(12e6);
  expect(await left(buffers)).toBe(0);
});

test("tensors that share memory are counted once", () => {
  const one = floatTensor([250], new Float32Array(250));
  const initializers = { a: one, b: { ...one, shape: [5, 50] }, c: intsTensor([1, 2, 3]) };
  const graph = sketch({ inputs: {}, nodes: [], outputs: [], initializers });
  const folded = new Map([["d", one]]);
  expect(tensorBytes({ graph, folded })).toBe(1_000 + 24);
});
