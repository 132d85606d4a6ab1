import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { type GraphSketch, node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { run } from "./command-line.ts";

interface Row {
  readonly name: string;
  readonly channels: number | null;
  readonly renderable: boolean;
  readonly problem: string | null;
}

/** The layer table after the input. */
async function analyse(graph: GraphSketch): Promise<readonly Row[]> {
  const path = join(await temporaryFolder(), "network.onnx");
  await writeFile(path, writeModel(sketch(graph), 18));
  const { code, stdout } = await run("analyze", "--json", path);
  expect(code).toBe(0);
  return (JSON.parse(stdout) as { layers: readonly Row[] }).layers.slice(1);
}

/** Queries, keys and values of a vision transformer lie along a leading axis of 3. */
const attention: GraphSketch = {
  inputs: { image: [1, 3, 12, 10] },
  nodes: [
    node("Conv", "image w", "patches", { strides: [2, 2] }),
    node("Reshape", "patches split", "split_patches"),
    node("Transpose", "split_patches", "qkv", { perm: [2, 0, 1, 3] }),
    node("Sigmoid", "qkv", "gates"),
    node("Gather", "gates second", "keys"),
    node("Relu", "keys", "y"),
  ],
  outputs: ["y"],
  initializers: {
    w: normal([6, 3, 2, 2], 1),
    split: intsTensor([1, 2, 3, 30]),
    second: { ...intsTensor([1]), shape: [] },
  },
};

test("layers after an axis that attention puts before the batch can be rendered", async () => {
  const rows = await analyse(attention);
  expect(rows.map(({ name, channels, renderable }) => [name, channels, renderable])).toEqual([
    ["patches", 6, true],
    ["qkv", null, false],
    ["gates", null, false],
    ["keys", 2, true],
    ["y", 2, true],
  ]);
});

test("a mask of the image and a computed weight do not stand in the way of those that read them", async () => {
  const rows = await analyse({
    inputs: { image: [1, 3, 12, 10] },
    nodes: [
      node("Tanh", "v", "w"),
      node("Conv", "image w", "conv"),
      node("Greater", "conv threshold", "mask"),
      node("Where", "mask conv threshold", "shrunk"),
      node("Round", "shrunk", "steps"),
      node("Mystery", "steps", "unknown"),
    ],
    outputs: ["unknown"],
    initializers: { v: normal([4, 3, 3, 3], 2), threshold: floatTensor([], [0.5]) },
  });
  expect(rows.map(({ name, renderable }) => [name, renderable])).toEqual([
    ["conv", true],
    ["mask", false],
    ["shrunk", true],
    ["steps", false],
    ["unknown", false],
  ]);
  const problemOf = (name: string) => rows.find((row) => row.name === name)?.problem;
  expect(problemOf("mask")).toMatch(/Greater 'mask': its output does not change smoothly/);
  expect(problemOf("steps")).toMatch(/Round 'steps': its output does not change smoothly/);
  expect(problemOf("unknown")).toMatch(/Mystery 'unknown': operator is not known/);
});

test("--layer tells of one layer's node what the file has", async () => {
  const path = join(await temporaryFolder(), "network.onnx");
  await writeFile(path, writeModel(sketch(attention), 18));
  const { code, stdout } = await run("analyze", path, "--layer", "patches");
  expect(code).toBe(0);
  const lines = stdout.split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "layer 2 'patches': Conv",
    "in the file: Conv of ai.onnx 18",
    // 6 x 6 x 5 places, 3 x 2 x 2 products each
    "72 learnables, 2,160 multiply-adds",
  ]);
  expect(stdout).toMatch(/^attribute  strides  ints     \[2, 2\]$/m);
  expect(stdout).toMatch(/^input      image             1 x 3 x 12 x 10$/m);
  expect(stdout).toMatch(
    /^input      w        float32  6 x 3 x 2 x 2    -\S+ to \S+, mean \S+, deviation/m,
  );
  const json = await run("analyze", path, "--layer", "3", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ index: 3, node: { operator: "Transpose" } });
  const none = await run("analyze", path, "--layer", "patch");
  expect(none.code).not.toBe(0);
  expect(none.stderr).toContain("did you mean 'patches'");
});
