import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import type { Attributes } from "../../lib/onnx/model.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { checkVjp, constant, runRule } from "../support/check-vjp.ts";
import { awayFrom, distinct, normal, uniform } from "../support/random.ts";

const at = normal([2, 7, 3, 4], 1);

describe.each(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"])("%s", (op) => {
  const apart = distinct([2, 5, 3, 4], 2);

  test.each<{ name: string; axes: number[] | null; attributes: Attributes }>([
    { name: "over places", axes: [2, 3], attributes: {} },
    { name: "over places, dropped", axes: [-1, -2], attributes: { keepdims: 0 } },
    { name: "over outer axes, dropped", axes: [2, 0], attributes: { keepdims: 0 } },
    { name: "over channels", axes: [1], attributes: {} },
    { name: "over everything", axes: null, attributes: {} },
    { name: "over everything, dropped", axes: null, attributes: { keepdims: 0 } },
    { name: "over nothing", axes: null, attributes: { noop_with_empty_axes: 1 } },
  ])("$name matches central differences", async ({ axes, attributes }) => {
    const inputs = axes ? [apart, constant(intsTensor(axes))] : [apart];
    await checkVjp(RULES[op]!, { op, attributes, inputs });
  });
});

const norms = ["ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"];
const ofProducts = uniform([2, 5, 3, 4], 2, [0.7, 1.4]);
// few, as the smooth maximum of many hides the slope of each in its own rounding
const ofNorms = awayFrom(0, normal([2, 4, 3, 1], 1));

describe.each([{ op: "ReduceProd", x: ofProducts }, ...norms.map((op) => ({ op, x: ofNorms }))])(
  "$op",
  ({ op, x }) => {
    test.each<{ name: string; axes: number[] | null; attributes: Attributes }>([
      { name: "over places", axes: [2, 3], attributes: {} },
      { name: "over outer axes, dropped", axes: [2, 0], attributes: { keepdims: 0 } },
      { name: "over channels", axes: [-3], attributes: {} },
      { name: "over everything, dropped", axes: null, attributes: { keepdims: 0 } },
      { name: "over nothing", axes: null, attributes: { noop_with_empty_axes: 1 } },
    ])("$name matches central differences", async ({ axes, attributes }) => {
      const inputs = axes ? [x, constant(intsTensor(axes))] : [x];
      await checkVjp(RULES[op]!, { op, attributes, inputs });
    });
  },
);

test("where elements are zero, the others' product is what each of a ReduceProd gets", async () => {
  const x = floatTensor([3, 5], [2, 0, 3, 5, 7, 0, 2, 0, 3, 5, 1, 2, 3, 4, 5]);
  const given = { op: "ReduceProd", inputs: [x, constant(intsTensor([1]))] };
  for (const provider of PROVIDERS) {
    const dY = floatTensor([3, 1], [1, 1, 2]);
    const { d_x0 } = await runRule(RULES["ReduceProd"]!, given, provider, dY);
    const rows = [0, 210, 0, 0, 0, 0, 0, 0, 0, 0, 240, 120, 80, 60, 48];
    expect([...d_x0!.data]).toEqual(rows);
  }
});

test.each(["ReduceL1", "ReduceL2", "ReduceSumSquare"])(
  "%s gives no gradient where it is zero",
  async (op) => {
    const x = floatTensor([2, 3], [0, 0, 0, 1, 0, 0]);
    const inputs = [x, constant(intsTensor([1]))];
    for (const provider of PROVIDERS) {
      const { d_x0 } = await runRule(
        RULES[op]!,
        { op, inputs },
        provider,
        floatTensor([2, 1], [3, 3]),
      );
      expect([...d_x0!.data]).toEqual([0, 0, 0, op === "ReduceSumSquare" ? 6 : 3, 0, 0]);
    }
  },
);

test("the smooth maximum of large values does not overflow", async () => {
  const vjpCase = { op: "ReduceLogSumExp", inputs: [floatTensor([1, 2], [200, 200])] };
  const dY = floatTensor([1, 1], [4]);
  const { d_x0 } = await runRule(RULES["ReduceLogSumExp"]!, vjpCase, "cpu", dY);
  for (const dX of d_x0!.data) expect(dX).toBeCloseTo(2, 4);
});

test.each(["Softmax", "LogSoftmax"])("%s matches central differences on any axis", async (op) => {
  await checkVjp(RULES[op]!, { op, inputs: [at] });
  await checkVjp(RULES[op]!, { op, attributes: { axis: 1 }, inputs: [at] });
  await checkVjp(RULES[op]!, { op, attributes: { axis: -4 }, inputs: [at] });
});

test.each(["GlobalAveragePool", "GlobalMaxPool"])(
  "%s matches central differences in one to three dimensions",
  async (op) => {
    await checkVjp(RULES[op]!, { op, inputs: [distinct([2, 3, 5], 1)] });
    await checkVjp(RULES[op]!, { op, inputs: [distinct([2, 7, 3, 4], 2)] });
    await checkVjp(RULES[op]!, { op, inputs: [distinct([2, 3, 4, 5, 2], 3)] });
  },
);

describe("of equal extrema the first takes the whole gradient", () => {
  const tied = floatTensor([1, 2, 2, 3], [1, 5, 5, 5, 0, 5, 2, 2, 2, 2, 2, 2]);
  const dY = floatTensor([1, 2, 1, 1], [10, 20]);
  const axes = constant(intsTensor([2, 3]));

  test.each([
    { op: "GlobalMaxPool", inputs: [tied], dX: [0, 10, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0] },
    { op: "ReduceMax", inputs: [tied, axes], dX: [0, 10, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0] },
    { op: "ReduceMin", inputs: [tied, axes], dX: [0, 0, 0, 0, 10, 0, 20, 0, 0, 0, 0, 0] },
  ])("in $op", async ({ op, inputs, dX }) => {
    for (const provider of PROVIDERS) {
      const { d_x0 } = await runRule(RULES[op]!, { op, inputs }, provider, dY);
      expect([...d_x0!.data]).toEqual(dX);
    }
  });
});

/** The mean with the sum's gradient. */
const undividedMean: VjpRule = (context) => ({
  ...RULES["ReduceSum"]!(context),
  outputs: [context.graph.emit("ReduceMean", context.inputs)],
});

test("checkVjp catches a mean that is not divided", async () => {
  await expect(checkVjp(undividedMean, { op: "ReduceMean", inputs: [at] })).rejects.toThrow(
    /analytic/,
  );
});

test("checkVjp catches a length with the gradient of its square", async () => {
  const squared: VjpRule = (context) => ({
    ...RULES["ReduceSumSquare"]!(context),
    outputs: [context.graph.emit("ReduceL2", context.inputs)],
  });
  await expect(checkVjp(squared, { op: "ReduceL2", inputs: [at] })).rejects.toThrow(/analytic/);
});
