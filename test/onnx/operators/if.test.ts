import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import type { Graph, Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { int } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal } from "../../support/random.ts";

const branch = (nodes: readonly Node[], output: string): Graph =>
  sketch({
    inputs: {},
    nodes,
    outputs: [output],
    initializers: { [`${output}_gain`]: floatTensor([], [3]) },
  });

/** `x.squeeze(3)` as PyTorch exports it to opset 11, each branch with a constant of its own. */
const squeezed = (condition: readonly Node[], elseOutput = "otherwise") =>
  writeModel(
    sketch({
      inputs: { x: [1, 3, null, null] },
      nodes: [
        ...condition,
        node("If", "is_one", "chosen", {
          then_branch: {
            graph: branch(
              [
                node("Squeeze", "x", "flat", { axes: [3] }),
                node("Mul", "flat squeezed_gain", "squeezed"),
              ],
              "squeezed",
            ),
          },
          else_branch: {
            graph: branch([node("Add", `x ${elseOutput}_gain`, elseOutput)], elseOutput),
          },
        }),
        node("Neg", "chosen", "y"),
      ],
      outputs: ["y"],
      initializers: {
        three: int(3),
        one: int(1),
        zero: floatTensor([], [0]),
      },
    }),
    11,
  );

const byWidth = [
  node("Shape", "x", "shape"),
  node("Gather", "shape three", "width"),
  node("Equal", "width one", "is_one"),
];

describe("an If whose condition is known", () => {
  test.each([
    { shape: [1, 3, 5, 1] as const, ops: ["Squeeze", "Mul", "Identity", "Neg"] },
    { shape: [1, 3, 5, 4] as const, ops: ["Add", "Identity", "Neg"] },
  ])("of $shape becomes the branch taken", async ({ shape, ops }) => {
    const file = squeezed(byWidth);
    const { graph, problems } = specialise(decodeModel(file), shape);
    expect([...problems]).toEqual([]);
    expect(graph.nodes.map(({ op }) => op)).toEqual(ops);
    const x = normal(shape, 1);
    expect(await runModel(encodeModel(graph), { x })).toEqual(await runModel(file, { x }));
  });

  test("is refused where the image decides", () => {
    const { problems } = specialise(decodeModel(squeezed(byImage())), [1, 3, 5, 4]);
    expect(problems.get("chosen")?.message).toBe(
      "If 'chosen': its condition is known only as the network runs; choose a layer before it",
    );
  });

  test("may have names in a branch that there are outside too", async () => {
    const file = squeezed(byWidth, "width_2");
    const { graph } = specialise(decodeModel(file), [1, 3, 5, 4]);
    const x = normal([1, 3, 5, 4], 1);
    expect(await runModel(encodeModel(graph), { x })).toEqual(await runModel(file, { x }));
  });
});

function byImage(): readonly Node[] {
  return [
    node("ReduceMax", "x", "largest", { keepdims: 0 }),
    node("Greater", "largest zero", "is_one"),
  ];
}
