import { Worker } from "node:worker_threads";

import { describe, expect, onTestFinished, test, vi } from "vitest";

import { UnsupportedGradientError } from "../../../lib/autodiff/errors.ts";
import { ModelError } from "../../../lib/onnx/errors.ts";
import type { Graph, Model } from "../../../lib/onnx/model.ts";
import { shareWeights } from "../../../lib/onnx/share-weights.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { standardNormal, uniformFrom } from "../../../lib/optvis/random.ts";
import { RuntimeError } from "../../../lib/optvis/runtime/errors.ts";
import type { SessionGraph } from "../../../lib/optvis/runtime/session-graph.ts";
import type { ThreadRequest } from "../../../lib/optvis/runtime/session-thread.ts";
import { SessionWorker, startThreadAhead } from "../../../lib/optvis/runtime/session-worker.ts";
import { node, sketch } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { networkOf } from "../ascent/engine-task.ts";

/** y = x + w[0], in a file of about `megabytes`. */
function sum(megabytes: number, first: number): Graph {
  const w = new Float32Array(Math.max(1, megabytes * 250_000));
  w[0] = first;
  return sketch({
    inputs: { x: [2] },
    nodes: [node("Slice", "w zero one", "w0"), node("Add", "x w0", "y")],
    outputs: ["y"],
    initializers: {
      w: floatTensor([w.length], w),
      zero: { type: "int64", shape: [1], data: BigInt64Array.of(0n) },
      one: { type: "int64", shape: [1], data: BigInt64Array.of(1n) },
    },
  });
}

function compiling(key: string, graph: Graph): SessionGraph {
  return { key, provider: "cpu", recipe: { kind: "graph", graph } };
}

const SIZE = { height: 5, width: 4 };
const LARGE = { height: 72, width: 70 };
const feeds = { x: floatTensor([2], [1, 2]) };

/** @param keptMegabytes of sessions that stay compiled */
function worker(keptMegabytes = 500): SessionWorker {
  const made = new SessionWorker({ keptBytes: 1e6 * keptMegabytes });
  onTestFinished(() => made.close());
  return made;
}

test("a graph is compiled once and found again by its key", async () => {
  const own = worker();
  const outputs: (readonly unknown[])[] = [];
  for (const [key, first] of [
    ["a", 10],
    ["a", 20],
    ["b", 20],
  ] as const) {
    outputs.push([...(await own.run(compiling(key, sum(0, first)), feeds))["y"]!.data]);
  }
  expect(outputs).toEqual([
    [11, 12],
    [11, 12],
    [21, 22],
  ]);
});

test("numbers drawn in its thread are those that are drawn here", async () => {
  const own = worker();
  const key = ["noise", 7, "thread"] as const;
  expect(await own.draw(9, key)).toEqual(standardNormal(9, uniformFrom(...key)));
  expect(await own.draw(9, ["another"])).not.toEqual(standardNormal(9, uniformFrom(...key)));
});

test("runs of one graph that are asked for at once compile it once", async () => {
  const own = worker();
  const runs = [10, 20].map((first) => own.run(compiling("a", sum(0, first)), feeds));
  const outputs = await Promise.all(runs);
  expect(outputs.map(({ y }) => [...y!.data])).toEqual([
    [11, 12],
    [11, 12],
  ]);
});

test("a thread that was started ahead is the next worker's, and no other's", async () => {
  let threads = 0;
  const count = () => void threads++;
  process.on("worker", count);
  onTestFinished(() => void process.off("worker", count));
  const started = () => new Promise((resolve) => setImmediate(() => resolve(threads)));
  startThreadAhead();
  startThreadAhead();
  expect(await started()).toBe(1);
  const first = worker();
  expect(await started()).toBe(1);
  const second = worker();
  expect(await started()).toBe(2);
  for (const own of [first, second]) {
    expect([...(await own.run(compiling("a", sum(0, 10)), feeds))["y"]!.data]).toEqual([11, 12]);
  }
});

test("the graph used longest ago makes room", async () => {
  const own = worker(250);
  const loaded = () => ["a", "b", "c"].filter((key) => own.has(key));
  const run = async (key: string, first: number) => {
    const { y } = await own.run(compiling(key, sum(35, first)), feeds);
    expect([...y!.data]).toEqual([1 + first, 2 + first]);
  };
  await run("a", 10);
  await run("b", 20);
  await run("a", 10);
  expect(loaded()).toEqual(["a", "b"]);
  // each counts 40 MB, and 70 of weights
  await run("c", 30);
  expect(loaded()).toEqual(["a", "c"]);
  await run("a", 10);
  await run("b", 20);
  expect(loaded()).toEqual(["a", "b"]);
});

test("of small graphs eight stay compiled, however many there have been", async () => {
  const own = worker();
  const keys = Array.from({ length: 30 }, (_, i) => `small ${i}`);
  for (const [i, key] of keys.entries()) await own.run(compiling(key, sum(0, i)), feeds);
  expect(keys.filter((key) => own.has(key))).toEqual(keys.slice(-8));
});

/** A few weights; 40 planes of 700 x 640 are 72 MB. */
function computingMuch() {
  const nodes = [node("Conv", "image w", "y")];
  const size = { height: 700, width: 640 };
  const { network, target } = networkOf(nodes, { w: normal([40, 3, 1, 1], 4) }, size);
  const image = (height: number) => {
    const imageShape = [1, 3, height, 640] as const;
    return {
      pass: { model: network.model, layer: target("y"), imageShape },
      value: floatTensor(imageShape, new Float32Array(3 * height * 640)),
    };
  };
  return { network, image };
}

test("so does one of a small file that computes much", async () => {
  const { image } = computingMuch();
  const own = worker(700);
  const keys = ["a", "b", "c", "d", "e", "f"];
  const run = async (key: string, height: number) => {
    const { pass, value } = image(height);
    await own.run({ key, provider: "cpu", recipe: { kind: "layer", pass } }, { image: value });
    return keys.filter((each) => own.has(each));
  };
  for (const key of keys.slice(0, 5)) await run(key, 700);
  expect(await run("f", 700)).toEqual(["b", "c", "d", "e", "f"]);
  // a small one counts an eighth of it all
  expect(await run("a", 4)).toEqual(keys);
});

test("what looks at an image takes no place of the ascent that has drawn it", async () => {
  const { network, image } = computingMuch();
  const own = worker(550);
  const { pass, value } = image(700);
  const specification = {
    method: "deepdream",
    objective: "mean",
    provider: "cpu",
    scale: network.scale,
    crops: null,
  } as const;
  const none = {
    image: value,
    selection: floatTensor([1, 40], new Float32Array(40)),
    step: floatTensor([], [1]),
    iterations: { type: "int64", shape: [], data: BigInt64Array.of(0n) } as const,
  };
  for (const key of ["earlier", "last"]) {
    await own.run({ key, provider: "cpu", recipe: { kind: "ascent", pass, specification } }, none);
  }
  const keys = ["earlier", "last", "a", "b", "c", "d"];
  const held: (readonly string[])[] = [];
  for (const key of keys.slice(2)) {
    await own.run({ key, provider: "cpu", recipe: { kind: "layer", pass } }, { image: value });
    held.push(keys.filter((each) => own.has(each)));
  }
  // each ascent counts 184 MB, each look 117
  expect(held).toEqual([
    ["earlier", "last", "a"],
    ["last", "a", "b"],
    ["last", "a", "b", "c"],
    ["last", "b", "c", "d"],
  ]);
});

describe("a failure", () => {
  test("of compiling is told, is not remembered, and leaves the worker in order", async () => {
    const own = worker();
    const wrong = sketch({
      inputs: { x: [2] },
      nodes: [node("Nonsense", "x", "y")],
      outputs: ["y"],
    });
    const garbage = own.run(compiling("a", wrong), feeds);
    await expect(garbage).rejects.toThrow(RuntimeError);
    await expect(garbage).rejects.toThrow(/ONNX Runtime refused the graph/);
    expect([...(await own.run(compiling("a", sum(0, 5)), feeds))["y"]!.data]).toEqual([6, 7]);
    expect(own.isBroken).toBe(false);
  });

  test("of running is told and leaves the worker in order", async () => {
    const own = worker();
    const wrong = own.run(compiling("a", sum(0, 5)), { x: floatTensor([3], [1, 2, 3]) });
    await expect(wrong).rejects.toThrow(/^ONNX Runtime failed: .*x/);
    expect([...(await own.run(compiling("a", sum(0, 5)), feeds))["y"]!.data]).toEqual([6, 7]);
  });

  test("of sending is told, and shifts nobody else's reply", async () => {
    const own = worker();
    // no thread can be sent a function
    const unsendable = { ...compiling("a", sum(0, 10)), keepsMemory: (() => true) as never };
    await expect(own.compile(unsendable)).rejects.toThrow("could not be cloned");
    const { y } = await own.run(compiling("b", sum(0, 20)), feeds);
    expect([...y!.data]).toEqual([21, 22]);
  });

  test("of building is what it would have been here", async () => {
    const nodes = [node("Conv", "image w", "x"), node("Mystery", "x", "y"), node("Sign", "x", "z")];
    const { network } = networkOf(nodes, { w: normal([2, 3, 1, 1], 4) }, SIZE);
    const pass = { model: network.model, imageShape: [1, 3, 5, 4] } as const;
    const own = worker();
    const build = (value: string) => {
      const recipe = { kind: "layer", pass: { ...pass, layer: { value, name: value } } } as const;
      return own.run({ key: value, provider: "cpu", recipe }, feeds);
    };
    const unknown = build("y");
    await expect(unknown).rejects.toThrow(ModelError);
    await expect(unknown).rejects.toThrow(/Mystery/);
    const flat = build("z");
    await expect(flat).rejects.toThrow(UnsupportedGradientError);
    await expect(flat).rejects.toThrow(
      /no gradient for Sign .*its output does not change smoothly/,
    );
  });

  test("of the thread ends what is under way, and marks the worker", async () => {
    const own = worker();
    await own.run(compiling("a", sum(0, 5)), feeds);
    const closed = own.close();
    await expect(own.run(compiling("a", sum(0, 5)), feeds)).rejects.toThrow("the worker is closed");
    await closed;
    expect(own.isBroken).toBe(true);
  });
});

test("a worker closed in the middle of a run lets the run end first", async () => {
  const own = worker();
  const running = own.run(compiling("a", sum(10, 5)), feeds).then(
    ({ y }) => [...y!.data],
    (error: Error) => error.message,
  );
  await own.close();
  // compiling was asked for before the close; the run itself would have come after it
  expect(await running).toBe("the worker is closed");
});

/** Bytes of all buffers in a message that are copied on their way to another thread. */
function copiedBytes(message: unknown): number {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
    } else if (value instanceof Map) value.forEach(visit);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  visit(message);
  return [...buffers].reduce((total, { byteLength }) => total + byteLength, 0);
}

test("what a thread is sent of a network is the recipe of its graph, and no copy of its weights", async () => {
  const weights = 4 * 5 * 3 * 71 * 67;
  const w = normal([5, 3, 71, 67], 4);
  const { network, target } = networkOf([node("Conv", "image w", "y")], { w }, LARGE);
  const post = vi.spyOn(Worker.prototype, "postMessage");
  onTestFinished(() => {
    post.mockRestore();
  });
  const valueOf = async (model: Model) => {
    const pass = { model, layer: target("y"), imageShape: [1, 3, 72, 70] } as const;
    const image = normal([1, 3, 72, 70], 6);
    const recipe = { kind: "layer", pass } as const;
    const { value } = await worker().run({ key: "y", provider: "cpu", recipe }, { image });
    const created = post.mock.calls.map(([message]) => message as ThreadRequest);
    post.mockClear();
    return { value, copied: copiedBytes(created.find(({ kind }) => kind === "create")) };
  };
  const copied = await valueOf(network.model);
  const shared = await valueOf(shareWeights(network.model));
  expect(shared.value).toEqual(copied.value);
  expect(shared.copied).toBe(0);
  expect(copied.copied).toBe(weights);
});
