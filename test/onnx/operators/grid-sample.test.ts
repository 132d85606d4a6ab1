import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, type FloatTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";
import { slopeError } from "../../support/slope-error.ts";
import { furthestApart } from "../../support/written-out.ts";

const IMAGE = [2, 4, 5, 6] as const;
const [ROWS, COLUMNS] = [7, 9];
const image = normal(IMAGE, 1);
/** Beyond the edges too, by more than a width. */
const grid = uniform([2, ROWS, COLUMNS, 2], 2, [-3.2, 3.2]);

/** A grid that is known, or one that the network makes of its image. */
const known = (attributes: Attributes) =>
  sketch({
    inputs: { image: IMAGE },
    nodes: [node("GridSample", "image grid", "y", attributes)],
    outputs: ["y"],
    initializers: { grid },
  });

const computed = (attributes: Attributes) =>
  sketch({
    inputs: { image: IMAGE },
    nodes: [
      node("Conv", "image kernel", "pairs"),
      node("Transpose", "pairs", "grid", { perm: [0, 2, 3, 1] }),
      node("GridSample", "image grid", "y", attributes),
    ],
    outputs: ["y"],
    initializers: { kernel: uniform([2, 4, 2, 3], 3, [-0.5, 0.5]) },
  });

const paddings = ["zeros", "border", "reflection"];
const modes = paddings.flatMap((padding_mode) =>
  [0, 1].flatMap((align_corners) =>
    ["bilinear", "nearest", "bicubic"].map((mode) => ({ mode, padding_mode, align_corners })),
  ),
);

const SAMPLED = { image, gone: /^GridSample$/ };

describe("GridSample is sampled as ONNX Runtime does", () => {
  test.each(modes)("%o", async (attributes) => {
    const file = writeModel(known(attributes), 16);
    expect(await furthestApart(SAMPLED, file)).toBeLessThan(1e-5);
  });

  test("another padding is noticed", async () => {
    const [zeros, border] = [modes[0]!, modes[4]!].map((mode) => writeModel(known(mode), 16));
    expect(await furthestApart(SAMPLED, zeros!, border)).toBeGreaterThan(0.1);
  });
});

/** As PyTorch names it where opset 16 was not there yet. */
test("the custom operator of older exports is the same", async () => {
  const graph = known(modes[0]!);
  const custom = { ...graph, nodes: graph.nodes.map((n) => ({ ...n, domain: "com.microsoft" })) };
  const upgraded = decodeModel(writeModel(custom, 11)).graph;
  expect(upgraded.nodes.map(({ op, domain }) => [op, domain])).toEqual([["GridSample", ""]]);
});

describe("the gradient of a sample, of its image and its grid together, is the slope", () => {
  test.each(modes)("%o", async (attributes) => {
    expect(await slopeError(writeModel(computed(attributes), 16), image, 5)).toBeLessThan(0.01);
  });

  test("one that leaves out a quarter of the image is noticed", async () => {
    const masked = (g: FloatTensor) =>
      floatTensor(
        g.shape,
        g.data.map((x, i) => (i % 4 ? x : 0)),
      );
    const file = writeModel(computed(modes[0]!), 16);
    expect(await slopeError(file, image, 5, masked)).toBeGreaterThan(0.1);
  });
});

test.each([
  [{ mode: "lanczos" }, "GridSample 'y': mode lanczos is not supported; choose a layer before it"],
])("%o is refused in one line", (attributes, message) => {
  const { problems } = specialise(decodeModel(writeModel(known(attributes), 16)), IMAGE);
  expect(problems.get("y")?.message).toBe(message);
});
