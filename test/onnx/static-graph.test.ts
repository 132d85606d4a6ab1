import { describe, expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { ModelError, ShapeMismatchError, UnknownOperatorError } from "../../lib/onnx/errors.ts";
import type { Graph, Model } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { cutAt } from "../../lib/onnx/subgraph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { int } from "../support/integers.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { uniform } from "../support/random.ts";

const modelOf = (graph: Graph): Model => decodeModel(writeModel(graph, 18));

/** A convolution, a head flattened by `reshape`, a fully connected layer for 4x5 images. */
function network(reshape: readonly number[], declared: readonly (number | null)[]): Model {
  return modelOf(
    sketch({
      inputs: { x: declared },
      nodes: [
        node("Conv", "x w", "features", { pads: [1, 1, 1, 1] }),
        node("Reshape", "features shape", "flat"),
        node("Gemm", "flat v", "scores"),
      ],
      outputs: ["scores"],
      initializers: {
        w: uniform([6, 3, 3, 3], 1),
        shape: intsTensor(reshape),
        v: uniform([120, 7], 2),
      },
    }),
  );
}

/**
 * Shape arithmetic as PyTorch exports `x.view(x.size(0), -1)`, and an interpolation to twice the
 * size.
 */
const arithmetic = modelOf(
  sketch({
    inputs: { x: [null, 3, null, null] },
    nodes: [
      node("Relu", "x", "a"),
      node("Shape", "a", "s"),
      node("Gather", "s zero", "n"),
      node("Unsqueeze", "n axis", "n1"),
      node("Concat", "n1 open", "target", { axis: 0 }),
      node("Reshape", "a target", "flat"),
      node("Slice", "s two four", "hw"),
      node("Mul", "hw two", "twice"),
      node("Slice", "s nought two", "nc"),
      node("Concat", "nc twice", "sizes", { axis: 0 }),
      node("Resize", "a _ _ sizes", "big"),
      node("ConstantOfShape", "sizes", "ones"),
      node("Mul", "big ones", "masked"),
    ],
    outputs: ["flat", "masked"],
    initializers: {
      zero: int(0),
      axis: intsTensor([0]),
      open: intsTensor([-1]),
      nought: intsTensor([0]),
      two: intsTensor([2]),
      four: intsTensor([4]),
    },
  }),
);

/** One ReLU on each input. */
const identity = (inputs: Readonly<Record<string, readonly (number | null)[]>>): Model =>
  modelOf(
    sketch({
      inputs,
      nodes: Object.keys(inputs).map((name) => node("Relu", name, `${name}_out`)),
      outputs: Object.keys(inputs).map((name) => `${name}_out`),
    }),
  );

/** Elements `[start, end)` of a float tensor. */
function part(tensor: Tensor | undefined, start: number, end: number): Float32Array {
  if (tensor?.type !== "float32") throw new Error("not a float tensor");
  return tensor.data.slice(start, end);
}

describe("specialise", () => {
  test("shape arithmetic vanishes", async () => {
    const { graph, facts } = specialise(arithmetic, [2, 3, 4, 5]);
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Relu", "Reshape", "Resize", "Mul"]);
    expect(facts.get("masked")?.shape).toEqual([2, 3, 8, 10]);
    expect([...graph.initializers.keys()].toSorted()).toEqual(["ones", "sizes", "target"]);

    const x = uniform([2, 3, 4, 5], 1, [-1, 1]);
    const wanted = await runModel(encodeModel(arithmetic.graph), { x });
    expect(await runModel(encodeModel(graph), { x })).toEqual(wanted);
  });

  test.each([[[1, 120]], [[1, -1]], [[-1, 120]], [[0, -1]]])(
    "Reshape to %o serves any batch",
    async (reshape) => {
      const { graph, problems } = specialise(network(reshape, [1, 3, 4, 5]), [2, 3, 4, 5]);
      expect([...problems]).toEqual([]);
      const batch = uniform([2, 3, 4, 5], 1, [-1, 1]);
      const { scores } = await runModel(encodeModel(graph), { x: batch });

      const single = specialise(network(reshape, [1, 3, 4, 5]), [1, 3, 4, 5]).graph;
      for (const index of [0, 1]) {
        const data = part(batch, index * 60, index * 60 + 60);
        const x = floatTensor([1, 3, 4, 5], data);
        const alone = await runModel(encodeModel(single), { x });
        const row = part(scores, index * 7, index * 7 + 7);
        expect(alone["scores"]).toMatchObject({ shape: [1, 7], data: row });
      }
    },
  );

  test.each([
    { reshape: [1, 120], message: "Reshape 'flat': cannot reshape [1, 6, 8, 5] to [1, 120]" },
    {
      reshape: [-1, 120],
      message:
        "Reshape 'flat' turns [1, 6, 8, 5] into [2, 120], which no longer has a leading axis",
    },
    { reshape: [1, -1], message: "[1, 240] times [120, 7]: inner lengths 240 and 120 differ" },
  ])("a head of fixed size, by Reshape to $reshape", ({ reshape, message }) => {
    const graph = specialise(network(reshape, [1, 3, 4, 5]), [1, 3, 8, 5]);
    const cutting = () => cutAt(graph, { value: "scores" });
    expect(cutting).toThrow(ShapeMismatchError);
    expect(cutting).toThrow(message);
    expect(cutAt(graph, { value: "features" }).map(({ op }) => op)).toEqual(["Conv"]);
  });

  const lost = "which no longer has a leading axis of 2 for the batch";
  test.each([
    [
      [node("CumSum", "x first", "made"), node("Relu", "made", "y")],
      "CumSum 'made' does not keep the 2 images of a batch apart; choose a layer before it",
    ],
    [
      [node("Gather", "x first", "made"), node("Transpose", "made", "y", { perm: [0, 2, 1] })],
      `Gather 'made' turns [2, 3, 4, 6] into [3, 4, 6], ${lost}`,
    ],
    [
      // an axis that is as long as the batch by chance
      [node("Transpose", "halves", "made", { perm: [1, 0, 2] }), node("Relu", "made", "y")],
      `Transpose 'made' turns [2, 2, 36] into [2, 2, 36], ${lost}`,
    ],
  ])("what loses the images is named, there and behind it: %#", (losing, message) => {
    const nodes = [node("Reshape", "x cut", "halves"), ...losing];
    const initializers = { first: int(0), cut: intsTensor([1, 2, 36]) };
    const { unbatched } = specialise(
      modelOf(sketch({ inputs: { x: [1, 3, 4, 6] }, nodes, outputs: ["y"], initializers })),
      [2, 3, 4, 6],
    );
    expect([...unbatched.keys()]).toEqual(["made", "y"]);
    for (const problem of unbatched.values()) expect(problem.message).toContain(message);
  });

  test("axes that attention merges into the batch and gives back are no problem", () => {
    const windows = modelOf(
      sketch({
        inputs: { x: [1, 3, 4, 6] },
        nodes: [
          node("Reshape", "x split", "windows"),
          node("Relu", "windows", "active"),
          node("Reshape", "active join", "y"),
        ],
        outputs: ["y"],
        initializers: { split: intsTensor([-1, 6]), join: intsTensor([-1, 3, 4, 6]) },
      }),
    );
    const { problems, unbatched } = specialise(windows, [2, 3, 4, 6]);
    expect([...problems]).toEqual([]);
    expect([...unbatched.keys()]).toEqual(["windows", "active"]);
    expect(unbatched.get("active")?.message).toMatch(/Reshape 'windows' turns/);
  });

  test("an unknown operator is a problem of those after it only", () => {
    const { problems, graph } = specialise(
      modelOf(
        sketch({
          inputs: { x: [1, 3, 4, 5] },
          nodes: [
            node("Relu", "x", "a"),
            node("Mystery", "a", "_ m"),
            node("Abs", "m", "after"),
            node("Equal", "a a", "seen"),
            node("If", "seen", "branch", {
              then_branch: {
                graph: sketch({ inputs: {}, nodes: [node("Neg", "m", "z")], outputs: ["z"] }),
              },
            }),
            { ...node("Relu", "a", "beside"), domain: "com.example" },
            node("Neg", "a", "y"),
          ],
          outputs: ["y", "after"],
        }),
      ),
      [1, 3, 4, 5],
    );
    expect([...problems.keys()]).toEqual(["m", "after", "branch", "beside"]);
    expect(problems.get("after")).toBeInstanceOf(UnknownOperatorError);
    expect(problems.get("branch")?.message).toContain("If 'branch': its condition is known only");
    expect(problems.get("beside")?.message).toContain("operator of domain 'com.example'");
    expect(graph.nodes).toHaveLength(7);
  });

  test.each([
    [
      "FusedNovelty",
      "com.microsoft",
      "ONNX Runtime's optimiser makes such operators: use the model",
    ],
    ["Swish", "my.functions", "if it is a function of the model, inline it with onnx.inliner"],
  ])("an unknown %s tells what other export would do", (op, domain, remedy) => {
    const nodes = [{ ...node(op, "x", "y"), domain }];
    const { problems } = specialise(
      modelOf(sketch({ inputs: { x: [1, 3, 4, 5] }, nodes, outputs: ["y"] })),
      [1, 3, 4, 5],
    );
    expect(problems.get("y")?.message).toContain(`is not known; ${remedy}`);
  });

  test("a tensor too large to fold stays a node", () => {
    const { graph, facts } = specialise(
      modelOf(
        sketch({
          inputs: { x: [1, 3, 4, 5] },
          nodes: [
            node("ConstantOfShape", "huge", "zeros"),
            node("ReduceSum", "zeros", "total", { keepdims: 0 }),
            node("Add", "x total", "y"),
            node("ConstantOfShape", "huge", "unused"),
          ],
          outputs: ["y"],
          initializers: { huge: intsTensor([30_000, 30_000]) },
        }),
      ),
      [1, 3, 4, 5],
    );
    expect(graph.nodes.map(({ op }) => op)).toEqual(["ConstantOfShape", "ReduceSum", "Add"]);
    expect(facts.get("zeros")).toEqual({ type: "float32", shape: [30_000, 30_000] });
  });

  test.each([
    {
      inputs: { left: [1, 3, 4, 5], right: [null, 3, 4, 5] },
      message:
        "want one input of images, and 'left' and 'right' may each be it; its inputs are 'left' float32 [1, 3, 4, 5], 'right' float32 [?, 3, 4, 5]",
    },
    { inputs: { tokens: [1, 7] }, message: "its inputs are 'tokens' float32 [1, 7]" },
    {
      inputs: { x: [1, 4, null, null] },
      message: "image 'x' has 4 planes, given a shape of [1, 3, 4, 5]",
    },
  ])("refuses $message", ({ inputs, message }) => {
    const specialising = () => specialise(identity(inputs), [1, 3, 4, 5]);
    expect(specialising).toThrow(ModelError);
    expect(specialising).toThrow(message);
  });

  test("what hangs on another input is a problem", () => {
    const { problems } = specialise(identity({ x: [1, 3, 4, 5], scale: [3] }), [1, 3, 4, 5]);
    expect([...problems.keys()]).toEqual(["scale", "scale_out"]);
    expect(problems.get("scale_out")?.message).toContain("graph input 'scale' has no value");
  });
});

describe("cutAt", () => {
  const branches = specialise(
    modelOf(
      sketch({
        inputs: { x: [1, 3, 4, 5] },
        nodes: [
          node("Relu", "x", "a"),
          node("Abs", "x", "b"),
          node("Add", "a c", "left"),
          node("Mul", "a b", "both"),
        ],
        outputs: ["left", "both"],
        initializers: { c: uniform([3, 1, 1], 1) },
      }),
    ),
    [1, 3, 4, 5],
  );

  test.each([
    ["left", ["Relu", "Add"]],
    ["both", ["Relu", "Abs", "Mul"]],
    ["x", []],
  ])("keeps only what '%s' depends on", (layer, operators) => {
    expect(cutAt(branches, { value: layer }).map(({ op }) => op)).toEqual(operators);
  });

  test("refuses a value that the image has no part in", () => {
    expect(() => cutAt(branches, { value: "c" })).toThrow("value 'c' does not depend on the image");
  });
});
