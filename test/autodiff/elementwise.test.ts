import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { erfVjp } from "../../lib/autodiff/rules/erf.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { sigmoidVjp } from "../../lib/autodiff/rules/sigmoid.ts";
import { type Attributes, float } from "../../lib/onnx/model.ts";
import { floatTensor, type FloatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { checkVjp, constant, contextOf, runRule } from "../support/check-vjp.ts";
import { awayFrom, distinct, normal, uniform } from "../support/random.ts";

const SHAPE = [2, 7, 3, 4]; // distinct axes
const at = normal(SHAPE, 3);
const positive = uniform(SHAPE, 4, [0.3, 2]);
const withinOne = uniform(SHAPE, 5, [-0.8, 0.8]);

const scalar = (value: number) => constant(floatTensor([], [value]));

interface Case {
  readonly op: string;
  readonly attributes?: Attributes;
  readonly x: FloatTensor;
}

const smooth: readonly Case[] = [
  { op: "Sigmoid", x: at },
  { op: "Tanh", x: at },
  { op: "Softplus", x: at },
  { op: "Erf", x: at },
  { op: "Exp", x: at },
  { op: "Neg", x: at },
  { op: "Sqrt", x: positive },
  { op: "Log", x: positive },
  { op: "Reciprocal", x: positive },
  { op: "Sin", x: at },
  { op: "Cos", x: at },
  { op: "Mish", x: scaled(at, 3) },
  { op: "Acos", x: withinOne },
  { op: "Acosh", x: uniform(SHAPE, 4, [1.3, 3]) },
  { op: "Asin", x: withinOne },
  { op: "Asinh", x: at },
  { op: "Atan", x: at },
  { op: "Atanh", x: withinOne },
  { op: "Cosh", x: at },
  { op: "Sinh", x: at },
  { op: "Tan", x: withinOne },
  { op: "Identity", x: at },
  { op: "Cast", attributes: { to: 1 }, x: at },
];

const cornered: readonly Case[] = [
  { op: "Relu", x: awayFrom(0, at) },
  { op: "LeakyRelu", x: awayFrom(0, at) },
  { op: "LeakyRelu", attributes: { alpha: float(0.3) }, x: awayFrom(0, at) },
  { op: "Abs", x: awayFrom(0, at) },
  { op: "Elu", x: awayFrom(0, at) },
  { op: "Elu", attributes: { alpha: float(0.4) }, x: awayFrom(0, at) },
  { op: "Selu", x: awayFrom(0, at) },
  { op: "Selu", attributes: { alpha: float(0.5), gamma: float(2) }, x: awayFrom(0, at) },
  { op: "HardSigmoid", x: awayFrom(2.5, awayFrom(-2.5, scaled(at, 3))) },
  {
    op: "HardSigmoid",
    attributes: { alpha: float(0.5), beta: float(0.4) },
    x: awayFrom(1.2, awayFrom(-0.8, at)),
  },
  { op: "Softsign", x: awayFrom(0, at) },
  { op: "Celu", x: awayFrom(0, at) },
  { op: "Celu", attributes: { alpha: float(0.4) }, x: awayFrom(0, at) },
  { op: "ThresholdedRelu", x: awayFrom(1, at) },
  { op: "ThresholdedRelu", attributes: { alpha: float(-0.3) }, x: awayFrom(-0.3, at) },
  { op: "Shrink", x: distinct(SHAPE, 3, 0.34) },
  {
    op: "Shrink",
    attributes: { lambd: float(0.6), bias: float(0.3) },
    x: distinct(SHAPE, 3, 0.4),
  },
  { op: "HardSwish", x: awayFrom(3, awayFrom(-3, scaled(at, 3))) },
];

test.each(smooth)("$op $attributes matches central differences", async ({ op, attributes, x }) => {
  await checkVjp(RULES[op]!, { op, attributes, inputs: [x] });
});

test.each(cornered)(
  "$op $attributes matches central differences away from its corners",
  async ({ op, attributes, x }) => {
    await checkVjp(RULES[op]!, { op, attributes, inputs: [x] });
  },
);

describe("Clip", () => {
  const scalarOf = (value: number) => floatTensor([], [value]);
  const x = awayFrom(-0.5, awayFrom(0.8, awayFrom(0, at)));

  test.each([
    { name: "both bounds", inputs: [x, scalar(-0.5), scalar(0.8)] },
    { name: "a lower bound", inputs: [x, scalar(-0.5)] },
    { name: "an upper bound", inputs: [x, null, scalar(0.8)] },
    { name: "no bound", inputs: [x] },
    { name: "ReLU6", inputs: [awayFrom(6, awayFrom(0, scaled(at, 4))), scalar(0), scalar(6)] },
    { name: "bounds of float32", inputs: [x, scalar(-3.4028235e38), scalar(3.4028235e38)] },
  ])("with $name matches central differences", async ({ inputs }) => {
    await checkVjp(RULES["Clip"]!, { op: "Clip", inputs });
  });

  test("gives no gradient at its bounds", async () => {
    const edge = { op: "Clip", inputs: [floatTensor([3], [0, 3, 6]), scalar(0), scalar(6)] };
    for (const provider of PROVIDERS) {
      const { d_x0: dX } = await runRule(
        RULES["Clip"]!,
        edge,
        provider,
        floatTensor([3], [1, 1, 1]),
      );
      expect([...dX!.data]).toEqual([0, 1, 0]);
    }
  });

  test.each([
    { name: "both", inputs: [x, scalarOf(-0.5), scalarOf(0.8)] },
    { name: "the lower", inputs: [x, scalarOf(-0.5), scalar(0.8)] },
    { name: "the upper alone", inputs: [x, null, scalarOf(0.8)] },
    { name: "both of a constant", inputs: [constant(x), scalarOf(-0.5), scalarOf(0.8)] },
  ])("with bounds from the image, $name, matches central differences", async ({ inputs }) => {
    await checkVjp(RULES["Clip"]!, { op: "Clip", inputs });
  });
});

describe("PRelu", () => {
  const slope = uniform([7, 1, 1], 5, [0.1, 0.6]);

  test("matches central differences for both inputs", async () => {
    await checkVjp(RULES["PRelu"]!, { op: "PRelu", inputs: [awayFrom(0, at), slope] });
  });

  test("gives a constant slope no gradient", async () => {
    await checkVjp(RULES["PRelu"]!, { op: "PRelu", inputs: [awayFrom(0, at), constant(slope)] });
  });
});

test("Mod matches central differences for both inputs, away from its steps", async () => {
  const attributes = { fmod: 1 };
  const quotients = [1.4, -2.5, 0.3, 3.6].map((q) => q * 0.9);
  const divisor = floatTensor([4], [0.9, 0.9, -0.9, 0.9]);
  await checkVjp(RULES["Mod"]!, {
    op: "Mod",
    attributes,
    inputs: [floatTensor([1, 4], quotients), divisor],
  });
});

describe("Pow", () => {
  test.each([-2, -0.5, 0, 0.5, 0.75, 1, 1.7, 2, 2.25, 3, 5])("X^%f matches", async (c) => {
    await checkVjp(RULES["Pow"]!, { op: "Pow", inputs: [positive, scalar(c)] });
  });

  test.each([2, 3])("X^%f matches where X < 0", async (c) => {
    await checkVjp(RULES["Pow"]!, { op: "Pow", inputs: [awayFrom(0, at), scalar(c)] });
  });

  test("takes an integer exponent", async () => {
    const squared = constant(intsTensor([2]));
    await checkVjp(RULES["Pow"]!, { op: "Pow", inputs: [at, squared] });
  });

  test.each([-2, 0.5, 0.75, 1.7, 3])("X^%f is computed without Pow", (c) => {
    const context = contextOf({ op: "Pow", inputs: [positive, scalar(c)] });
    context.graph.input("dy", "float32", SHAPE);
    const { outputs, pullback } = RULES["Pow"]!(context);
    const [dX] = pullback(["dy"]);
    const { nodes } = context.graph.build("g", [
      ["y", outputs[0]!],
      ["dx", dX!],
    ]);
    expect(nodes.map(({ op }) => op)).toContain("Mul");
    expect(nodes.map(({ op }) => op)).not.toContain("Pow");
  });

  test.each([
    { name: "from the image", exponents: uniform(SHAPE, 6, [-2, 2]) },
    { name: "from the image, repeated", exponents: uniform([7, 1, 1], 6, [-2, 2]) },
    {
      name: "for each column, one of them 0",
      exponents: constant(floatTensor([4], [2, 0, -1, 0.3])),
    },
    {
      name: "that repeats the base",
      exponents: constant(floatTensor([3, 1, 1, 1, 1], [2, 1, -1])),
    },
    { name: "of integers", exponents: constant(intsTensor([3, 0, 2, 1])) },
  ])("takes exponents $name", async ({ exponents }) => {
    await checkVjp(RULES["Pow"]!, { op: "Pow", inputs: [positive, exponents] });
  });

  test("of zero has no gradient that is no number", async () => {
    const dY = floatTensor([3], [1, 1, 1]);
    const base = floatTensor([3], [0, 0, 0]);
    for (const provider of PROVIDERS) {
      const constants = [base, constant(floatTensor([3], [2, 0, 1]))];
      const given = { op: "Pow", inputs: constants };
      const { d_x0 } = await runRule(RULES["Pow"]!, given, provider, dY);
      expect([...d_x0!.data]).toEqual([0, 0, 1]);
      const active = { op: "Pow", inputs: [constant(base), floatTensor([3], [2, 0.5, 1])] };
      const { d_x1 } = await runRule(RULES["Pow"]!, active, provider, dY);
      expect([...d_x1!.data]).toEqual([0, 0, 0]);
    }
  });
});

test.each([6, 7, 9])("what Cast makes integers or booleans of (type %i) is constant", (to) => {
  const vjp = RULES["Cast"]!(contextOf({ op: "Cast", attributes: { to }, inputs: [at] }));
  expect(vjp.isConstant).toBe(true);
});

test("CastLike takes another value's type, and nothing else of it", async () => {
  const like = constant(floatTensor([1], [3]));
  await checkVjp(RULES["CastLike"]!, { op: "CastLike", inputs: [at, like] });
  for (const inputs of [
    [constant(floatTensor([2], [0.5, 1])), at],
    [constant(intsTensor([3])), at],
    [at, constant(intsTensor([1]))],
  ]) {
    const vjp = RULES["CastLike"]!(contextOf({ op: "CastLike", inputs }));
    expect(vjp.isConstant).toBe(true);
  }
});

test("the corner of Relu, LeakyRelu and Abs at zero is as documented", async () => {
  const zero = floatTensor([1], [0]);
  const one = floatTensor([1], [1]);
  for (const provider of PROVIDERS) {
    for (const [op, slope] of [
      ["Relu", 0],
      ["LeakyRelu", 0.01],
      ["Abs", 0],
      ["Elu", 1],
      ["Celu", 1],
      ["Softsign", 1],
    ] as const) {
      const { d_x0: dX } = await runRule(RULES[op]!, { op, inputs: [zero] }, provider, one);
      expect(dX!.data[0], `${op} (${provider})`).toBeCloseTo(slope, 6);
    }
  }
});

test("checkVjp catches a 1 % error in a slope", async () => {
  const check = checkVjp(tooSteep, { op: "Sigmoid", inputs: [at] });
  await expect(check).rejects.toThrow(/analytic/);
});

const tooSteep: VjpRule = (context) => {
  const right = sigmoidVjp(context);
  const tilt = (dX: string | null) =>
    dX === null ? null : context.graph.emit("Mul", [dX, context.graph.scalar(1.01)]);
  return { ...right, pullback: (dY) => right.pullback(dY).map(tilt) };
};

test("checkVjp catches a forward form that computes something else", async () => {
  const check = checkVjp(erfForTanh, { op: "Tanh", inputs: [at] });
  await expect(check).rejects.toThrow(/forward form/);
});

const erfForTanh: VjpRule = (context) =>
  erfVjp({ ...context, node: { ...context.node, op: "Erf" } });

function scaled(tensor: FloatTensor, factor: number): FloatTensor {
  return floatTensor(
    tensor.shape,
    tensor.data.map((value) => value * factor),
  );
}
