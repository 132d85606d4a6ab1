import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { bodyOf, fileOf, furthestApart, SHAPE } from "../../support/control-flow.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";

interface Scan {
  readonly what: string;
  readonly attributes: Attributes;
  /** @default "first image" */
  readonly inputs?: string;
}

const scans: readonly Scan[] = [
  { what: "along the first axis", attributes: { scan_input_axes: [0], scan_output_axes: [0] } },
  { what: "along rows, as columns", attributes: { scan_input_axes: [2], scan_output_axes: [3] } },
  { what: "along a last axis", attributes: { scan_input_axes: [-1], scan_output_axes: [-1] } },
  { what: "backwards", attributes: { scan_input_axes: [2], scan_input_directions: [1] } },
  {
    what: "backwards, put in front",
    attributes: { scan_input_axes: [3], scan_input_directions: [1], scan_output_directions: [1] },
  },
  {
    what: "of two inputs, one each way",
    attributes: {
      num_scan_inputs: 2,
      scan_input_axes: [2, 2],
      scan_input_directions: [0, 1],
      scan_output_axes: [1],
    },
    inputs: "first image turned",
  },
];

/** A running mean with decay, state = 0.7 state + mean(x), by which what is scanned differs. */
function scanOf({ attributes, inputs = "first image" }: Scan): Uint8Array {
  const isTwo = inputs.split(" ").length > 2;
  const own = isTwo ? [node("Mul", "x x_other", "used")] : [node("Identity", "x", "used")];
  const body = {
    inputs: isTwo ? "state x x_other" : "state x",
    nodes: [
      ...own,
      node("Mul", "state decay", "kept"),
      node("ReduceMean", "used", "mean"),
      node("Add", "kept mean", "next"),
      node("Add", "next used", "sum"),
      node("Sin", "sum", "seen"),
    ],
    outputs: "next seen",
  };
  const graph = bodyOf({ axes: 3, ...body });
  return fileOf({
    nodes: [
      node("Cos", "image", "turned"),
      node("Scan", inputs, "last all", { num_scan_inputs: 1, ...attributes, body: { graph } }),
      node("Exp", "all", "y"),
    ],
    outputs: "y last",
    constants: { first: floatTensor([1, 1, 1], [0.25]), decay: floatTensor([], [0.7]) },
  });
}

describe("the rounds of a Scan compute what it does in ONNX Runtime", () => {
  test.each(scans)("$what", async (given) => {
    expect(await furthestApart(scanOf(given))).toBeLessThan(1e-6);
  });

  test("another direction is noticed", async () => {
    const [, , , backwards] = scans;
    const forwards = { ...backwards!, attributes: { scan_input_axes: [2] } };
    expect(await furthestApart(scanOf(backwards!), scanOf(forwards))).toBeGreaterThan(1e-3);
  });
});

test("a Scan as of opset 8, which has a batch of its own, is refused", () => {
  const inner = bodyOf({ inputs: "x", nodes: [node("Sin", "x", "s")], outputs: "s" });
  const graph = sketch({
    inputs: { image: SHAPE },
    nodes: [node("Scan", "_ image", "y", { num_scan_inputs: 1, body: { graph: inner } })],
    outputs: ["y"],
  });
  const { problems } = specialise(decodeModel(writeModel(graph, 8)), SHAPE);
  expect(problems.get("y")?.message).toBe(
    "Scan 'y': Scan as of opset 8 has no counterpart in opset 18; export the model with opset 18",
  );
});
