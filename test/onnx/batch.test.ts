import { describe, expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { filled, floatTensor, intsTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import { int } from "../support/integers.ts";
import { type GraphSketch, node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { uniform } from "../support/random.ts";
import { largestDifference } from "../support/vectors.ts";

type Made = Pick<GraphSketch, "nodes" | "initializers">;

const modelOf = ({ nodes, initializers = {} }: Made) =>
  decodeModel(
    writeModel(sketch({ inputs: { x: [1, 3, 4, 6] }, nodes, outputs: ["y"], initializers }), 18),
  );

/** Networks that their exporter wrote for one image, each with constants of that image's shape. */
const madeForOne: Readonly<Record<string, Made>> = {
  "a class token joined to the patches, then attention's heads, time first": {
    nodes: [
      node("Reshape", "x flat", "rows"),
      node("Transpose", "rows", "tokens", { perm: [0, 2, 1] }),
      node("Concat", "token tokens", "all", { axis: 1 }),
      node("Transpose", "all", "first", { perm: [1, 0, 2] }),
      node("MatMul", "first w", "wide"),
      node("Reshape", "wide heads", "split"),
      node("Transpose", "split", "apart", { perm: [1, 0, 2] }),
      node("Softmax", "apart", "soft", { axis: 1 }),
      node("Transpose", "soft", "back", { perm: [1, 0, 2] }),
      node("Reshape", "back joined", "merged"),
      node("Transpose", "merged", "y", { perm: [1, 0, 2] }),
    ],
    initializers: {
      flat: intsTensor([1, 3, 24]),
      token: uniform([1, 1, 3], 2),
      w: uniform([3, 8], 3),
      heads: intsTensor([25, 2, 4]),
      joined: intsTensor([25, 1, 8]),
    },
  },
  "attention's output as rows of all images, which take turns": {
    nodes: [
      node("Reshape", "x flat", "maps"),
      node("Transpose", "maps", "first", { perm: [2, 0, 1] }),
      node("Reshape", "first lines", "rows"),
      node("Gemm", "rows w b", "wide"),
      node("Relu", "wide", "bent"),
      node("Reshape", "bent apart", "again"),
      node("Softmax", "again", "soft", { axis: 0 }),
      node("Transpose", "soft", "y", { perm: [1, 0, 2] }),
    ],
    initializers: {
      flat: intsTensor([1, 3, 24]),
      lines: intsTensor([24, 3]),
      w: uniform([3, 5], 2),
      b: uniform([5], 3),
      apart: intsTensor([24, 1, 5]),
    },
  },
  "rows of all images made by Flatten, which take turns": {
    nodes: [
      node("Transpose", "x", "first", { perm: [2, 3, 0, 1] }),
      node("Flatten", "first", "rows", { axis: 3 }),
      node("Relu", "rows", "bent"),
      node("Reshape", "bent apart", "again"),
      node("Transpose", "again", "y", { perm: [1, 0, 2] }),
    ],
    initializers: { apart: intsTensor([24, 1, 3]) },
  },
  "windows in the batch, divided by their norms at all their places": {
    nodes: [
      node("Reshape", "x blocks", "b"),
      node("Transpose", "b", "t", { perm: [0, 2, 4, 3, 5, 1] }),
      node("Reshape", "t windows", "w"),
      node("Softmax", "w", "s", { axis: 1 }),
      node("ReduceL2", "s last", "norm"),
      node("Expand", "norm windows", "norms"),
      node("Div", "s norms", "d"),
      node("Reshape", "d parts", "p"),
      node("Add", "p mask", "masked"),
      node("Reshape", "masked windows", "again"),
      node("Reshape", "again back", "u"),
      node("Transpose", "u", "v", { perm: [0, 5, 1, 3, 2, 4] }),
      node("Reshape", "v image", "y"),
    ],
    initializers: {
      blocks: intsTensor([1, 3, 2, 2, 3, 2]),
      windows: intsTensor([6, 4, 3]),
      last: intsTensor([-1]),
      parts: intsTensor([1, 6, 4, 3]),
      mask: uniform([1, 6, 4, 1], 4),
      back: intsTensor([1, 2, 3, 2, 2, 3]),
      image: intsTensor([1, 3, 4, 6]),
    },
  },
  "elements taken from all in a row, some from the end": {
    nodes: [
      node("Reshape", "x all", "line"),
      node("Gather", "line places", "strided", { axis: 0 }),
      node("Softmax", "strided", "y", { axis: 1 }),
    ],
    initializers: {
      all: intsTensor([-1]),
      places: { ...intsTensor([5, 0, 71, -2, 40, 17]), shape: [1, 3, 2] },
    },
  },
  "elements taken from a row in another row": {
    nodes: [
      node("Reshape", "x all", "line"),
      node("Gather", "line places", "some", { axis: -1 }),
      node("Reshape", "some square", "y"),
    ],
    initializers: {
      all: intsTensor([72]),
      places: intsTensor([9, 30, 2, 71]),
      square: intsTensor([1, 2, 2]),
    },
  },
  "channels in another order": {
    nodes: [node("Gather", "x order", "y", { axis: 1 })],
    initializers: { order: intsTensor([2, 0]) },
  },
  "rows of all images behind an axis of nothing": {
    nodes: [
      node("Shape", "x", "whole"),
      node("Gather", "whole zero", "images"),
      node("Mul", "images twelve", "count"),
      node("Concat", "one count line", "lines", { axis: 0 }),
      node("Reshape", "x lines", "rows"),
      node("ReduceMean", "rows ends", "means"),
      node("Sub", "rows means", "centred"),
      node("Reshape", "centred whole", "y"),
    ],
    initializers: {
      zero: intsTensor([0]),
      twelve: intsTensor([12]),
      one: intsTensor([1]),
      line: intsTensor([6, 1]),
      ends: intsTensor([0, 2, 3]),
    },
  },
  "a Resize to constant sizes": {
    nodes: [node("Resize", "x _ _ sizes", "y", { mode: "linear" })],
    initializers: { sizes: intsTensor([1, 3, 7, 9]) },
  },
};

describe("a network written for one image takes each of a batch as it takes one", () => {
  test.each(Object.entries(madeForOne))("%s", async (_, made) => {
    const model = modelOf(made);
    const { graph, problems, unbatched } = specialise(model, [2, 3, 4, 6]);
    expect([...problems]).toEqual([]);
    expect(unbatched.has("y")).toBe(false);
    const batch = uniform([2, 3, 4, 6], 1, [-1, 1]);
    const { y } = await runModel(encodeModel(graph), { x: batch });
    const single = encodeModel(specialise(model, [1, 3, 4, 6]).graph);
    for (const index of [0, 1]) {
      const x = floatTensor([1, 3, 4, 6], batch.data.slice(index * 72, index * 72 + 72));
      const { y: wanted } = await runModel(single, { x });
      if (wanted?.type !== "float32" || y?.type !== "float32") throw new Error("no floats");
      const size = sizeOf(wanted.shape);
      const part = floatTensor(wanted.shape, y.data.slice(index * size, (index + 1) * size));
      expect(largestDifference(part, wanted)).toBeLessThan(1e-6);
      expect(y.shape).toEqual(wanted.shape.with(0, 2));
    }
  });

  test("images whose elements a Reshape has mixed are not taken apart again", () => {
    const mixed = modelOf({
      nodes: [
        node("Reshape", "x flat", "rows"),
        node("Transpose", "rows", "t", { perm: [1, 0] }),
        node("Reshape", "t all", "line"),
        node("Reshape", "line image", "y"),
      ],
      initializers: {
        flat: intsTensor([1, 72]),
        all: intsTensor([-1]),
        image: intsTensor([1, 72]),
      },
    });
    const { problems, unbatched } = specialise(mixed, [2, 3, 4, 6]);
    expect(unbatched.has("y") || problems.has("y")).toBe(true);
    expect(specialise(mixed, [1, 3, 4, 6]).unbatched.has("y")).toBe(false);
  });

  test("a mean over all images of a batch is not that of each", () => {
    const nodes = [node("ReduceMean", "x", "mean"), node("Sub", "x mean", "y")];
    const centred = modelOf({ nodes });
    expect(specialise(centred, [2, 3, 4, 6]).unbatched.get("y")?.message).toMatch(/ReduceMean/);
    expect(specialise(centred, [1, 3, 4, 6]).unbatched.has("y")).toBe(false);
  });

  test("only what makes rows of features is called a head", () => {
    const lost = (made: Graph["nodes"][number], ...to: readonly number[]) =>
      specialise(
        modelOf({ nodes: [made], initializers: { to: intsTensor(to) } }),
        [1, 3, 4, 6],
      ).unbatched.get("y")?.message;
    const reshape = node("Reshape", "x to", "y");
    const head = /the network's head fits one image size only$/;
    const other = /; choose a layer whose first axis is the batch$/;
    expect(lost(reshape, 6, 12)).toMatch(head);
    expect(lost(reshape, 12, 6)).toMatch(other);
    expect(lost(node("Flatten", "x", "y", { axis: 2 }))).toMatch(head);
    expect(lost(reshape, 3, 4, 6)).toMatch(other);
    expect(lost(node("ReduceMean", "x to", "y", { keepdims: 0 }), 0, 3)).toMatch(other);
  });

  test("images that are convolved with weights of each other are not told apart", () => {
    const dynamic = modelOf({
      nodes: [
        node("ReduceMean", "x places", "kernel"),
        node("Conv", "x kernel", "y", { kernel_shape: [1, 1] }),
      ],
      initializers: { places: intsTensor([2, 3]) },
    });
    expect(specialise(dynamic, [2, 3, 4, 6]).unbatched.get("y")?.message).toMatch(/Conv/);
    expect(specialise(dynamic, [1, 3, 4, 6]).unbatched.has("y")).toBe(false);
  });

  test("the axis along which the images lie, one place each, is told apart from rows", () => {
    const model = modelOf(
      madeForOne["attention's output as rows of all images, which take turns"]!,
    );
    for (const n of [1, 2]) {
      const { batchAxes, parts } = specialise(model, [n, 3, 4, 6]);
      expect([...batchAxes]).toEqual([
        ["first", 1],
        ["again", 1],
        ["soft", 1],
      ]);
      expect([...parts]).toEqual([]);
    }
  });

  test.each([
    ["ScatterND", "first", true, [1, 4, 6]],
    ["ScatterElements", "elements", true, [1, 1, 4, 6]],
    ["ScatterElements", "both", false, [2, 1, 4, 6]],
  ])("what %s replaces by places of '%s' is not replaced in others: %s", (...row) => {
    const [op, places, isLost, updates] = row;
    const scattered = modelOf({
      nodes: [node(op, `x ${places} updates`, "y", op === "ScatterND" ? {} : { axis: 1 })],
      initializers: {
        first: { ...intsTensor([0, 2]), shape: [1, 2] },
        elements: { ...intsTensor(filled(24, 1)), shape: [1, 1, 4, 6] },
        both: { ...intsTensor(filled(48, 1)), shape: [2, 1, 4, 6] },
        updates: uniform(updates, 5),
      },
    });
    expect(specialise(scattered, [2, 3, 4, 6]).unbatched.has("y")).toBe(isLost);
    expect(specialise(scattered, [1, 3, 4, 6]).unbatched.has("y")).toBe(false);
  });
});

test("the largest int64 in Slice-1's attributes is the end of the axis", () => {
  const bytes = writeModel(
    sketch({
      inputs: { x: [1, 3, 4, 6] },
      nodes: [node("Slice", "x", "y", { starts: [1, 2], ends: [2 ** 62, 2 ** 62], axes: [1, 3] })],
      outputs: ["y"],
    }),
    9,
    (model) => {
      const ends = model.graph!.node[0]!.attribute.find(({ name }) => name === "ends")!;
      ends.ints = [2n ** 63n - 1n, 2n ** 63n - 1n];
    },
  );
  expect(specialise(decodeModel(bytes), [1, 3, 4, 6]).facts.get("y")?.shape).toEqual([1, 2, 4, 4]);
});

test("padding as large as the image needs, computed with Clip", () => {
  // EfficientNet's "same" padding as PyTorch exports it: max(ceil(n / s) s - n, 0)
  const model = modelOf({
    nodes: [
      node("Shape", "x", "n", { start: 2, end: 4 }),
      node("Add", "n four", "more"),
      node("Div", "more five", "places"),
      node("Mul", "places five", "reach"),
      node("Sub", "reach n", "lack"),
      node("Clip", "lack zero", "total"),
      node("Concat", "none none total", "pads", { axis: 0 }),
      node("Pad", "x pads", "y"),
    ],
    initializers: {
      four: intsTensor([4]),
      five: intsTensor([5]),
      none: intsTensor([0, 0, 0]),
      zero: int(0),
    },
  });
  expect(specialise(model, [1, 3, 4, 6]).facts.get("y")?.shape).toEqual([1, 3, 5, 10]);
});
