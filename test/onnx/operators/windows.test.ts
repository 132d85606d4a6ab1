import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ShapeMismatchError } from "../../../lib/onnx/errors.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { checkShapes, infer, type OperatorCase } from "../../support/operator-oracle.ts";
import { uniform } from "../../support/random.ts";

/** Fixed, so that a failure can be had again. */
const RUNS = { seed: 11, numRuns: 60 };

const pair = (low: number, high: number) =>
  fc.tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }));

const windows = fc.record({
  size: pair(5, 12),
  kernel: pair(1, 4),
  strides: pair(1, 3),
  dilations: pair(1, 2),
  padsBegin: pair(0, 3),
  padsEnd: pair(0, 3),
});

type Pair = readonly [number, number];

interface Drawn {
  readonly size: Pair;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padsBegin: Pair;
  readonly padsEnd: Pair;
}

/** The window fits, and no padding is as wide as the window (which ONNX Runtime refuses). */
function isAllowed({ size, kernel, dilations, padsBegin, padsEnd }: Drawn): boolean {
  return [0, 1].every((axis) => {
    const i = axis as 0 | 1;
    const extent = (kernel[i] - 1) * dilations[i] + 1;
    const fits = size[i] + padsBegin[i] + padsEnd[i] >= extent;
    return fits && padsBegin[i] < kernel[i] && padsEnd[i] < kernel[i];
  });
}

function attributesOf({ kernel, strides, dilations, padsBegin, padsEnd }: Drawn): Attributes {
  return { kernel_shape: kernel, strides, dilations, pads: [...padsBegin, ...padsEnd] };
}

describe("windowed operators have the shapes that ONNX Runtime computes", () => {
  test.each([0, 1])("MaxPool with ceil_mode %i, and its indices", async (ceil_mode) => {
    const property = fc.asyncProperty(windows.filter(isAllowed), async (drawn) => {
      await checkShapes({
        op: "MaxPool",
        attributes: { ...attributesOf(drawn), ceil_mode },
        inputs: [uniform([2, 3, ...drawn.size], 1)],
        outputCount: 2,
      });
    });
    await expect(fc.assert(property, RUNS)).resolves.toBeUndefined();
  });

  test.each([0, 1])("AveragePool with ceil_mode %i", async (ceil_mode) => {
    const property = fc.asyncProperty(windows.filter(isAllowed), async (drawn) => {
      const { kernel, strides, padsBegin, padsEnd, size } = { ...drawn };
      const undilated = { ...drawn, dilations: [1, 1] as const };
      fc.pre(isAllowed(undilated));
      const pads = [...padsBegin, ...padsEnd];
      await checkShapes({
        op: "AveragePool",
        attributes: { kernel_shape: kernel, strides, pads, ceil_mode },
        inputs: [uniform([2, 3, ...size], 1)],
      });
    });
    await expect(fc.assert(property, RUNS)).resolves.toBeUndefined();
  });

  test("Conv in groups", async () => {
    const property = fc.asyncProperty(windows.filter(isAllowed), async (drawn) => {
      await checkShapes({
        op: "Conv",
        attributes: { ...attributesOf(drawn), group: 2 },
        inputs: [uniform([2, 6, ...drawn.size], 1), uniform([10, 3, ...drawn.kernel], 2)],
      });
    });
    await expect(fc.assert(property, RUNS)).resolves.toBeUndefined();
  });

  test("ConvTranspose with output padding", async () => {
    const property = fc.asyncProperty(windows, pair(0, 1), async (drawn, outputPadding) => {
      const given: OperatorCase = {
        op: "ConvTranspose",
        attributes: {
          ...attributesOf(drawn),
          // less than the stride or the dilation, as ONNX Runtime wants it
          output_padding: outputPadding.map((p, i) => Math.min(p, drawn.strides[i]! - 1)),
          group: 2,
        },
        inputs: [uniform([2, 6, ...drawn.size], 1), uniform([6, 5, ...drawn.kernel], 2)],
      };
      await checkShapes(given);
    });
    await expect(fc.assert(property, RUNS)).resolves.toBeUndefined();
  });

  const autoPads = ["SAME_UPPER", "SAME_LOWER", "VALID"];
  test.each(autoPads)("auto_pad %s", async (auto_pad) => {
    const x = uniform([2, 3, 7, 10], 1);
    for (const strides of [
      [1, 1],
      [2, 3],
      [3, 2],
    ]) {
      const attributes = { kernel_shape: [3, 4], strides, auto_pad };
      await checkShapes({ op: "Conv", attributes, inputs: [x, uniform([5, 3, 3, 4], 2)] });
      await checkShapes({ op: "ConvTranspose", attributes, inputs: [x, uniform([3, 5, 3, 4], 2)] });
      await checkShapes({ op: "MaxPool", attributes, inputs: [x] });
      await checkShapes({ op: "AveragePool", attributes, inputs: [x] });
    }
    const apart = { strides: [4, 5], output_padding: [0, 1], auto_pad };
    const inputs = [x, uniform([3, 5, 3, 4], 2)];
    await checkShapes({ op: "ConvTranspose", attributes: apart, inputs });
    expect.hasAssertions();
  });

  test("ConvTranspose with output_shape", async () => {
    await checkShapes({
      op: "ConvTranspose",
      attributes: { strides: [2, 3], output_shape: [15, 31] },
      inputs: [uniform([2, 3, 7, 10], 1), uniform([3, 5, 3, 4], 2)],
    });
    expect.hasAssertions();
  });
});

describe("a window that does not fit is refused", () => {
  test.each([
    {
      name: "image too small",
      given: {
        op: "MaxPool",
        attributes: { kernel_shape: [3, 3] },
        inputs: [uniform([1, 2, 5, 2], 1)],
      },
      message: "a window of 3 does not fit an input of [5, 2]",
    },
    {
      name: "channels",
      given: { op: "Conv", inputs: [uniform([1, 4, 5, 6], 1), uniform([8, 3, 3, 3], 2)] },
      message: "has 4 channels, the weights want 3",
    },
    {
      name: "bias",
      given: {
        op: "Conv",
        inputs: [uniform([1, 3, 5, 6], 1), uniform([8, 3, 3, 3], 2), uniform([7], 3)],
      },
      message: "bias [7] does not fit 8 output channels",
    },
    {
      name: "strides",
      given: {
        op: "MaxPool",
        attributes: { kernel_shape: [3, 3], strides: [2] },
        inputs: [uniform([1, 2, 5, 7], 1)],
      },
      message: "attribute 'strides' must have 2 numbers, got 1",
    },
  ])("$name", ({ given, message }) => {
    const inferring = () => infer(given, () => false);
    expect(inferring).toThrow(ShapeMismatchError);
    expect(inferring).toThrow(message);
  });
});

test("checkShapes catches a window counted once too often", async () => {
  const given: OperatorCase = {
    op: "MaxPool",
    attributes: { kernel_shape: [3, 3], strides: [2, 2] },
    inputs: [uniform([1, 2, 5, 7], 1)],
  };
  await expect(checkShapes(given, oneTooWide)).rejects.toThrow(/float32\[1, 2, 2, 4\]/);
});

const oneTooWide: typeof infer = (...call) =>
  infer(...call).map(({ type, shape }) => ({ type, shape: shape.with(3, shape[3]! + 1) }));
