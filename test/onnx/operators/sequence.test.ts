import { create } from "@bufbuild/protobuf";
import { type ModelProto, TypeProtoSchema, ValueInfoProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";

import { layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { intsTensor } from "../../../lib/onnx/tensor.ts";
import {
  choice,
  fileOf,
  furthestApart,
  loop,
  problemOf,
  SHAPE,
} from "../../support/control-flow.ts";
import { int } from "../../support/integers.ts";
import { node } from "../../support/onnx-writer.ts";

/** Three values, a pair of them as the sequence `pair`. */
const given = [
  node("Sin", "image", "a"),
  node("Cos", "image", "b"),
  node("Tanh", "image", "d"),
  node("SequenceConstruct", "a b", "pair"),
];
const constants = {
  minus: int(-1),
  three: int(3),
  below: int(-3),
  n: int(3),
  sizes: intsTensor([1, 2]),
  axis: intsTensor([0]),
};
const joined = (sequence: string, axis = 1) =>
  node("ConcatFromSequence", sequence, "y", { axis, new_axis: 0 });

const cases: Readonly<Record<string, readonly Node[]>> = {
  "one is made of values": [joined("pair")],
  "it becomes a new axis": [node("ConcatFromSequence", "pair", "y", { axis: -1, new_axis: 1 })],
  "a value is added to an empty one": [
    node("SequenceEmpty", "", "none"),
    node("SequenceInsert", "none d", "alone"),
    joined("alone"),
  ],
  "a value is added at the end": [node("SequenceInsert", "pair d", "all"), joined("all")],
  "a value is added in front": [node("SequenceInsert", "pair d zero", "all"), joined("all")],
  "a value is added before the last": [
    node("SequenceInsert", "pair d minus", "all"),
    joined("all"),
  ],
  "a value is added behind the last": [node("SequenceInsert", "pair d two", "all"), joined("all")],
  "the first is taken out": [node("SequenceErase", "pair zero", "rest"), joined("rest")],
  "the last is taken out": [node("SequenceErase", "pair", "rest"), joined("rest")],
  "one is read": [node("SequenceAt", "pair one", "y")],
  "the last is read": [node("SequenceAt", "pair minus", "y")],
  "its length is read": [
    node("SequenceLength", "pair", "i_length"),
    node("Cast", "i_length", "length", { to: 1 }),
    node("Mul", "length a", "y"),
  ],
  "parts of given lengths": [
    node("SplitToSequence", "d sizes", "parts", { axis: 1 }),
    node("SequenceAt", "parts one", "y"),
  ],
  "parts of one length, the last shorter": [
    node("SplitToSequence", "d two", "parts", { axis: -1 }),
    node("SequenceAt", "parts minus", "y"),
  ],
  "parts of length 1": [
    node("SplitToSequence", "d", "parts", { axis: 2 }),
    node("SequenceErase", "parts one", "rest"),
    joined("rest", 2),
  ],
  "parts of length 1 without their axis": [
    node("SplitToSequence", "d", "parts", { axis: 2, keepdims: 0 }),
    node("SequenceAt", "parts one", "part"),
    node("Unsqueeze", "part axis", "y"),
  ],
  "parts of a length of 1 that is given, without their axis": [
    node("SplitToSequence", "d one", "parts", { axis: 2, keepdims: 0 }),
    node("SequenceAt", "parts one", "part"),
    node("Unsqueeze", "part axis", "y"),
  ],
  "parts of given lengths, whose axis stays": [
    node("SplitToSequence", "d sizes", "parts", { axis: 1, keepdims: 0 }),
    node("SequenceAt", "parts zero", "y"),
  ],
  "a Loop adds to it, and reads another": [
    node("SplitToSequence", "d", "parts", { axis: 1 }),
    node("SequenceLength", "parts", "i_length"),
    node("SequenceEmpty", "", "none"),
    loop("i_length yes none", "all", {
      inputs: "i c list",
      nodes: [
        node("Identity", "c", "c2"),
        node("SequenceAt", "parts i", "part"),
        node("Exp", "part", "grown"),
        node("SequenceInsert", "list grown zero", "list2"),
      ],
      outputs: "c2 list2",
    }),
    joined("all"),
  ],
  "a branch makes it": [
    choice(
      "no",
      "chosen",
      node("SequenceConstruct", "a d", "list3"),
      node("SequenceConstruct", "d b", "list4"),
    ),
    joined("chosen"),
  ],
};

/** Declares values in Loops and branches whose name begins with `list` as sequences of floats. */
function declareSequences({ graph }: ModelProto): void {
  const bodies = graph!.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => g ?? []));
  const float = create(TypeProtoSchema, { value: { case: "tensorType", value: { elemType: 1 } } });
  for (const body of bodies) {
    for (const values of [body.input, body.output]) {
      values.forEach(({ name }, i) => {
        if (!name.startsWith("list")) return;
        const type = { value: { case: "sequenceType", value: { elemType: float } } } as const;
        values[i] = create(ValueInfoProtoSchema, { name, type });
      });
    }
  }
}

const fileWith = (nodes: readonly Node[]) =>
  fileOf(
    { nodes: [...given, ...nodes], outputs: "y", constants },
    {
      edit: declareSequences,
    },
  );

describe("sequences hold what they do in ONNX Runtime", () => {
  test.each(Object.entries(cases))("%s", async (_, nodes) => {
    expect(await furthestApart(fileWith(nodes))).toBeLessThan(1e-6);
  });

  test("another order is noticed", async () => {
    const [front, end] = ["in front", "at the end"].map((where) =>
      fileWith(cases[`a value is added ${where}`]!),
    );
    expect(await furthestApart(front!, end)).toBeGreaterThan(1e-3);
  });
});

test.each<readonly [message: string, nodes: readonly Node[]]>([
  ["SequenceAt 'y': position 3 of a sequence of 2", [node("SequenceAt", "pair three", "y")]],
  ["SequenceAt 'y': position -3 of a sequence of 2", [node("SequenceAt", "pair below", "y")]],
  [
    "SequenceInsert 'more': position -3 of a sequence of 2",
    [node("SequenceInsert", "pair d below", "more"), joined("more")],
  ],
  [
    "SequenceErase 'rest': position -3 of a sequence of 2",
    [node("SequenceErase", "pair below", "rest"), joined("rest")],
  ],
  [
    "SequenceInsert 'more': position 3 of a sequence of 2",
    [node("SequenceInsert", "pair d three", "more"), joined("more")],
  ],
  [
    "SequenceErase 'rest': position 3 of a sequence of 2",
    [node("SequenceErase", "pair three", "rest"), joined("rest")],
  ],
  [
    "ConcatFromSequence 'y': an empty sequence",
    [node("SequenceEmpty", "", "none"), joined("none")],
  ],
  [
    "SequenceAt 'y': input 0 must be a sequence, got a tensor of float32",
    [node("SequenceAt", "d zero", "y")],
  ],
  [
    "SplitToSequence 'parts': parts of 0 of an axis of 3",
    [node("SplitToSequence", "d zero", "parts", { axis: 1 }), joined("parts")],
  ],
  [
    "Neg 'y': reads the sequence 'pair', which it is not known to do; choose a layer before it",
    [node("Neg", "pair", "y")],
  ],
])("%s", (message, nodes) => {
  expect(problemOf({ nodes: [...given, ...nodes], outputs: "y", constants })).toBe(message);
});

test("a sequence of more and more values does not take all memory", () => {
  const nodes = Array.from({ length: 1_500 }, (_, i) =>
    node("SequenceInsert", `${i ? `s${i}` : "pair"} a`, `s${i + 1}`),
  );
  expect(
    problemOf({ nodes: [...given, ...nodes, joined("s1500")], outputs: "y", constants }),
  ).toMatch(/^ConcatFromSequence 'y' has 30\d+ nodes with all steps before it, and at most 30000 /);
});

/** Names of the layers behind the image. */
function layersOf(nodes: readonly Node[]): readonly string[] {
  const model = decodeModel(fileWith(nodes));
  return layerTable(model, specialise(model, SHAPE))
    .slice(1)
    .map(({ name }) => name);
}

test("what puts values into a sequence and takes them out is no layer", () => {
  const known = [node("SequenceInsert", "pair d", "all"), node("SequenceAt", "all two", "e")];
  expect(layersOf([...known, node("Exp", "e", "y")])).toEqual(["a", "b", "d", "y"]);
  const ofImage = [
    node("Shape", "image", "is"),
    node("Gather", "is zero", "i_batch"),
    node("SequenceAt", "all i_batch", "e"),
  ];
  expect(layersOf([known[0]!, ...ofImage, node("Exp", "e", "y")])).toEqual(["a", "b", "d", "y"]);
});
