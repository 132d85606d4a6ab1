import { describe, expect, test } from "vitest";

import { webgpuLowering } from "../../lib/autodiff/forms/webgpu-operators.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import type { Attributes, Value } from "../../lib/onnx/model.ts";
import { type FloatTensor, floatTensor } from "../../lib/onnx/tensor.ts";
import { normal } from "../support/random.ts";
import { compile, type FloatTensors } from "../support/run-graph.ts";
import { ON_WEBGPU, WEBGPU_SESSION } from "../support/webgpu.ts";

interface Case {
  readonly name: string;
  readonly op: string;
  readonly attributes?: Attributes;
  /** Of the float inputs. */
  readonly x: readonly (readonly number[])[];
  /** Times the normal deviates that the inputs are. @default 1 */
  readonly scale?: number;
  /** After the float inputs. */
  readonly constants?: readonly FloatTensor[];
  readonly ints?: readonly (readonly number[])[];
  readonly outputs?: number;
  /** What WebGPU does with the operator itself. */
  readonly itself: "wrong" | "fails" | "no kernel";
}

const weight = (shape: readonly number[]) => normal(shape, 7);

const cases: readonly Case[] = [
  {
    name: "Conv as large as its input, padded at the ends",
    op: "Conv",
    x: [[2, 3, 5, 4]],
    constants: [weight([6, 3, 5, 4]), weight([6])],
    attributes: { pads: [0, 0, 2, 1] },
    itself: "wrong",
  },
  {
    name: "Conv of single pixels, padded at the ends",
    op: "Conv",
    x: [[2, 8, 5, 7]],
    constants: [weight([12, 8, 1, 1]), weight([12])],
    attributes: { pads: [0, 0, 1, 2] },
    itself: "wrong",
  },
  {
    name: "Conv of nine channels to eight",
    op: "Conv",
    x: [[2, 9, 5, 7]],
    constants: [weight([8, 9, 3, 2]), weight([8])],
    attributes: { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 1] },
    itself: "wrong",
  },
  {
    name: "Conv of pixels of six channels, every other one, to four",
    op: "Conv",
    x: [[1, 6, 5, 7]],
    constants: [weight([4, 6, 1, 1])],
    attributes: { strides: [2, 2] },
    itself: "wrong",
  },
  {
    name: "Conv of one axis of 15 channels to twelve",
    op: "Conv",
    x: [[2, 15, 7]],
    constants: [weight([12, 15, 3]), weight([12])],
    itself: "wrong",
  },
  {
    name: "Conv in groups of six outputs",
    op: "Conv",
    x: [[2, 4, 5, 7]],
    constants: [weight([12, 2, 3, 2]), weight([12])],
    attributes: { group: 2, strides: [1, 2], pads: [1, 0, 1, 1] },
    itself: "wrong",
  },
  {
    name: "Conv of one axis in groups of five outputs",
    op: "Conv",
    x: [[1, 8, 9]],
    constants: [weight([20, 2, 3])],
    attributes: { group: 4 },
    itself: "wrong",
  },
  {
    name: "Conv of three axes in groups",
    op: "Conv",
    x: [[2, 4, 5, 4, 6]],
    constants: [weight([6, 2, 2, 3, 2]), weight([6])],
    attributes: { group: 2, strides: [2, 1, 1], pads: [1, 0, 1, 0, 1, 0] },
    itself: "fails",
  },
  {
    name: "ConvTranspose of three axes",
    op: "ConvTranspose",
    x: [[2, 3, 4, 5, 3]],
    constants: [weight([3, 4, 2, 3, 2]), weight([4])],
    attributes: { strides: [2, 1, 3], pads: [1, 0, 0, 0, 2, 1], output_padding: [1, 0, 2] },
    itself: "fails",
  },
  {
    name: "ConvTranspose with one output and several inputs a group",
    op: "ConvTranspose",
    x: [[2, 12, 4, 5]],
    constants: [weight([12, 1, 3, 2])],
    attributes: { group: 6, strides: [2, 3], dilations: [2, 1], pads: [1, 0, 2, 1] },
    itself: "wrong",
  },
  {
    name: "Slice backwards from the middle",
    op: "Slice",
    x: [[5, 7]],
    ints: [
      [4, 1],
      [-100, 4],
      [1, 0],
      [-2, 1],
    ],
    itself: "wrong",
  },
  {
    name: "Split into twelve",
    op: "Split",
    x: [[2, 17, 3]],
    ints: [[1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1]],
    attributes: { axis: 1 },
    outputs: 12,
    itself: "fails",
  },
  { name: "MatMul of a vector and a batch", op: "MatMul", x: [[4], [2, 4, 3]], itself: "fails" },
  { name: "MatMul of a batch and a vector", op: "MatMul", x: [[2, 3, 4], [4]], itself: "fails" },
  {
    name: "ReduceLogSumExp of large values",
    op: "ReduceLogSumExp",
    x: [[3, 20, 2]],
    scale: 200,
    ints: [[1]],
    attributes: { keepdims: 0 },
    itself: "wrong",
  },
  {
    name: "LogSoftmax",
    op: "LogSoftmax",
    x: [[3, 20, 2]],
    scale: 200,
    attributes: { axis: 1 },
    itself: "no kernel",
  },
  { name: "Selu", op: "Selu", x: [[3, 5]], itself: "no kernel" },
  { name: "Sign", op: "Sign", x: [[3, 5]], itself: "no kernel" },
  {
    name: "SpaceToDepth",
    op: "SpaceToDepth",
    x: [[2, 3, 4, 6]],
    attributes: { blocksize: 2 },
    itself: "no kernel",
  },
  { name: "Sum, broadcasting", op: "Sum", x: [[2, 3], [3], [2, 1]], itself: "no kernel" },
  { name: "Dropout", op: "Dropout", x: [[2, 3]], itself: "no kernel" },
];

function graphOf(of: Case, isLowered: boolean) {
  const graph = new GraphBuilder();
  if (isLowered) graph.lowerBy(webgpuLowering);
  const inputs = of.x.map((shape, i) => graph.input(`x${i}`, "float32", shape));
  const constants = (of.constants ?? []).map((tensor) => graph.constant(tensor));
  const ints = (of.ints ?? []).map((values) => graph.ints(values));
  const all = [...inputs, ...constants, ...ints];
  const outputs = graph.emitMany(of.op, all, of.attributes ?? {}, of.outputs ?? 1);
  return graph.build(
    of.name,
    outputs.map((value: Value, i) => [`y${i}`, value] as const),
  );
}

const feedsOf = ({ x, scale = 1 }: Case): FloatTensors =>
  Object.fromEntries(
    x.map((shape, i) => {
      const { data } = normal(shape, 11 + i);
      return [
        `x${i}`,
        floatTensor(
          shape,
          data.map((value) => scale * value),
        ),
      ];
    }),
  );

/** What WebGPU makes of the operator as it is. */
async function whatBecomesOf(of: Case, wanted: FloatTensors): Promise<Case["itself"] | "right"> {
  const run = await compile(graphOf(of, false), { ...WEBGPU_SESSION, logSeverityLevel: 4 }).catch(
    () => null,
  );
  if (run === null) return "no kernel";
  const given = await run(feedsOf(of)).catch(() => null);
  if (given === null) return "fails";
  return distance(given, wanted) > 0.01 ? "wrong" : "right";
}

/** The largest difference, as a share of the largest value. */
function distance(given: FloatTensors, wanted: FloatTensors): number {
  return Math.max(
    ...Object.entries(wanted).map(([name, { shape, data }]) => {
      expect(given[name]?.shape).toEqual(shape);
      const scale = Math.max(...data.map(Math.abs));
      const apart = data.map((value, i) => Math.abs(value - given[name]!.data[i]!));
      return apart.some((value) => Number.isNaN(value)) ? Infinity : Math.max(...apart) / scale;
    }),
  );
}

describe.each(cases)("$name", (of) => {
  const wanted = async () => (await compile(graphOf(of, false)))(feedsOf(of));

  test("is the same in other operators", async () => {
    const ops = (isLowered: boolean) => graphOf(of, isLowered).nodes.map(({ op }) => op);
    expect(ops(true)).not.toEqual(ops(false));
    const lowered = await compile(graphOf(of, true), ON_WEBGPU ? WEBGPU_SESSION : {});
    expect(distance(await lowered(feedsOf(of)), await wanted())).toBeLessThan(1e-5);
  });

  // should one of these fail after an update of ONNX Runtime, the operator needs no replacement
  test.runIf(ON_WEBGPU)(`itself: ${of.itself}`, async () => {
    expect(await whatBecomesOf(of, await wanted())).toBe(of.itself);
  });
});

test("what is right is left alone", () => {
  const graph = new GraphBuilder();
  graph.lowerBy(webgpuLowering);
  const x = graph.input("x", "float32", [2, 3, 6, 5]);
  const kernel = graph.constant(weight([4, 3, 3, 2]));
  const y = graph.emit("Conv", [x, kernel], { pads: [0, 0, 1, 1] });
  const halves = graph.emitMany("Split", [y, graph.ints([1, 3])], { axis: 1 }, 2);
  const { nodes } = graph.build("right", [["y", halves[1]!]]);
  expect(nodes.map(({ op }) => op)).toEqual(["Conv", "Split"]);
});

test.each<
  [name: string, channels: number, weight: readonly number[], group: number, pads?: number[]]
>([
  ["of three channels to four", 3, [4, 3, 3, 3], 1],
  ["of six channels to six", 6, [6, 6, 3, 3], 1],
  ["of twelve channels to four", 12, [4, 12, 3, 3], 1],
  ["of single pixels of six channels to four", 6, [4, 6, 1, 1], 1],
  ["in groups of four", 4, [8, 2, 3, 3], 2],
  ["in three groups of six", 3, [18, 1, 3, 3], 3],
  ["in groups of two", 6, [12, 1, 3, 3], 6],
  ["of single pixels, padded all around", 8, [12, 8, 1, 1], 1, [1, 1, 1, 1]],
  ["of single rows, padded at the ends", 8, [12, 8, 1, 3], 1, [0, 0, 1, 1]],
])("a Conv %s is right, and left alone", async (_, channels, shape, group, pads) => {
  const of: Case = {
    name: "Conv",
    op: "Conv",
    x: [[1, channels, 5, 7]],
    constants: [weight(shape)],
    attributes: pads ? { group, pads } : { group },
    itself: "wrong",
  };
  expect(graphOf(of, true).nodes.map(({ op }) => op)).toEqual(["Conv"]);
  if (!ON_WEBGPU) return;
  const wanted = await (await compile(graphOf(of, false)))(feedsOf(of));
  expect(await whatBecomesOf(of, wanted)).toBe("right");
});

test("a ConvTranspose of three axes whose weight is computed is refused by name", () => {
  const graph = new GraphBuilder();
  graph.lowerBy(webgpuLowering);
  const x = graph.input("x", "float32", [1, 2, 3, 4, 5]);
  const kernel = graph.input("kernel", "float32", [2, 3, 2, 2, 2]);
  expect(() => graph.emit("ConvTranspose", [x, kernel])).toThrow(
    "ConvTranspose 'ConvTranspose_0': WebGPU needs its weight to be constant; render it on the CPU",
  );
});
