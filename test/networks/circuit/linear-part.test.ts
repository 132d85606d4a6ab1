import { describe, expect, test } from "vitest";

import { linearPart } from "../../../lib/networks/circuit/linear-part.ts";
import { constantFacts } from "../../../lib/onnx/facts.ts";
import type { Node, Value } from "../../../lib/onnx/model.ts";
import type { StaticGraph } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { relativeDistance } from "../../optvis/fixtures.ts";
import { Interpreter64 } from "../../support/float64/interpreter.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { FIRST, IMAGE, LINEAR, network } from "./linear-networks.ts";

const GIVEN = Float64Array.from(normal(IMAGE, 50).data);

/** What a graph makes of an image in double precision, less what it makes of zeros. */
function answer(graph: StaticGraph): Float64Array {
  const interpreter = new Interpreter64(graph);
  const [own, none] = [GIVEN, GIVEN.map(() => 0)].map(
    (image) => interpreter.run(image, new Set(["y"])).get("y")!.data,
  );
  return own!.map((value, i) => value - none![i]!);
}

/** The linear part of a network as one of its own. */
function straightened(fixed: StaticGraph, from: Value): StaticGraph {
  const { nodes, initializers } = linearPart(fixed, from, "y");
  const constants = [...initializers].map(
    ([name, tensor]) => [name, constantFacts(tensor)] as const,
  );
  return {
    ...fixed,
    input: from,
    facts: new Map([...fixed.facts, ...constants]),
    graph: { ...fixed.graph, nodes, initializers },
  };
}

describe("a network that is linear is its own linear part", () => {
  test.each(LINEAR)("%s", (_, { fixed }) => {
    expect(relativeDistance(answer(straightened(fixed, "x")), answer(fixed))).toBeLessThan(1e-12);
  });
});

const SECOND = { square: normal([3, 3, 2, 1], 51), matrix: normal([3, 5], 52) };
const ONE_BY_ONE = { whole: normal([3, 3, 1, 1], 53), other: normal([4, 4, 1, 1], 54) };
const SCALES = {
  scales: floatTensor([3], [2, -3, 5]),
  none: floatTensor([3], [7, 8, 9]),
  scalesOfMaps: floatTensor([3, 1, 1], [2, -3, 5]),
};
const LISTS = {
  tokens: intsTensor([1, 3, 30]),
  places: intsTensor([2, 3]),
  channels: intsTensor([1]),
};
const WINDOW = { kernel_shape: [2, 3], strides: [2, 1], pads: [1, 0, 0, 1] };

type Nodes = readonly Node[];

describe("what bends values passes them on", () => {
  test.each<[name: string, bent: Nodes, straight: Nodes, from?: Value]>([
    [
      "activation functions and norms over neighbours; maxima of windows are means",
      [
        node("Conv", "x first", "c"),
        node("Relu", "c", "c1"),
        node("LRN", "c1", "c2", { size: 3 }),
        node("MaxPool", "c2", "c3", WINDOW),
        node("Conv", "c3 square", "y"),
      ],
      [
        node("Conv", "x first", "c"),
        node("AveragePool", "c", "c3", WINDOW),
        node("Conv", "c3 square", "y"),
      ],
    ],
    [
      "maxima of whole maps",
      [
        node("Conv", "x first", "c"),
        node("GlobalMaxPool", "c", "c1"),
        node("ReduceMax", "c places", "c2", { keepdims: 1 }),
        node("Conv", "c2 whole", "c3"),
        node("Add", "c1 c3", "y"),
      ],
      [
        node("Conv", "x first", "c"),
        node("GlobalAveragePool", "c", "c1"),
        node("Conv", "c1 whole", "c3"),
        node("Add", "c1 c3", "y"),
      ],
    ],
    [
      "gates, of each element and of whole channels",
      [
        node("Conv", "x first", "c"),
        node("Sigmoid", "c", "c1"),
        node("Mul", "c c1", "c2"),
        node("GlobalAveragePool", "c2", "c3"),
        node("Conv", "c3 whole", "c4"),
        node("Sigmoid", "c4", "c5"),
        node("Mul", "c5 c2", "c6"),
        node("Conv", "c6 square", "y"),
      ],
      [node("Conv", "x first", "c"), node("Conv", "c square", "y")],
    ],
    [
      "a norm of maps, times its scales",
      [
        node("Conv", "x first", "c"),
        node("InstanceNormalization", "c scales none", "c1"),
        node("Conv", "c1 square", "y"),
      ],
      [
        node("Conv", "x first", "c"),
        node("Mul", "c scalesOfMaps", "c1"),
        node("Conv", "c1 square", "y"),
      ],
    ],
    [
      "a norm of tokens, times its scales, and one that is written out",
      [
        node("Conv", "x first", "c"),
        node("Reshape", "c tokens", "t"),
        node("Transpose", "t", "u", { perm: [0, 2, 1] }),
        node("LayerNormalization", "u scales none", "u1"),
        node("ReduceMean", "u1 channels", "u2"),
        node("Sub", "u1 u2", "u3"),
        node("MatMul", "u3 matrix", "y"),
      ],
      [
        node("Conv", "x first", "c"),
        node("Reshape", "c tokens", "t"),
        node("Transpose", "t", "u", { perm: [0, 2, 1] }),
        node("Mul", "u scales", "u1"),
        node("MatMul", "u1 matrix", "y"),
      ],
    ],
    [
      "what is added or joined from elsewhere is left out",
      [
        node("Conv", "x other", "c"),
        node("Relu", "c", "c1"),
        node("Conv", "c1 first", "d"),
        node("Conv", "x first", "e"),
        node("Add", "e d", "f"),
        node("Concat", "e f", "g", { axis: 1 }),
        node("Slice", "g three six channels", "h"),
        node("Conv", "h square", "y"),
      ],
      [node("Conv", "x first", "d"), node("Conv", "d square", "y")],
      "c",
    ],
  ])("%s", (_, bent, straight, from = "x") => {
    const constants: Readonly<Record<string, Tensor>> = {
      ...FIRST,
      ...SECOND,
      ...ONE_BY_ONE,
      ...SCALES,
      ...LISTS,
      three: intsTensor([3]),
      six: intsTensor([6]),
    };
    const own = network(bent, constants).fixed;
    const expected = answer(network(straight, constants).fixed);
    expect(relativeDistance(answer(straightened(own, from)), expected)).toBeLessThan(1e-6);
    // as it is, it makes something else of the image
    expect(relativeDistance(answer(own), expected)).toBeGreaterThan(0.01);
  });
});

test("what is no sum by fixed weights is refused by name, and what gates alone lead to", () => {
  const { fixed } = network(
    [
      node("Conv", "x first", "c"),
      node("Conv", "x second", "d"),
      node("Mul", "c d", "e"),
      node("ReduceMax", "c channels", "f"),
      node("Conv", "c whole", "g"),
      node("GlobalAveragePool", "d", "all"),
      node("Sigmoid", "all", "gate"),
      node("Mul", "gate g", "h"),
      node("Sum", "e f h", "y"),
    ],
    { ...FIRST, ...ONE_BY_ONE, second: normal([3, 4, 1, 1], 55), channels: intsTensor([1]) },
  );
  const between = (from: Value, to: Value) => () => linearPart(fixed, from, to);
  expect(between("x", "e")).toThrow("Mul 'e': it is on the way");
  expect(between("c", "e")).toThrow("Mul 'e': it is on the way");
  expect(between("x", "f")).toThrow("ReduceMax 'f': it is on the way");
  expect(between("d", "h")).toThrow("'h' comes of 'd' by gates alone, if at all");
  expect(between("y", "c")).toThrow("'c' comes of 'y' by gates alone, if at all");
});
