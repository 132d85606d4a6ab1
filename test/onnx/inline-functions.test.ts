import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { create } from "@bufbuild/protobuf";
import { type FunctionProto, OperatorSetIdProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";

import { decodeModel, readModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { float, type Node } from "../../lib/onnx/model.ts";
import { boolScalar, floatTensor } from "../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { moveOut } from "../support/external-model.ts";
import { call, functionOf, OPSET } from "../support/function-writer.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { int } from "../support/integers.ts";
import { largestDifference } from "../support/vectors.ts";
import { normal } from "../support/random.ts";

const image = normal([1, 3, 5, 4], 1);
const kernel = normal([3, 3, 2, 3], 2);

function modelOf(nodes: readonly Node[], functions: readonly FunctionProto[]): Uint8Array {
  const initializers = { w: kernel, yes: boolScalar(true), two: int(2) };
  const graph = sketch({ inputs: { image: image.shape }, nodes, outputs: ["y"], initializers });
  return writeModel(graph, OPSET, (model) => {
    model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: "local", version: 1n }));
    model.functions.push(...functions);
  });
}

const silu = functionOf("Silu", {
  inputs: "x",
  outputs: "z",
  nodes: [node("Sigmoid", "x", "s"), node("Mul", "x s", "z")],
});
const block = functionOf("Block", {
  inputs: "x w bias",
  outputs: "z",
  nodes: [node("Conv", "x w bias", "s", { pads: [1, 1, 0, 1] }), call("Silu", "s", "z")],
});
const leaky = functionOf("Leaky", {
  inputs: "x",
  outputs: "z",
  nodes: [node("LeakyRelu", "x", "z")],
  alphas: { 0: "slope" },
});
const steep = functionOf("Steep", {
  inputs: "x",
  outputs: "z",
  nodes: [node("LeakyRelu", "x", "z")],
  alphas: { 0: "alpha" },
  defaults: { alpha: 0.7 },
});
const both = functionOf("Both", {
  inputs: "x",
  outputs: "x z",
  nodes: [node("Neg", "x", "z")],
});
const branch = (op: string) => ({
  graph: sketch({ inputs: {}, nodes: [node(op, "x", "z")], outputs: ["z"] }),
});
const choice = functionOf("Choice", {
  inputs: "x t",
  outputs: "y",
  nodes: [node("If", "t", "y", { then_branch: branch("Relu"), else_branch: branch("Neg") })],
});
/** Halves what it is given, round by round; all that it says of the last one is left out. */
const halving = (outputs: string) =>
  node("Loop", "n _ x", `_ ${outputs}`, {
    body: {
      graph: sketch({
        inputs: { i: [], go: [], v: image.shape },
        types: { i: "int64", go: "bool", on: "bool" },
        nodes: [
          node("Mul", "v half", "less"),
          node("Identity", "go", "on"),
          node("Add", "less x", "seen"),
        ],
        outputs: ["on", "less", "seen"],
        initializers: { half: floatTensor([], [0.5]) },
      }),
    },
  });
const halvings = functionOf("Halvings", {
  inputs: "x n t",
  outputs: "h z",
  nodes: [
    halving("h"),
    node("If", "t", "f", {
      then_branch: { graph: sketch({ inputs: {}, nodes: [halving("z")], outputs: ["z"] }) },
      else_branch: branch("Neg"),
    }),
    node("Mul", "h f", "z"),
  ],
});

describe("a node of the file's own function is the function's nodes", () => {
  test.each<[string, readonly Node[], readonly string[]]>([
    ["one", [call("Silu", "image", "y")], ["Sigmoid", "Mul"]],
    [
      "inside another, twice, without an input",
      [call("Block", "image w _", "a"), call("Block", "a w", "y")],
      ["Conv", "Sigmoid", "Mul", "Conv", "Sigmoid", "Mul"],
    ],
    [
      "attributes given, left out and by default",
      [
        call("Leaky", "image", "a", { slope: float(0.3) }),
        call("Leaky", "a", "b"),
        call("Steep", "b", "c"),
        call("Steep", "c", "y", { alpha: float(-0.2) }),
      ],
      ["LeakyRelu", "LeakyRelu", "LeakyRelu", "LeakyRelu"],
    ],
    ["a branch that has its names", [call("Choice", "image yes", "y")], ["Relu", "Identity"]],
  ])("%s", async (_, nodes, wanted) => {
    const original = modelOf(nodes, [silu, block, leaky, steep, choice]);
    const { graph } = decodeModel(original);
    expect(graph.nodes.map(({ op }) => op)).toEqual(wanted);
    const computed = await runModel(encodeModel(graph), { image });
    expect(computed).toEqual(await runModel(original, { image }));
  });

  test("in a branch, by a name that others have", async () => {
    const neg = node("Neg", "image", "z");
    const called = [node("Abs", "image", "silu_of_z/s"), call("Silu", "silu_of_z/s", "z")];
    const original = modelOf(
      [
        node("Neg", "image", "silu_of_y/s"),
        node("If", "yes", "a", {
          then_branch: { graph: sketch({ inputs: {}, nodes: called, outputs: ["z"] }) },
          else_branch: { graph: sketch({ inputs: {}, nodes: [neg], outputs: ["z"] }) },
        }),
        node("Add", "a silu_of_y/s", "b"),
        call("Silu", "b", "y"),
      ],
      [silu],
    );
    const computed = await runModel(encodeModel(decodeModel(original).graph), { image });
    expect(computed).toEqual(await runModel(original, { image }));
  });

  test("rounds of its own, of which it reads what the call leaves out", async () => {
    const nodes = [
      // named as what its rounds are given and hold
      node("Identity", "image", "v"),
      call("Halvings", "v two yes", "_ half"),
      call("Halvings", "half two yes", "b c"),
      node("Add", "b c", "y"),
    ];
    const { graph } = decodeModel(modelOf(nodes, [halvings]));
    const { y } = await runModel(encodeModel(graph), { image });
    // of each round what is left and the whole: 3/2 and 5/4
    const squares = [3 / 2, 5 / 4].flatMap((seen) => [...image.data].map((x) => (seen * x) ** 2));
    const seen = [3 / 2, 5 / 4].flatMap((part) => squares.map((x) => part * x));
    const wanted = floatTensor(
      [2, 2, ...image.shape],
      seen.map((x) => x + x ** 2),
    );
    expect(largestDifference(y, wanted)).toBeLessThan(1e-4);
  });

  test("an input that it gives back is passed on", () => {
    const nodes = [call("Both", "image", "a b"), node("Mul", "a b", "y")];
    const { graph } = decodeModel(modelOf(nodes, [both]));
    expect(graph.nodes.map(({ name, op, inputs }) => [name, op, ...inputs])).toEqual([
      ["", "Neg", "image"],
      ["both_of_b", "Identity", "image"],
      ["", "Mul", "a", "b"],
    ]);
  });

  test("by the name of the node that calls it, or of what that gives", () => {
    const nameless = { ...call("Both", "a", "_ y"), name: "" };
    const nodes = [call("Block", "image w", "a"), nameless];
    const named = functionOf("Both", {
      inputs: "x",
      outputs: "s z",
      nodes: [node("Abs", "x", "s"), { ...node("Neg", "s", "z"), name: "neg" }],
    });
    const { graph } = decodeModel(modelOf(nodes, [block, silu, named]));
    expect(graph.nodes.map(({ name, outputs }) => [name, ...outputs])).toEqual([
      ["", "block_of_a/s"],
      ["", "block_of_a/silu_of_z/s"],
      ["", "a"],
      ["", "y/s"],
      ["y/neg", "y"],
    ]);
  });

  test("by its domain and its overload, whether or not it has operators of ONNX", () => {
    const other = { inputs: "x", outputs: "z", nodes: [node("Abs", "x", "z")] };
    const calls = [call("Silu", "x", "s"), call("Silu", "s", "z")];
    const around = functionOf("Around", { inputs: "x", outputs: "z", nodes: calls, opset: null });
    around.node[1]!.overload = "abs";
    const functions = [
      silu,
      functionOf("Silu", { ...other, domain: "elsewhere" }),
      functionOf("Silu", { ...other, overload: "abs" }),
      around,
    ];
    const { graph } = decodeModel(modelOf([call("Around", "image", "y")], functions));
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Sigmoid", "Mul", "Abs"]);
  });
});

test.each<[string, readonly Node[], string]>([
  ["itself", [call("Self", "x", "z")], "Self"],
  ["another that calls it", [call("Other", "x", "z")], "Self"],
  [
    "itself in a branch",
    [
      node("If", "x", "z", {
        then_branch: {
          graph: sketch({ inputs: {}, nodes: [call("Self", "x", "a")], outputs: ["a"] }),
        },
        else_branch: branch("Neg"),
      }),
    ],
    "If",
  ],
])("one that calls %s stays a node that is not known", (_, nodes, left) => {
  const self = functionOf("Self", { inputs: "x", outputs: "z", nodes });
  const again = { inputs: "x", outputs: "z", nodes: [call("Self", "x", "z")] };
  const functions = [self, functionOf("Other", again)];
  const { graph } = decodeModel(modelOf([call("Self", "image", "y")], functions));
  expect(graph.nodes.map(({ op }) => op)).toEqual([left]);
});

test.each(["", "ai.onnx"] as const)("one of another opset of '%s' stays, too", (standard) => {
  const nodes = [node("Softmax", "x", "z")];
  const older = functionOf("Older", { inputs: "x", outputs: "z", nodes, opset: 11, standard });
  const { graph } = decodeModel(modelOf([call("Older", "image", "y")], [older]));
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Older"]);
});

describe("refused in time", () => {
  /** Functions that each call the next, so often; the last one gives back what it is given. */
  const chain = (length: number, times: number, isRead = true) => [
    ...Array.from({ length }, (_, i) => {
      const calls = Array.from({ length: times }, (__, k) =>
        call(`F${i + 1}`, "x", isRead ? `z${k}` : "_"),
      );
      return functionOf(`F${i}`, { inputs: "x", outputs: "z0", nodes: calls });
    }),
    functionOf(`F${length}`, { inputs: "x", outputs: "x", nodes: [] }),
  ];

  const tooMany = /has 12001 or more nodes, and at most 12000/;

  test.each([
    ["more nodes than a file may have", chain(40, 2), tooMany],
    ["calls that come to nothing", chain(14, 2, false), tooMany],
    ["functions too deep", chain(64, 1), /has 65 functions inside each other, and at most 64 are/],
  ])("%s", (_, functions, message) => {
    const bytes = modelOf([call("F0", "image", "y")], functions);
    expect(() => decodeModel(bytes)).toThrow(message);
  });

  test("more that nodes read than a file may have", () => {
    const sum = node("Sum", "x ".repeat(2_000), "z");
    const summed = functionOf("Summed", { inputs: "x", outputs: "z", nodes: [sum] });
    const calls = Array.from({ length: 200 }, (_, i) => call("Summed", "image", `y${i}`));
    // the 199 before it: 2 names of the call, 2,001 of its node
    expect(() => decodeModel(modelOf(calls, [summed]))).toThrow(/has 400600 or more inputs and/);
  });
});

test("weights of a function may lie in a file beside the model", async () => {
  const shifted = functionOf("Shifted", {
    inputs: "x",
    outputs: "z",
    nodes: [
      node("Constant", "", "shift", { value: { tensor: kernel } }),
      node("Add", "x shift", "z"),
    ],
  });
  const data = moveOut(shifted.node[0]!.attribute[0]!.t!, { location: "net.data", offset: 0 });
  const folder = await temporaryFolder();
  await writeFile(join(folder, "net.data"), data);
  await writeFile(join(folder, "net.onnx"), modelOf([call("Shifted", "image", "y")], [shifted]));
  const { graph } = await readModel(join(folder, "net.onnx"));
  expect([...graph.initializers.values()]).toContainEqual(kernel);
});
