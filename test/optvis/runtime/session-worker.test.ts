import { describe, expect, onTestFinished, test } from "vitest";

import { encodeModel } from "../../../lib/onnx/encode.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { RuntimeError } from "../../../lib/optvis/runtime/session.ts";
import { type SessionGraph, SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";
import { node, sketch } from "../../support/onnx-writer.ts";

/** y = x + w[0], in a file of about `megabytes`. */
function model(megabytes: number, first: number): () => Uint8Array {
  return () => {
    const w = new Float32Array(Math.max(1, megabytes * 250_000));
    w[0] = first;
    return encodeModel(
      sketch({
        inputs: { x: [2] },
        nodes: [node("Slice", "w zero one", "w0"), node("Add", "x w0", "y")],
        outputs: ["y"],
        initializers: {
          w: floatTensor([w.length], w),
          zero: { type: "int64", shape: [1], data: BigInt64Array.of(0n) },
          one: { type: "int64", shape: [1], data: BigInt64Array.of(1n) },
        },
      }),
    );
  };
}

function graph(key: string, bytes: () => Uint8Array): SessionGraph {
  return { key, provider: "cpu", model: bytes };
}

const feeds = { x: floatTensor([2], [1, 2]) };

function worker(): SessionWorker {
  const made = new SessionWorker();
  onTestFinished(() => made.close());
  return made;
}

test("a graph is compiled once and found again by its key", async () => {
  const own = worker();
  let made = 0;
  const counted = () => {
    made++;
    return model(0, 10)();
  };
  for (const _ of [1, 2, 3]) {
    const { y } = await own.run(graph("a", counted), feeds);
    expect([...y!.data]).toEqual([11, 12]);
  }
  expect(made).toBe(1);
});

test("the graph used longest ago makes room", async () => {
  const own = worker();
  const made: string[] = [];
  const run = async (key: string, first: number) => {
    const counted = () => {
      made.push(key);
      return model(35, first)();
    };
    const { y } = await own.run(graph(key, counted), feeds);
    expect([...y!.data]).toEqual([1 + first, 2 + first]);
  };
  await run("a", 10);
  await run("b", 20);
  await run("a", 10);
  await run("c", 30); // 105 MB in all: one too many
  expect([own.has("a"), own.has("b"), own.has("c")]).toEqual([true, false, true]);
  await run("a", 10);
  await run("b", 20);
  expect(made).toEqual(["a", "b", "c", "b"]);
});

describe("a failure", () => {
  test("of compiling is told, is not remembered, and leaves the worker in order", async () => {
    const own = worker();
    const garbage = own.run(
      graph("a", () => new Uint8Array([1, 2, 3])),
      feeds,
    );
    await expect(garbage).rejects.toThrow(RuntimeError);
    await expect(garbage).rejects.toThrow(/ONNX Runtime refused the graph/);
    expect([...(await own.run(graph("a", model(0, 5)), feeds))["y"]!.data]).toEqual([6, 7]);
    expect(own.isBroken).toBe(false);
  });

  test("of running is told and leaves the worker in order", async () => {
    const own = worker();
    const wrong = own.run(graph("a", model(0, 5)), { x: floatTensor([3], [1, 2, 3]) });
    await expect(wrong).rejects.toThrow(/^ONNX Runtime failed: .*x/);
    expect([...(await own.run(graph("a", model(0, 5)), feeds))["y"]!.data]).toEqual([6, 7]);
  });

  test("of the thread ends what is under way, and marks the worker", async () => {
    const own = worker();
    await own.run(graph("a", model(0, 5)), feeds);
    const closed = own.close();
    await expect(own.run(graph("a", model(0, 5)), feeds)).rejects.toThrow("the worker is closed");
    await closed;
    expect(own.isBroken).toBe(true);
  });
});

test("a worker closed in the middle of a run lets the run end first", async () => {
  const own = worker();
  const running = own.run(graph("a", model(10, 5)), feeds).then(
    ({ y }) => [...y!.data],
    (error: Error) => error.message,
  );
  await own.close();
  // compiling was asked for before the close; the run itself would have come after it
  expect(await running).toBe("the worker is closed");
});
