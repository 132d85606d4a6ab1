import { expect, test } from "vitest";

import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { float } from "../../lib/onnx/model.ts";
import { checkVjp, contextOf } from "../support/check-vjp.ts";
import { normal } from "../support/random.ts";

const lrn = RULES["LRN"]!;
// every axis has its own length: ONNX's reference LRN looped over the wrong axis until 2026 because
// its tests only used [5, 5, 5, 5]
const at = normal([2, 7, 3, 4], 3);

test.each([
  { name: "AlexNet's paper", size: 5, alpha: 1e-4, beta: 0.75, bias: 2 },
  { name: "strong coupling", size: 3, alpha: 1, beta: 0.5, bias: 1 },
  { name: "any exponent", size: 3, alpha: 1, beta: 0.6, bias: 1 },
  { name: "exponent 1", size: 3, alpha: 1, beta: 1, bias: 1.5 },
  { name: "a window wider than the channels", size: 15, alpha: 1, beta: 0.75, bias: 1 },
  { name: "a window of one channel", size: 1, alpha: 1, beta: 0.75, bias: 1 },
])("$name matches central differences", async ({ size, alpha, beta, bias }) => {
  const attributes = { size, alpha: float(alpha), beta: float(beta), bias: float(bias) };
  await checkVjp(lrn, { op: "LRN", attributes, inputs: [at] });
});

test("takes ONNX's defaults", async () => {
  await checkVjp(lrn, { op: "LRN", attributes: { size: 5 }, inputs: [at] });
});

test("rejects an input that is not [N, C, H, W]", () => {
  const attributes = { size: 5 };
  const context = contextOf({ op: "LRN", attributes, inputs: [normal([2, 7, 3], 1)] });
  expect(() => lrn(context)).toThrow(UnsupportedGradientError);
  expect(() => lrn(context)).toThrow("its input has shape [2, 7, 3]; reshape it to [N, C, H, W]");
});

const ATTRIBUTES = { size: 5, alpha: float(1), beta: float(0.75), bias: float(1) };

/** The right forward pass with the pullback of an exponent 1 % larger. */
const wrongExponent: VjpRule = (context) => {
  const attributes = { ...ATTRIBUTES, beta: float(0.7575) };
  const { pullback } = lrn({ ...context, node: { ...context.node, attributes } });
  return { outputs: lrn(context).outputs, pullback };
};

test("checkVjp catches a 1 % error in the exponent", async () => {
  const check = checkVjp(wrongExponent, { op: "LRN", attributes: ATTRIBUTES, inputs: [at] });
  await expect(check).rejects.toThrow(/analytic/);
});
