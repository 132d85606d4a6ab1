import { expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import { rewrittenRules } from "../../lib/autodiff/rewrites/index.ts";
import {
  maskedMaxPoolVjp,
  unmaskedReluVjp,
} from "../../lib/autodiff/rewrites/deferred-relu-masks.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { vjp } from "../../lib/autodiff/vjp.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { float, type Graph, type Node, type Value } from "../../lib/onnx/model.ts";
import { floatAttribute } from "../../lib/onnx/node.ts";
import { floatTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import { standardNormal, uniformFrom } from "../../lib/optvis/random.ts";
import { contextOf } from "../support/check-vjp.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { maxPoolGradient } from "../support/max-pool-reference.ts";
import { onArchitecture } from "../support/on-architecture.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

const IMAGE_SHAPE = [1, 1, 2, 4];
const POOL = { kernel_shape: [2, 2], strides: [2, 2] };

const relu = node("Relu", "x", "r");
const pool = node("MaxPool", "r", "y", POOL);
const WINDOW = { size: 3, alpha: float(0.5), beta: float(0.75), bias: float(1) };
const lrn = node("LRN", "r", "n", WINDOW);
const poolOfLrn = node("MaxPool", "n", "y", POOL);

/** Outputs of the nodes that get another rule. */
const rewrittenIn = (nodes: readonly Node[]) =>
  [...rewrittenRules(nodes, []).keys()].flatMap(({ outputs }) => outputs);

test.each([
  { name: "a MaxPool alone", nodes: [relu, pool], rewritten: ["r", "y"] },
  { name: "two MaxPools", nodes: [relu, pool, node("MaxPool", "r", "z", POOL)], rewritten: [] },
  {
    name: "a MaxPool and a Conv",
    nodes: [relu, pool, node("Conv", "r w", "z")],
    rewritten: [],
  },
  { name: "an LRN alone", nodes: [relu, lrn], rewritten: [] },
  { name: "an LRN before a MaxPool", nodes: [relu, lrn, poolOfLrn], rewritten: ["r", "y"] },
  {
    name: "two LRNs before a MaxPool",
    nodes: [relu, lrn, node("LRN", "n", "m", WINDOW), node("MaxPool", "m", "y", POOL)],
    rewritten: ["r", "y"],
  },
  {
    name: "an LRN before a MaxPool and a Conv",
    nodes: [relu, lrn, poolOfLrn, node("Conv", "n w", "z")],
    rewritten: [],
  },
  { name: "an LRN and a MaxPool", nodes: [relu, lrn, pool], rewritten: [] },
  { name: "a Conv alone", nodes: [relu, node("Conv", "r w", "z")], rewritten: [] },
  { name: "no node", nodes: [relu], rewritten: [] },
])("a Relu that $name reads: rewritten are [$rewritten]", ({ nodes, rewritten }) => {
  expect(rewrittenIn(nodes)).toEqual(rewritten);
});

const [left, right] = [node("Relu", "a", "l"), node("Relu", "b", "r")];
const joined = node("Concat", "l r", "c", { axis: 1 });

test.each([
  { name: "a Concat", nodes: [left, right, joined], rewritten: ["l", "c", "r"] },
  {
    name: "a Concat that only a MaxPool reads",
    nodes: [left, right, joined, node("MaxPool", "c", "y", POOL)],
    rewritten: ["l", "y", "r"],
  },
  {
    name: "a Concat that a MaxPool and a Conv read",
    nodes: [left, right, joined, node("MaxPool", "c", "y", POOL), node("Conv", "c w", "z")],
    rewritten: ["l", "c", "r"],
  },
  {
    name: "a Concat with what is no ReLU",
    nodes: [left, node("Sigmoid", "b", "r"), joined],
    rewritten: [],
  },
  {
    name: "a Concat beside a Conv that reads one of them",
    nodes: [left, right, joined, node("Conv", "r w", "z")],
    rewritten: [],
  },
])("ReLUs that $name reads: rewritten are [$rewritten]", ({ nodes, rewritten }) => {
  expect(rewrittenIn(nodes)).toEqual(rewritten);
});

test("a ReLU whose own cotangent is asked for keeps its mask", () => {
  expect([...rewrittenRules([left, right, joined], ["r"]).keys()]).toEqual([]);
  expect([...rewrittenRules([relu, pool], ["r"]).keys()]).toEqual([]);
  for (const stop of ["r", "n"]) {
    expect([...rewrittenRules([relu, lrn, poolOfLrn], [stop]).keys()]).toEqual([]);
  }
});

test.each(PROVIDERS)("a Concat of ReLUs masks every part (%s)", async (provider) => {
  const nodes = [node("Neg", "x", "b"), node("Relu", "x", "l"), node("Relu", "b", "r"), joined];
  const parts = passOf(nodes, { layer: "c", layerName: "c" });
  const { graph } = gradientGraph(parts, IMAGE_SHAPE, { provider });
  const dY = floatTensor(
    [1, 2, 2, 4],
    Array.from({ length: 16 }, (_, i) => i + 1),
  );
  const x = floatTensor(IMAGE_SHAPE, X);
  const { dx } = await runGraph(graph, { x, dy: dY });
  // from the left part where x > 0, with the other sign from the right one where x < 0
  const expected = X.map((value, i) => {
    if (value === 0) return 0;
    return value > 0 ? i + 1 : -(i + 9);
  });
  expect([...dx!.data]).toEqual(expected);
});

test("a MaxPool after a Sigmoid is not rewritten", () => {
  expect(rewrittenIn([node("Sigmoid", "x", "r"), pool])).toEqual([]);
});

test("operators of another domain are not rewritten, whatever its name", () => {
  expect(rewrittenIn([{ ...relu, domain: "dreamgrid" }, pool])).toEqual([]);
});

const pad = node("Pad", "x pads", "p");

test.each([
  { name: "convolutions alone", readers: ["Conv", "Conv"], rewritten: ["p"] },
  { name: "a Conv and a MaxPool", readers: ["Conv", "MaxPool"], rewritten: [] },
  { name: "no node", readers: [], rewritten: ["p"] },
])("a Pad that $name read: rewritten are [$rewritten]", ({ readers, rewritten }) => {
  const nodes = [pad, ...readers.map((op, i) => node(op, "p", `z${i}`))];
  expect(rewrittenIn(nodes)).toEqual(rewritten);
});

/**
 * Windows whose maximum is negative; positive, tied; zero, tied; and below a positive neighbour.
 */
const X = [-1, -2, 3, 3, 0, -5, 3, 1];

/**
 * Of a Relu and then a MaxPool: the second window's first 3 takes all, the first has no gradient.
 */
const EXPECTED = [0, 0, 20, 0, 0, 0, 0, 0];

test.each(PROVIDERS)("the pool of a pair applies the mask, once (%s)", async (provider) => {
  const graph = new GraphBuilder();
  const image = graph.input("x", "float32", IMAGE_SHAPE);
  const { layer, pullback } = vjp(graph, passOf([relu, pool]), { image, provider });
  const dX = pullback(graph.input("dy", "float32", graph.shapeOf(layer)));
  expect(await gradientOf(graph.build("pair", [["dx", dX]]))).toEqual(EXPECTED);

  // the pool's own masks fall where the ReLU's rise
  const isReluMask = (each: Node) =>
    each.op === MASK[provider] && floatAttribute(each, "alpha", 1) > 0;
  const masks = graph.build("masks", [["dx", dX]]).nodes.filter(isReluMask);
  expect(masks.map(({ inputs }) => graph.shapeOf(inputs[0]!))).toEqual([[1, 1, 1, 2]]);
});

const MASK = { cpu: "HardSigmoid", cuda: "Greater", webgpu: "Greater" };

test.each(PROVIDERS)("behind an LRN the pool's mask is the ReLU's own (%s)", async (provider) => {
  const shape = [1, 5, 4, 6];
  const normalised = passOf([relu, lrn, poolOfLrn]);
  const draw = standardNormal(sizeOf(shape), uniformFrom("behind an LRN"));
  // whole windows of some channels are below zero, and others tie at 0.5
  const x = floatTensor(
    shape,
    draw.map((value) => Math.min(value - 0.7, 0.5)),
  );
  const gradient = async (stops: readonly Value[]) => {
    const { graph } = gradientGraph(normalised, shape, { provider, stops });
    const dy = floatTensor(
      [1, 5, 2, 3],
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    const { dx } = await runGraph(graph, { x, dy });
    return dx!.data;
  };
  const deferred = await gradient([]);
  expect(deferred).toEqual(await gradient(["r"]));
  const reached = deferred.filter((value) => value !== 0).length;
  expect(reached).toBeGreaterThan(5);
  // one that were not masked at all would reach what is below zero too
  expect(deferred.every((value, i) => value === 0 || x.data[i]! > 0)).toBe(true);
});

test("a pool is told of rectified input, which has a form of its own, and of that alone", async () => {
  const geometry = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], padBegins: [1, 1] };
  const x = normal([1, 2, 5, 6], 3);
  const dY = normal([1, 2, 3, 4], 4);
  const pads = [1, 1, 1, 1];
  const graphOf = (op: string) => {
    const nodes = [node(op, "x", "r"), node("MaxPool", "r", "y", { ...POOL, pads })];
    return gradientGraph(passOf(nodes), x.shape, { provider: "cpu" }).graph;
  };
  await onArchitecture("x64", async () => {
    const compares = (op: string) => graphOf(op).nodes.some((each) => each.op === "Equal");
    expect(["Sigmoid", "Abs", "Neg", "Tanh"].map(compares)).toEqual([false, false, true, true]);
    // where a window has nothing above zero, what lies outside must not win
    const { dx } = await runGraph(graphOf("Neg"), { x, dy: dY });
    const negated = floatTensor(
      x.shape,
      x.data.map((value) => -value),
    );
    const expected = maxPoolGradient(negated, dY, geometry);
    const apart = dx!.data.map((value, i) => Math.abs(value + expected.data[i]!));
    expect(Math.max(...apart)).toBeLessThan(1e-6);
  });
});

test("without its Relu's mask a pool passes a gradient on where the maximum is zero", async () => {
  const chain = (pools: VjpRule) => chained(unmaskedReluVjp, pools);
  expect(await gradientOf(chain(maskedMaxPoolVjp))).toEqual(EXPECTED);
  expect(await gradientOf(chain(RULES["MaxPool"]!))).not.toEqual(EXPECTED);
});

/** dX of a pool after a Relu, by two rules. */
function chained(reluRule: VjpRule, poolRule: VjpRule): Graph {
  const at = floatTensor(IMAGE_SHAPE, X);
  const context = contextOf({ op: "Relu", inputs: [at] });
  const { graph } = context;
  const rectified = reluRule(context);
  const pooled = poolRule({
    ...context,
    node: { ...pool, inputs: context.node.inputs },
    inputs: rectified.outputs,
    input: () => rectified.outputs[0]!,
    isRectified: () => true,
  });
  const dY = graph.input("dy", "float32", [1, 1, 1, 2]);
  const [dR = null] = pooled.pullback([dY]);
  return graph.build("chain", [["dx", rectified.pullback([dR])[0]!]]);
}

async function gradientOf(graph: Graph): Promise<number[]> {
  const x = floatTensor(IMAGE_SHAPE, X);
  const image = graph.inputs[0]!.name;
  const { dx } = await runGraph(graph, { [image]: x, dy: floatTensor([1, 1, 1, 2], [10, 20]) });
  return [...dx!.data];
}
