import { describe, expect, test } from "vitest";

import type { Architecture } from "../support/architectures/architecture.ts";
import { type ArchitectureFile, checkArchitecture } from "../support/architectures/check.ts";
import { bodyOf, choice, fileOf, loop } from "../support/control-flow.ts";
import { int } from "../support/integers.ts";
import { node } from "../support/onnx-writer.ts";
import { uniform } from "../support/random.ts";

/** Of float32 gradients against slopes in double precision, and of the network's output. */
const MEDIAN_ERROR = 1e-6;

const described: Architecture = {
  name: "",
  style: "torchscript",
  opset: 18,
  image: [3, 4, 5],
  build: () => [],
};

const padded = { pads: [1, 1, 1, 1] };
const weights = {
  stem: uniform([4, 3, 3, 3], 1, [-0.3, 0.3]),
  within: uniform([4, 4, 3, 3], 2, [-0.2, 0.2]),
  head: uniform([5, 12, 1, 1], 3, [-0.3, 0.3]),
};

/** A convolution that is fed back, otherwise in every second round; what all rounds saw is read. */
const fedBack = fileOf({
  nodes: [
    node("Conv", "image stem", "x", padded),
    loop("rounds yes x one", "last i_last stack", {
      inputs: "i c h i_own",
      nodes: [
        node("Cast", "i_own", "f", { to: 1 }),
        node("Add", "i_own one", "i_next"),
        node("Less", "i_next four", "c2"),
        node("Conv", "h within", "back", padded),
        node("Add", "back x", "sum"),
        node("Equal", "i one", "c_odd"),
        choice("c_odd", "g", node("Sigmoid", "sum", "g_odd"), node("Tanh", "sum", "g_even")),
        node("Mul", "g f", "seen"),
      ],
      outputs: "c2 g i_next seen",
    }),
    node("SplitToSequence", "stack", "list", { axis: 0, keepdims: 0 }),
    node("ConcatFromSequence", "list", "all", { axis: 1 }),
    node("Conv", "all head", "y"),
  ],
  outputs: "y",
  constants: { ...weights, rounds: int(1e15), four: int(4) },
});

/** Each row of the maps sees those above it. */
const rowByRow = fileOf({
  nodes: [
    node("Conv", "image stem", "x", padded),
    node("ReduceMean", "x height", "first", { keepdims: 0 }),
    node("Scan", "first x", "last rows", {
      num_scan_inputs: 1,
      scan_input_axes: [2],
      scan_input_directions: [1],
      scan_output_axes: [2],
      scan_output_directions: [1],
      body: {
        graph: bodyOf({
          axes: 3,
          inputs: "h row",
          nodes: [
            node("MatMul", "mixing h", "mixed"),
            node("Add", "mixed row", "sum"),
            node("Tanh", "sum", "next"),
            node("Sin", "next", "seen"),
          ],
          outputs: "next seen",
        }),
      },
    }),
    node("Mul", "rows x", "y"),
  ],
  outputs: "y",
  constants: {
    ...weights,
    mixing: uniform([4, 4], 4, [-0.4, 0.4]),
    height: { type: "int64", shape: [1], data: BigInt64Array.of(2n) },
  },
});

const networks: readonly (readonly [what: string, file: ArchitectureFile])[] = [
  ["a convolution that a Loop feeds back", { bytes: fedBack, data: null }],
  ["rows that a Scan goes through", { bytes: rowByRow, data: null }],
];

describe("gradients through control flow are those in double precision", () => {
  test.each(networks)("%s", async (_, file) => {
    const { errors, forward, layers } = await checkArchitecture(described, file);
    expect(layers.map(({ index }) => index)).toHaveLength(3);
    for (const error of errors) expect(error).toBeLessThan(MEDIAN_ERROR);
    expect(forward).toBeLessThan(MEDIAN_ERROR);
  });

  test("a gradient that is a little too large is noticed", async () => {
    const [, file] = networks[0]!;
    const { errors } = await checkArchitecture(described, file, (g) => g.map((x) => x * 1.00001));
    for (const error of errors) expect(error).toBeGreaterThan(MEDIAN_ERROR);
  });
});
