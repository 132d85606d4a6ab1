import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { readModel } from "../../../lib/onnx/decode.ts";
import { GraphBuilder } from "../../../lib/onnx/graph-builder.ts";
import type { Graph } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { emitLoop } from "../../../lib/optvis/graph/loop.ts";
import { withModelFile } from "../../../lib/optvis/runtime/model-file.ts";
import { RuntimeError } from "../../../lib/optvis/runtime/errors.ts";
import { Session } from "../../../lib/optvis/runtime/session.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";

/**
 * Adds 0, 1, 2, ... once an iteration, 300 numbers: inside the loop, and large enough to lie apart.
 */
function countingGraph() {
  const graph = new GraphBuilder();
  const start = graph.input("start", "float32", [300]);
  const iterations = graph.input("iterations", "int64", []);
  const { finals } = emitLoop(graph, {
    prefix: "count_",
    iterations,
    carried: [start],
    outer: [],
    body: (body, _, [value]) => {
      const steps = body.constant(
        floatTensor(
          [300],
          Array.from({ length: 300 }, (__, i) => i),
        ),
      );
      return { carried: [body.emit("Add", [value, steps])], scanned: [] };
    },
  });
  return graph.build("counting", [["sum", finals[0]]]);
}
const recipe = { kind: "graph", graph: countingGraph() } as const;

function bodyOf({ nodes }: Graph): Graph {
  const body = nodes.find(({ op }) => op === "Loop")?.attributes["body"];
  if (typeof body !== "object" || !("graph" in body)) throw new Error("there is no loop");
  return body.graph;
}

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => vi.unstubAllEnvs());

test("a session is compiled from the files, which are gone afterwards", async () => {
  const session = await withModelFile(recipe, async ({ path, bytes }) => {
    const [model, weights] = [await readFile(path), await readFile(join(path, "../weights"))];
    expect(weights).toHaveLength(4 * 300);
    expect(model.length + weights.length).toBe(bytes);
    expect(model.length).toBeLessThan(1_000);
    return Session.create(path, "cpu");
  });
  expect(await readdir(folder)).toEqual([]);

  const start = floatTensor([300], new Float32Array(300).fill(0.5));
  const iterations = { type: "int64", shape: [], data: BigInt64Array.of(3n) } as const;
  const { sum } = await session.run({ start, iterations });
  await session.release();
  expect([...sum!.data]).toEqual(Array.from({ length: 300 }, (_, i) => 3 * i + 0.5));
});

test("they are gone too if what they are for fails", async () => {
  const failing = withModelFile(recipe, () => Promise.reject(new Error("of no use")));
  await expect(failing).rejects.toThrow("of no use");
  expect(await readdir(folder)).toEqual([]);
});

test("what is read from them is the graph", async () => {
  const model = await withModelFile(recipe, ({ path }) => readModel(path));
  expect(bodyOf(model.graph).initializers).toEqual(bodyOf(recipe.graph).initializers);
});

test("a folder that cannot be written to is named, and what to do", async () => {
  const file = join(folder, "file");
  await writeFile(file, "in the way");
  vi.stubEnv("TMPDIR", file);
  const refused = withModelFile(recipe, () => Promise.resolve());
  await expect(refused).rejects.toThrow(RuntimeError);
  await expect(refused).rejects.toThrow(
    new RegExp(`^a graph of 1 MB cannot be written .*${file}.*or name another folder in TMPDIR$`),
  );
  expect(existsSync(file)).toBe(true);
});
