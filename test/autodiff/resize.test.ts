import { describe, expect, test } from "vitest";

import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { type Attributes, float } from "../../lib/onnx/model.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { checkVjp, constant, contextOf, expectRefused } from "../support/check-vjp.ts";
import { normal } from "../support/random.ts";

const resize = RULES["Resize"]!;
const x = normal([2, 3, 5, 4], 1);
const scales = (...values: number[]) => constant(floatTensor([values.length], values));
const sizes = (...values: number[]) => constant(intsTensor(values));

const TRANSFORMATIONS = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"];

describe.each(TRANSFORMATIONS)("coordinates %s", (coordinate_transformation_mode) => {
  test.each([
    { name: "doubled", size: [null, scales(1, 1, 2, 2)] },
    { name: "by 3 and 2", size: [null, scales(1, 1, 3, 2)] },
    { name: "to 7 x 6", size: [null, null, sizes(2, 3, 7, 6)] },
    { name: "to 3 x 2", size: [null, null, sizes(2, 3, 3, 2)] },
    { name: "to one pixel", size: [null, null, sizes(2, 3, 1, 1)] },
    { name: "one axis by 2.6", size: [null, scales(1, 1, 1, 2.6)] },
  ])("linear, $name", async ({ size }) => {
    const attributes = { mode: "linear", coordinate_transformation_mode };
    await checkVjp(resize, { op: "Resize", attributes, inputs: [x, ...size] });
  });

  test.each([
    { name: "doubled", size: [null, scales(1, 1, 2, 2)] },
    { name: "to 7 x 3", size: [null, null, sizes(2, 3, 7, 3)] },
    { name: "to one pixel", size: [null, null, sizes(2, 3, 1, 1)] },
  ])("cubic, $name", async ({ size }) => {
    const attributes = { mode: "cubic", coordinate_transformation_mode };
    await checkVjp(resize, { op: "Resize", attributes, inputs: [x, ...size] });
  });

  test.each(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])(
    "nearest %s, by 2 and 3, and to 7 x 6",
    async (nearest_mode) => {
      const attributes = { mode: "nearest", nearest_mode, coordinate_transformation_mode };
      for (const size of [
        [null, scales(1, 1, 2, 3)],
        [null, null, sizes(2, 3, 7, 6)],
      ]) {
        await checkVjp(resize, { op: "Resize", attributes, inputs: [x, ...size] });
      }
    },
  );
});

test("takes scales of listed axes", async () => {
  const attributes = { mode: "linear", axes: [3, -2] };
  await checkVjp(resize, { op: "Resize", attributes, inputs: [x, null, scales(2, 3)] });
});

test.each(["not_larger", "not_smaller"])("takes sizes that keep the aspect, %s", async (policy) => {
  const attributes = { mode: "linear", axes: [2, 3], keep_aspect_ratio_policy: policy };
  // 5 x 4 by 1.6 is 8 x 6.4, by 2.25 it is 11.25 x 9
  await checkVjp(resize, { op: "Resize", attributes, inputs: [x, null, null, sizes(8, 9)] });
});

test("what keeps its lengths is as it was, whatever the scales, as ONNX Runtime has it", async () => {
  const attributes = { mode: "linear" };
  await checkVjp(resize, { op: "Resize", attributes, inputs: [x, null, scales(1, 1, 1.1, 1.2)] });
});

test("takes the cubic kernel's coefficient", async () => {
  const attributes = { mode: "cubic", cubic_coeff_a: float(-0.5) };
  const inputs = [x, null, scales(1, 1, 2, 3)];
  await checkVjp(resize, { op: "Resize", attributes, inputs });
  const other: VjpRule = (context) => ({
    outputs: resize(context).outputs,
    pullback: resize({ ...context, node: { ...context.node, attributes: { mode: "cubic" } } })
      .pullback,
  });
  await expect(checkVjp(other, { op: "Resize", attributes, inputs })).rejects.toThrow(/analytic/);
});

test.each([
  { mode: "nearest", isRectified: true },
  { mode: "linear", isRectified: true },
  { mode: "cubic", isRectified: false },
])("a rectified image is so after resampling: $mode $isRectified", ({ mode, isRectified }) => {
  const surroundings = { isRectified: () => true };
  const inputs = [x, null, scales(1, 1, 2, 2)];
  const context = contextOf({ op: "Resize", attributes: { mode }, inputs, surroundings });
  expect(resize(context).isRectified).toBe(isRectified);
});

test("takes sequences", async () => {
  const sequence = normal([2, 3, 5], 2);
  const attributes = { mode: "linear" };
  await checkVjp(resize, { op: "Resize", attributes, inputs: [sequence, null, scales(1, 1, 2)] });
});

describe.each(["linear", "cubic"])("%s", (mode) => {
  const wide = normal([1, 2, 9, 11], 3);

  test.each([
    { name: "smaller", size: [0.5, 0.3] },
    { name: "larger", size: [2, 1.6] },
    { name: "smaller one way, larger the other", size: [0.7, 2] },
  ])("with antialias, $name", async ({ size }) => {
    for (const exclude_outside of [0, 1]) {
      const attributes = { mode, antialias: 1, exclude_outside };
      const inputs = [wide, null, scales(1, 1, ...size)];
      await checkVjp(resize, { op: "Resize", attributes, inputs });
    }
  });
});

test.each([
  { name: "images", attributes: { mode: "linear" }, by: [1, 1, 2, 1.5], isProduct: false },
  { name: "channels", attributes: { mode: "linear" }, by: [1, 1.5, 2, 1], isProduct: true },
  { name: "with antialias", attributes: { mode: "linear", antialias: 1 }, by: [1, 1, 0.5, 1] },
  {
    name: "without what lies outside",
    attributes: { mode: "cubic", exclude_outside: 1 },
    by: [1, 1, 2, 1],
  },
])("what some providers have no kernel for is a product: $name", (resized) => {
  const { attributes, by, isProduct = true } = resized;
  const context = contextOf({ op: "Resize", attributes, inputs: [x, null, scales(...by)] });
  const [y] = resize(context).outputs;
  const ops = context.graph.build("resize", [["y", y!]]).nodes.map(({ op }) => op);
  expect(ops.includes("Resize")).toBe(!isProduct);
  expect(ops.includes("MatMul")).toBe(isProduct);
});

test("without what lies outside", async () => {
  const attributes = { mode: "cubic", exclude_outside: 1 };
  for (const size of [scales(1, 1, 2, 3), scales(1, 1, 0.6, 0.5)]) {
    await checkVjp(resize, { op: "Resize", attributes, inputs: [x, null, size] });
  }
});

test.each([
  { name: "channels", mode: "nearest", of: x, by: [1, 2, 1, 1] },
  { name: "channels and rows", mode: "linear", of: x, by: [1, 1.5, 2, 1] },
  { name: "volumes", mode: "linear", of: normal([1, 2, 3, 4, 2], 4), by: [1, 1, 2, 1.5, 2.5] },
])("takes $name", async ({ mode, of, by }) => {
  const inputs = [of, null, scales(...by)];
  await checkVjp(resize, { op: "Resize", attributes: { mode }, inputs });
});

test.each<{ attributes: Attributes; message: string }>([
  { attributes: { mode: "lanczos" }, message: "mode is 'lanczos'" },
  {
    attributes: { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize" },
    message: "coordinate_transformation_mode is 'tf_crop_and_resize'",
  },
])("rejects when $message", ({ attributes, message }) => {
  const inputs = [x, null, scales(1, 1, 2, 2)];
  expectRefused(resize, { op: "Resize", attributes, inputs }, message);
});

/** Half-pixel resampling with the gradient of asymmetric resampling. */
const otherCoordinates: VjpRule = (context) => {
  const attributes = { mode: "linear", coordinate_transformation_mode: "asymmetric" };
  const { pullback } = resize({ ...context, node: { ...context.node, attributes } });
  return { outputs: resize(context).outputs, pullback };
};

test("checkVjp catches weights of another coordinate transformation", async () => {
  const attributes = { mode: "linear" };
  const inputs = [x, null, scales(1, 1, 2, 2)];
  await expect(checkVjp(otherCoordinates, { op: "Resize", attributes, inputs })).rejects.toThrow(
    /analytic/,
  );
});
