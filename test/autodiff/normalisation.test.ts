import { describe, expect, test } from "vitest";

import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { type Attributes, float } from "../../lib/onnx/model.ts";
import { checkVjp, constant, type VjpCase, expectRefused } from "../support/check-vjp.ts";
import { normal, uniform } from "../support/random.ts";

const at = normal([2, 7, 3, 4], 1);
const CHANNELS = 7;
const perChannel = (seed: number) => constant(normal([CHANNELS], seed));
const variance = constant(uniform([CHANNELS], 5, [0.2, 3]));

describe("BatchNormalization", () => {
  const parameters = [perChannel(2), perChannel(3), perChannel(4), variance];

  test.each([
    { name: "images", x: at },
    { name: "feature vectors", x: normal([2, CHANNELS], 6) },
    { name: "volumes", x: normal([2, CHANNELS, 2, 3, 4], 7) },
  ])("of $name matches central differences", async ({ x }) => {
    const attributes = { epsilon: float(1e-2) };
    const inputs = [x, ...parameters];
    await checkVjp(RULES["BatchNormalization"]!, { op: "BatchNormalization", attributes, inputs });
  });

  const active = [2, 3, 4].map((seed) => normal([CHANNELS], seed));

  test.each([
    { name: "all that the image makes", x: at, inputs: [...active, variance.constant] },
    {
      name: "statistics of vectors",
      x: normal([2, CHANNELS], 6),
      inputs: [parameters[0]!, parameters[1]!, active[2]!, variance.constant],
    },
    { name: "a mean alone", x: at, inputs: [...parameters.slice(0, 2), active[2]!, variance] },
    { name: "a scale that is computed", x: null, inputs: [active[0]!, ...parameters.slice(1)] },
  ])("by $name matches central differences", async ({ x, inputs }) => {
    const attributes = { epsilon: float(1e-2) };
    const op = "BatchNormalization";
    const all = [x ?? constant(at), ...inputs] as VjpCase["inputs"];
    await checkVjp(RULES[op]!, { op, attributes, inputs: all });
  });
});

test.each([{ shape: [2, 7, 9] }, { shape: [2, 7, 3, 4] }, { shape: [2, 7, 3, 4, 2] }])(
  "InstanceNormalization of $shape matches central differences",
  async ({ shape }) => {
    const inputs = [normal(shape, 1), perChannel(2), perChannel(3)];
    const attributes = { epsilon: float(1e-2) };
    const op = "InstanceNormalization";
    await checkVjp(RULES[op]!, { op, attributes, inputs });
  },
);

test.each([
  { name: "scale and bias", inputs: [at, normal([CHANNELS], 2), normal([CHANNELS], 3)] },
  { name: "scale alone", inputs: [constant(at), normal([CHANNELS], 2), perChannel(3)] },
])("InstanceNormalization with its $name from the image", async ({ inputs }) => {
  const op = "InstanceNormalization";
  await checkVjp(RULES[op]!, { op, attributes: { epsilon: float(1e-2) }, inputs });
});

describe("LayerNormalization", () => {
  const op = "LayerNormalization";

  test.each([
    { name: "scale and bias", inputs: [at, normal([4], 2), normal([4], 3)] },
    { name: "scale alone", inputs: [constant(at), normal([3, 1], 2)] },
  ])("with its $name from the image", async ({ inputs }) => {
    await checkVjp(RULES[op]!, { op, inputs });
  });

  test.each<{ name: string; attributes: Attributes; parameterShape: number[] }>([
    { name: "the last axis", attributes: {}, parameterShape: [4] },
    { name: "the last two", attributes: { axis: 2 }, parameterShape: [3, 4] },
    { name: "all but the batch", attributes: { axis: -3 }, parameterShape: [7, 3, 4] },
  ])("over $name matches central differences", async ({ attributes, parameterShape }) => {
    const [s, b] = [constant(normal(parameterShape, 2)), constant(normal(parameterShape, 3))];
    await checkVjp(RULES[op]!, { op, attributes, inputs: [at, s, b] });
    await checkVjp(RULES[op]!, { op, attributes, inputs: [at, s] });
  });

  test.each([[[1, 2]], [[0, 1]], [[0, 2]], [[]]])(
    "gives mean and inverse deviation too, here with outputs %j unused",
    async (unusedOutputs) => {
      const inputs = [at, constant(normal([3, 4], 2))];
      const attributes = { axis: 2 };
      await checkVjp(RULES[op]!, { op, attributes, inputs, outputCount: 3, unusedOutputs });
    },
  );
});

test("BatchNormalization is rejected in training mode", () => {
  const op = "BatchNormalization";
  const inputs = [at, perChannel(2), perChannel(3), perChannel(4), variance];
  const message = "training_mode is 1; export the model in evaluation mode";
  expectRefused(RULES[op]!, { op, attributes: { training_mode: 1 }, inputs }, message);
});

test("checkVjp catches statistics taken for constants", async () => {
  const op = "InstanceNormalization";
  const wrong: VjpRule = (context) => {
    const [x = "", s = ""] = context.inputs;
    const { graph } = context;
    const { outputs } = RULES[op]!(context);
    return {
      outputs,
      pullback: ([dY]) => {
        const centred = graph.emit("Sub", [x, graph.emit("ReduceMean", [x, graph.ints([2, 3])])]);
        const squares = graph.emit("Mul", [centred, centred]);
        const spread = graph.emit("Sqrt", [
          graph.emit("ReduceMean", [squares, graph.ints([2, 3])]),
        ]);
        const scale = graph.emit("Reshape", [s, graph.ints([CHANNELS, 1, 1])]);
        return [
          dY ? graph.emit("Div", [graph.emit("Mul", [dY, scale]), spread]) : null,
          null,
          null,
        ];
      },
    };
  };
  const inputs = [at, perChannel(2), perChannel(3)];
  await expect(checkVjp(wrong, { op, inputs })).rejects.toThrow(/analytic/);
});
