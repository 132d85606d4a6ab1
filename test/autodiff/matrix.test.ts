import { describe, expect, test } from "vitest";

import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { float, type Node } from "../../lib/onnx/model.ts";
import { checkVjp, constant, contextOf } from "../support/check-vjp.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

const [M, K, N] = [3, 5, 4];

describe("Gemm", () => {
  const gemm = RULES["Gemm"]!;
  const scales = { alpha: float(0.7), beta: float(-1.5) };
  const layouts = [
    { transA: 0, transB: 0 },
    { transA: 0, transB: 1 },
    { transA: 1, transB: 0 },
    { transA: 1, transB: 1 },
  ];

  test.each(layouts)("transA $transA, transB $transB: all three inputs", async (layout) => {
    const a = normal(layout.transA ? [K, M] : [M, K], 1);
    const b = normal(layout.transB ? [N, K] : [K, N], 2);
    const attributes = { ...layout, ...scales };
    await checkVjp(gemm, { op: "Gemm", attributes, inputs: [a, b, normal([N], 3)] });
    await checkVjp(gemm, { op: "Gemm", attributes, inputs: [a, b, normal([M, 1], 3)] });
  });

  test("a fully connected layer: constant weight and bias, defaults", async () => {
    const weights = [constant(normal([N, K], 2)), constant(normal([N], 3))];
    const attributes = { transB: 1 };
    await checkVjp(gemm, { op: "Gemm", attributes, inputs: [normal([M, K], 1), ...weights] });
  });

  test("without C", async () => {
    await checkVjp(gemm, { op: "Gemm", inputs: [normal([M, K], 1), normal([K, N], 2)] });
  });
});

describe("MatMul", () => {
  const matMul = RULES["MatMul"]!;

  test.each([
    { name: "matrices", a: [M, K], b: [K, N] },
    { name: "batches", a: [2, 7, M, K], b: [2, 7, K, N] },
    { name: "a batch by one matrix", a: [2, 7, M, K], b: [K, N] },
    { name: "one matrix by a batch", a: [M, K], b: [2, 7, K, N] },
    { name: "batches repeated both ways", a: [2, 1, M, K], b: [7, K, N] },
    { name: "a vector by a matrix", a: [K], b: [K, N] },
    { name: "a matrix by a vector", a: [M, K], b: [K] },
    { name: "a vector by a batch", a: [K], b: [2, K, N] },
    { name: "a batch by a vector", a: [2, 7, M, K], b: [K] },
    { name: "two vectors", a: [K], b: [K] },
  ])("of $name: both inputs", async ({ a, b }) => {
    await checkVjp(matMul, { op: "MatMul", inputs: [normal(a, 1), normal(b, 2)] });
  });

  test("gives constants no gradient", async () => {
    const [a, b] = [normal([2, M, K], 1), normal([K, N], 2)];
    await checkVjp(matMul, { op: "MatMul", inputs: [a, constant(b)] });
    await checkVjp(matMul, { op: "MatMul", inputs: [constant(a), b] });
  });
});

describe("Einsum", () => {
  const einsum = RULES["Einsum"]!;
  const [B, H] = [2, 7];

  test.each([
    {
      name: "a matrix product",
      equation: "ij,jk->ik",
      shapes: [
        [M, K],
        [K, N],
      ],
    },
    {
      name: "attention",
      equation: "bihd, bjhd -> bhij",
      shapes: [
        [B, M, H, K],
        [B, N, H, K],
      ],
    },
    {
      name: "the output left out",
      equation: "bkm,bnk",
      shapes: [
        [B, K, M],
        [B, N, K],
      ],
    },
    {
      name: "an axis summed alone",
      equation: "mk,hn->mh",
      shapes: [
        [M, K],
        [H, N],
      ],
    },
    { name: "a transposition", equation: "mkn->nmk", shapes: [[M, K, N]] },
    {
      name: "three inputs",
      equation: "mk,kn,nh->mh",
      shapes: [
        [M, K],
        [K, N],
        [N, H],
      ],
    },
    {
      name: "an ellipsis",
      equation: "...mk,kn->...nm",
      shapes: [
        [B, H, M, K],
        [K, N],
      ],
    },
    {
      name: "an ellipsis and the output left out",
      equation: "mk...,kn",
      shapes: [
        [M, K, H, B],
        [K, N],
      ],
    },
    {
      name: "a number",
      equation: "mk,mk->",
      shapes: [
        [M, K],
        [M, K],
      ],
    },
    {
      name: "axes of length 1 that are repeated",
      equation: "bmk,bmk,k->bm",
      shapes: [[B, 1, K], [1, M, K], [1]],
    },
    {
      name: "axes of length 1 that are summed over",
      equation: "bmk,bmk->m",
      shapes: [
        [B, M, K],
        [1, M, 1],
      ],
    },
  ])("of $name: every input", async ({ equation, shapes }) => {
    const inputs = shapes.map((shape, i) => normal(shape, i + 1));
    await checkVjp(einsum, { op: "Einsum", attributes: { equation }, inputs });
  });

  test("gives a constant no gradient", async () => {
    const inputs = [normal([B, M, K], 1), constant(normal([K, N], 2))];
    await checkVjp(einsum, { op: "Einsum", attributes: { equation: "bmk,kn->bnm" }, inputs });
  });

  test.each([
    { equation: "mm->m", shapes: [[M, M]], message: "its term 'mm' takes a diagonal" },
    { equation: "...m->m", shapes: [[]], message: "'m->m' on []" },
    { equation: ".m->m", shapes: [[M, M]], message: "'.m->m' on [3, 3]" },
    {
      equation: "mk,kn->mn",
      shapes: [
        [M, K],
        [N, K],
      ],
      message: "axis 'k' is both 5 and 4 long",
    },
    { equation: "mk->mn", shapes: [[M, K]], message: "no input has the output's axis 'n'" },
    { equation: "mk->m", shapes: [[M, K, N]], message: "'mk->m' on [3, 5, 4]" },
  ])("rejects when $message", ({ equation, shapes, message }) => {
    const inputs = shapes.map((shape) => normal(shape, 1));
    const context = contextOf({ op: "Einsum", attributes: { equation }, inputs });
    expect(() => einsum(context)).toThrow(message);
  });

  test("checkVjp catches a gradient that is not repeated along an axis summed alone", async () => {
    const halved: VjpRule = (context) => {
      const { outputs, pullback } = einsum(context);
      const half = (dX: string | null) =>
        dX && context.graph.emit("Mul", [dX, context.graph.scalar(1 / K)]);
      return { outputs, pullback: (dY) => pullback(dY).map(half) };
    };
    const attributes = { equation: "mk->m" };
    const wrong = checkVjp(halved, { op: "Einsum", attributes, inputs: [normal([M, K], 1)] });
    await expect(wrong).rejects.toThrow(/analytic/);
  });
});

/** Multiplies by the weight instead of its transpose. */
const untransposedWeight: VjpRule = ({ graph, inputs }) => ({
  outputs: [graph.emit("MatMul", inputs)],
  pullback: ([dY]) => [dY ? graph.emit("MatMul", [dY, inputs[1]!]) : null, null],
});

test("checkVjp catches a weight that was not transposed", async () => {
  const square = { op: "MatMul", inputs: [normal([M, K], 1), constant(normal([K, K], 2))] };
  await expect(checkVjp(untransposedWeight, square)).rejects.toThrow(/analytic/);
});

test("a Transpose that leaves the axes in their order stays out of Gemm, into which ONNX Runtime fuses any", async () => {
  const [x, dy] = [normal([3, 1, 1, 3], 1), normal([3, 3], 2)];
  const initializers = new Map([["w", normal([3, 3], 3)]]);
  const run = (...between: readonly Node[]) => {
    const nodes = [node("Flatten", "x", "u"), ...between, node("Gemm", "v w", "y")];
    const pass = passOf(nodes, { initializers });
    return runGraph(gradientGraph(pass, x.shape, { provider: "cpu" }).graph, { x, dy });
  };
  const plain = await run(node("Identity", "u", "v"));
  expect(await run(node("Transpose", "u", "v", { perm: [0, 1] }))).toEqual(plain);
  expect(await run(node("Transpose", "u", "v", { perm: [1, 0] }))).not.toEqual(plain);
});
