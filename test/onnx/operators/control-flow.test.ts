import { describe, expect, test } from "vitest";

import type { Node } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { bodyOf, choice, loop, problemOf } from "../../support/control-flow.ts";
import { int } from "../../support/integers.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const goesOn = node("Identity", "c", "c2");
const plain = { inputs: "i c h", nodes: [goesOn, node("Tanh", "h", "g")], outputs: "c2 g" };

/** A boolean and an integer that the image decides. */
const seen = [
  node("ReduceMax", "image", "most", { keepdims: 0 }),
  node("Cast", "most", "c_seen", { to: 9 }),
  node("Cast", "most", "i_seen", { to: 7 }),
];

describe("what is known only as the network runs is refused", () => {
  const late = [node("Less", "i one", "c_first"), node("Or", "c_first c_seen", "c2")];
  test.each<readonly [message: string, odd: Node]>([
    ["Loop 'y': how many rounds it has", loop("i_seen yes image", "y", plain)],
    ["Loop 'y': its condition", loop("n c_seen image", "y", plain)],
    [
      "Loop 'y': its condition after round 0",
      loop("n yes image", "y", { ...plain, nodes: [...late, node("Tanh", "h", "g")] }),
    ],
    [
      "If 'y': its condition",
      choice("c_seen", "y", node("Sin", "image", "s"), node("Cos", "image", "t")),
    ],
    ["SequenceAt 'y': the position", node("SequenceAt", "pair i_seen", "y")],
  ])("%s", (what, odd) => {
    const pair = node("SequenceConstruct", "image image", "pair");
    const network = { nodes: [...seen, pair, odd], outputs: "y", constants: { n: int(4) } };
    expect(problemOf(network)).toBe(
      `${what} is known only as the network runs; choose a layer before it`,
    );
  });

  test("a value that a round needs and that is not known says why", () => {
    const nodes = [
      node("Mystery", "image", "odd"),
      loop("n yes image", "y", { ...plain, nodes: [goesOn, node("Add", "h odd", "g")] }),
    ];
    expect(problemOf({ nodes, outputs: "y", constants: { n: int(4) } })).toBe(
      "Mystery 'odd': operator is not known; choose a layer before it",
    );
  });
});

describe("control flow that does not fit is refused", () => {
  const oneInput = { graph: bodyOf({ inputs: "x", nodes: [node("Sin", "x", "s")], outputs: "s" }) };
  const sine = { graph: bodyOf({ inputs: "", nodes: [node("Sin", "image", "s")], outputs: "s" }) };
  const added = bodyOf({ inputs: "a b", nodes: [node("Add", "a b", "s")], outputs: "s" });
  const scan = (inputs: string, graph: typeof oneInput, axes: readonly number[] = []) =>
    node("Scan", inputs, "y", { num_scan_inputs: 2, scan_input_axes: axes, body: graph });
  test.each<readonly [message: string, odd: Node]>([
    [
      "Loop 'y': its body has 1 inputs and is given 3",
      node("Loop", "n yes image", "y", { body: oneInput }),
    ],
    ["Loop 'y': attribute 'body' must be a graph", node("Loop", "n yes image", "y")],
    [
      "Loop 'y': no rounds, of which there is nothing to stack",
      loop("none yes image", "y y2", plain),
    ],
    ["If 'y': 2 outputs, of which 1 are made", node("If", "yes", "y y2", { then_branch: sine })],
    ["Scan 'y': its body has 1 inputs and is given 2", scan("image w", oneInput)],
    ["Scan 'y': scans of 4 and 3 rounds", scan("image w", { graph: added }, [2, 0])],
    ["Scan 'y': 1 of 1 inputs to be scanned", scan("image", oneInput)],
    [
      "If 'y': its condition has shape [3, 1, 1], wanted a single value",
      node("If", "w", "y", { then_branch: oneInput }),
    ],
  ])("%s", (message, odd) => {
    const constants = { n: int(4), none: int(0) };
    expect(problemOf({ nodes: [odd], outputs: "y", constants })).toBe(message);
  });
});

describe("small files of many rounds are refused before they take much", () => {
  /** `depth` Loops in each other, each with a condition that is computed. */
  function nested(depth: number, nodes: readonly Node[] = [node("Tanh", "h0", "g0")]): Node {
    let inner = nodes;
    for (let d = 0; d < depth; d++) {
      const body = {
        inputs: `i${d} c${d} h${d}`,
        nodes: [node("Less", `i${d} many`, `c_on${d}`), ...inner],
        outputs: `c_on${d} g${d}`,
      };
      const isLast = d + 1 === depth;
      inner = [
        loop(`many yes ${isLast ? "image" : `h${d + 1}`}`, isLast ? "y" : `g${d + 1}`, body),
      ];
    }
    return inner[0]!;
  }
  const MANY = 1e9;

  test.each<readonly [message: string, odd: Node]>([
    [
      "Loop 'y' has 1000000000 rounds, and at most 1024 are read; use a smaller model",
      loop("many yes image", "y", plain),
    ],
    [
      "Loop 'y' has 1000000000 rounds, and at most 1024 are read; use a smaller model",
      loop("many yes image", "y", { inputs: "i c h", nodes: [], outputs: "c h" }),
    ],
    ["Loop 'y' has 1025 or more rounds, and at most 1024 are read; use a smaller model", nested(1)],
  ])("%s", (message, odd) => {
    const constants = { many: int(MANY) };
    expect(problemOf({ nodes: [odd], outputs: "y", constants })).toBe(message);
  });

  const chain = Array.from({ length: 5_000 }, (_, i) =>
    node("Tanh", i === 0 ? "h0" : `t${i}`, i === 4_999 ? "g0" : `t${i + 1}`),
  );
  const never = node("If", "no", "g0", {
    then_branch: { graph: bodyOf({ inputs: "", nodes: chain, outputs: "g0" }) },
    else_branch: {
      graph: bodyOf({ inputs: "", nodes: [node("Sin", "h0", "s0")], outputs: "s0" }),
    },
  });
  test.each<readonly [what: string, odd: Node]>([
    ["three Loops in each other", nested(3)],
    ["5,000 nodes in each round", nested(1, chain)],
    ["5,000 nodes of a branch that no round takes", nested(1, [never])],
    ["100,000 inputs of a node in each", nested(1, [node("Sum", "h0 ".repeat(1e5), "g0")])],
  ])("%s", (_, odd) => {
    const constants = { many: int(MANY) };
    expect(problemOf({ nodes: [odd], outputs: "y", constants })).toMatch(
      /^Loop 'y' has [345]\d{4} nodes with all steps before it, and at most 30000 are read; /,
    );
  });

  test("1,000 inputs of a Scan that are 1,024 long", () => {
    const parts = Array.from({ length: 1_000 }, (_, i) => `x${i}`).join(" ");
    const inner = bodyOf({ inputs: parts, nodes: [node("Sin", "x0", "s")], outputs: "s" });
    const attributes = { num_scan_inputs: 1_000, body: { graph: inner } };
    const odd = node("Scan", "long ".repeat(1_000), "y", attributes);
    const constants = { long: floatTensor([1_024], new Float32Array(1_024)) };
    expect(problemOf({ nodes: [odd], outputs: "y", constants })).toMatch(
      /^Scan 'y' has 1024000 nodes with all steps before it, /,
    );
  });

  test("steps of recurrent nodes are not written once there are too many", () => {
    const nodes = Array.from({ length: 9 }, (_, i) =>
      node("LSTM", "steps v u", `y${i} last${i} cell${i}`, { hidden_size: 1 }),
    );
    const constants = {
      steps: floatTensor([1_024, 1, 1], new Float32Array(1_024)),
      v: normal([1, 4, 1], 1),
      u: normal([1, 4, 1], 2),
    };
    const network = { nodes: [...nodes, node("Add", "image last8", "y")], outputs: "y", constants };
    expect(problemOf(network)).toMatch(/^LSTM 'y8' has 3\d{4} nodes with all steps before it, /);
  });
});
