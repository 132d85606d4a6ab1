import { describe, expect, test } from "vitest";

import { channelAxes } from "../../../lib/onnx/channel-axis.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";
import { slopeError } from "../../support/slope-error.ts";
import { furthestApart } from "../../support/written-out.ts";

const IMAGE = [2, 4, 7, 6] as const;
const PLACES = [4, 5] as const;
const image = normal(IMAGE, 1);
const attributes = {
  strides: [2, 1],
  pads: [1, 0, 2, 1],
  dilations: [1, 2],
  group: 2,
  offset_group: 2,
};
const w = normal([6, 2, 3, 2], 2);
const b = normal([6], 3);
/** Of six taps in two groups, beyond the edges too. */
const o = uniform([2, 24, ...PLACES], 4, [-3, 3]);
const m = uniform([2, 12, ...PLACES], 5, [0, 1]);

const fileOf = (inputs: string, changed: Attributes = {}) =>
  writeModel(
    sketch({
      inputs: { image: IMAGE },
      nodes: [node("DeformConv", inputs, "y", { ...attributes, ...changed })],
      outputs: ["y"],
      initializers: { w, b, o, m },
    }),
    19,
  );

/** Offsets and masks that the image itself makes, as networks do. */
const computed = writeModel(
  sketch({
    inputs: { image: IMAGE },
    nodes: [
      node("Conv", "image wo", "o", { strides: [2, 1], pads: [1, 0, 1, 0] }),
      node("Conv", "image wm", "a", { strides: [2, 1], pads: [1, 0, 1, 0] }),
      node("Sigmoid", "a", "m"),
      node("DeformConv", "image w o b m", "y", attributes),
    ],
    outputs: ["y"],
    initializers: {
      w,
      b,
      wo: uniform([24, 4, 3, 2], 6, [-0.3, 0.3]),
      wm: uniform([12, 4, 3, 2], 7, [-0.3, 0.3]),
    },
  }),
  19,
);

const SPREAD = { image, gone: /^DeformConv$/ };

describe("a deformable convolution is what ONNX Runtime computes", () => {
  test.each(["image w o", "image w o b", "image w o _ m", "image w o b m"])(
    "%s",
    async (inputs) => {
      expect(await furthestApart(SPREAD, fileOf(inputs))).toBeLessThan(1e-5);
    },
  );

  test("without the mask it is another", async () => {
    const [masked, plain] = ["image w o b m", "image w o b"].map((inputs) => fileOf(inputs));
    expect(await furthestApart(SPREAD, masked!, plain)).toBeGreaterThan(0.1);
  });
});

test("its gradient, offsets and mask included, is the slope", async () => {
  expect(await slopeError(computed, image, 8)).toBeLessThan(0.01);
  const half = (g: FloatTensor) =>
    floatTensor(
      g.shape,
      g.data.map((value) => value / 2),
    );
  expect(await slopeError(computed, image, 8, half)).toBeGreaterThan(0.1);
});

test("what it makes itself grows with the sides of an image, not with its pixels", () => {
  const made = ([height, width]: readonly [number, number]) => {
    const model = decodeModel(computed);
    const { graph, problems } = specialise(model, [1, 4, height, width]);
    expect([...problems.values()]).toEqual([]);
    const sizes = [...graph.initializers].map(([name, { shape }]) =>
      model.graph.initializers.has(name) ? 0 : sizeOf(shape),
    );
    return Math.max(...sizes);
  };
  // six taps at each place along a side, of which the stride leaves half of the rows
  expect(made([81, 90])).toBe(6 * 89);
  expect(made([301, 90])).toBe(6 * 151);
});

test("filters are its channels", () => {
  const at = specialise(decodeModel(computed), IMAGE);
  expect(channelAxes(at).get("y")).toBe(1);
});

test("offsets of another number of groups are refused in one line", () => {
  const { problems } = specialise(decodeModel(fileOf("image w o", { offset_group: 1 })), IMAGE);
  expect(problems.get("y")?.message).toMatch(/DeformConv 'y': .*offsets .* in 1 groups do not fit/);
});
