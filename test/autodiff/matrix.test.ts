import { describe, expect, test } from "vitest";

import type { Rule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { float } from "../../lib/onnx/model.ts";
import { checkVjp, constant } from "../support/check-vjp.ts";
import { normal } from "../support/random.ts";

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

/** Multiplies by the weight instead of its transpose. */
const untransposedWeight: Rule = ({ graph, inputs }) => ({
  outputs: [graph.emit("MatMul", inputs)],
  pullback: ([dY]) => [dY ? graph.emit("MatMul", [dY, inputs[1]!]) : null, null],
});

test("checkVjp catches a weight that was not transposed", async () => {
  const square = { op: "MatMul", inputs: [normal([M, K], 1), constant(normal([K, K], 2))] };
  await expect(checkVjp(untransposedWeight, square)).rejects.toThrow(/analytic/);
});
