import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { type Attributes, float } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { type FloatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";
import { furthestApart } from "../../support/written-out.ts";

const [STEPS, IMAGES, WIDTH, HIDDEN] = [5, 2, 6, 4];
const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4 };

interface Recurrent {
  readonly op: string;
  readonly what: string;
  readonly attributes?: Attributes;
  /** Which inputs there are behind the weights. */
  readonly has?: string;
}

const bidirectional = { direction: "bidirectional" };
const cases: readonly Recurrent[] = ["RNN", "GRU", "LSTM"].flatMap((op): Recurrent[] => [
  { op, what: "bare" },
  { op, what: "with a bias", has: "b" },
  { op, what: "reverse", attributes: { direction: "reverse" }, has: "b" },
  { op, what: "bidirectional", attributes: bidirectional, has: "b" },
  { op, what: "with a first state", attributes: bidirectional, has: "b h c" },
  { op, what: "with lengths", has: "b lengths" },
]);
const modes: readonly Recurrent[] = [
  { op: "RNN", what: "of another activation", attributes: { activations: ["Relu"] }, has: "b h" },
  { op: "GRU", what: "reset after", attributes: { linear_before_reset: 1 }, has: "b h" },
  {
    op: "GRU",
    what: "reset after, both ways",
    attributes: { ...bidirectional, linear_before_reset: 1 },
    has: "b h",
  },
  { op: "LSTM", what: "with peepholes", attributes: bidirectional, has: "b h c p" },
  {
    op: "LSTM",
    what: "of other activations",
    attributes: { activations: ["Sigmoid", "Softsign", "Relu"] },
    has: "b h c",
  },
];

function modelOf({ op, attributes = {}, has = "" }: Recurrent, weight?: FloatTensor) {
  const count = attributes["direction"] === "bidirectional" ? 2 : 1;
  const gates = GATES[op]!;
  const given = has.split(" ");
  const name = (value: string) => (given.includes(value) ? value : "_");
  const names = ["x", "w", "r", name("b"), name("lengths"), name("h")];
  const own = op === "LSTM" ? [...names, name("c"), name("p")] : names;
  const outputs = op === "LSTM" ? "y last cell" : "y last";
  const lengths: Tensor = { type: "int32", shape: [IMAGES], data: Int32Array.of(STEPS, STEPS) };
  return sketch({
    inputs: { image: [IMAGES, 1, STEPS, WIDTH] },
    nodes: [
      node("Squeeze", "image one", "rows"),
      node("Transpose", "rows", "x", { perm: [1, 0, 2] }),
      node(op, own.join(" "), outputs, { hidden_size: HIDDEN, ...attributes }),
    ],
    outputs: outputs.split(" "),
    initializers: {
      one: intsTensor([1]),
      w: weight ?? normal([count, gates * HIDDEN, WIDTH], 1),
      r: normal([count, gates * HIDDEN, HIDDEN], 2),
      b: normal([count, 2 * gates * HIDDEN], 3),
      h: uniform([count, IMAGES, HIDDEN], 4, [-1, 1]),
      c: uniform([count, IMAGES, HIDDEN], 5, [-1, 1]),
      p: normal([count, 3 * HIDDEN], 6),
      lengths,
    },
  });
}

const STEPPED = { image: normal([IMAGES, 1, STEPS, WIDTH], 7), gone: /^(RNN|GRU|LSTM)$/ };

/** Furthest apart of the node by ONNX Runtime and its steps as we write them. */
function stepsApart(given: Recurrent, weight?: FloatTensor): Promise<number> {
  const [file, other] = [modelOf(given), modelOf(given, weight)].map((of) => writeModel(of, 18));
  return furthestApart(STEPPED, file!, other);
}

describe("the steps of a recurrent node compute what it does in ONNX Runtime", () => {
  test.each([...cases, ...modes])("$op $what", async (given) => {
    expect(await stepsApart(given)).toBeLessThan(1e-5);
  });

  test("weights may be made of others that are not constants before the network runs", async () => {
    const given = modelOf({ op: "GRU", what: "", has: "b" });
    const tanned = { ...given, nodes: [node("Tanh", "w", "made"), ...given.nodes] };
    const nodes = tanned.nodes.map((each) =>
      each.op === "GRU" ? { ...each, inputs: each.inputs.with(1, "made") } : each,
    );
    expect(await furthestApart(STEPPED, writeModel({ ...tanned, nodes }, 18))).toBeLessThan(1e-5);
  });

  test("a weight that differs is noticed", async () => {
    const given = cases.at(-1)!;
    const weight = modelOf(given).initializers.get("w") as FloatTensor;
    const data = weight.data.with(5, weight.data[5]! + 0.01);
    expect(await stepsApart(given, { ...weight, data })).toBeGreaterThan(1e-4);
  });
});

/** Why the node's output is not known. */
function problemOf(given: Recurrent, shape: readonly number[] = [IMAGES, 1, STEPS, WIDTH]) {
  const model = decodeModel(writeModel(modelOf(given), 18));
  const specialised = specialise(model, shape as [number, number, number, number]);
  return specialised.problems.get("y")?.message;
}

test.each([
  [{ clip: float(2) }, "LSTM 'y': clip is not supported; choose a layer before it"],
  [{ input_forget: 1 }, "LSTM 'y': input_forget is not supported; choose a layer before it"],
  [{ layout: 1 }, "LSTM 'y': layout 1 is not supported; choose a layer before it"],
  [
    { activations: ["Sigmoid", "Affine", "Tanh"] },
    "LSTM 'y': activations Sigmoid, Affine, Tanh are not supported; choose a layer before it",
  ],
])("%o is refused in one line", (attributes, message) => {
  expect(problemOf({ op: "LSTM", what: "", attributes })).toBe(message);
});

test("more steps than anyone reads are refused before they are written", () => {
  expect(problemOf({ op: "GRU", what: "" }, [1, 1, 4_000_000, WIDTH])).toBe(
    "GRU 'y' has 4000000 steps, and at most 1024 are read; use a smaller model",
  );
});

test("a sequence of no steps is refused", () => {
  expect(problemOf({ op: "LSTM", what: "" }, [1, 1, 0, WIDTH])).toBe(
    "LSTM 'y': a sequence of no steps",
  );
});

test("weights of another width are refused", () => {
  expect(problemOf({ op: "LSTM", what: "" }, [1, 1, STEPS, WIDTH + 1])).toBe(
    "LSTM 'y': weights [1, 16, 6] and [1, 16, 4] on steps [5, 1, 7]",
  );
});
