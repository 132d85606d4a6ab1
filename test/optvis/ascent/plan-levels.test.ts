import { describe, expect, test } from "vitest";

import { ShapeMismatchError, UnknownOperatorError } from "../../../lib/onnx/errors.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { shapeMismatch } from "../../../lib/optvis/graph/layer-pass.ts";
import { cropCount } from "../../../lib/optvis/graph/transforms/crop-plan.ts";
import { ImageTooSmallError, planLevels } from "../../../lib/optvis/ascent/plan-levels.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { type SmallNetwork, smallNetwork } from "../../support/small-network.ts";
import { networkOf } from "./engine-task.ts";
import { modelFixture } from "../fixtures.ts";

const OWN = { height: 16, width: 16 };
const fixedHead = smallNetwork(await modelFixture("fixed-head"), "fixed-head", OWN);
const free = smallNetwork(await modelFixture("kinked"), "kinked", { height: 19, width: 22 });

/** Sides of the square images that the layer takes, up to `most`. */
function sidesThatWork({ network, layer }: SmallNetwork, name: string, most: number): number[] {
  return Array.from({ length: most }, (_, i) => i + 1).filter(
    (side) => shapeMismatch(network.model, layer(name), [1, 3, side, side]) === null,
  );
}

const plan = (
  { network, layer }: SmallNetwork,
  name: string,
  size: { readonly height: number; readonly width: number },
  options: { readonly pyramidLevels?: number; readonly overlap?: "none" } = {},
) => planLevels(network, layer(name), { size, pyramidLevels: 1, pyramidScale: 1.4, ...options });

describe("a network with a head of fixed size", () => {
  test("sees its own size whole, and larger levels through crops of that size", () => {
    const [first, second] = plan(fixedHead, "logits", OWN, { pyramidLevels: 2, overlap: "none" });
    expect(first).toEqual({ size: OWN, crops: null });
    expect(second!.size).toEqual({ height: 22, width: 22 });
    expect(second!.crops).toEqual({
      height: 16,
      width: 16,
      tops: [0, 6],
      lefts: [0, 6],
    });
  });

  test("sees neighbouring crops overlap by an eighth, to blend them", () => {
    const [level] = plan(fixedHead, "logits", { height: 32, width: 16 });
    expect(level!.crops!.tops).toEqual([0, 8, 16]);
    const [tight] = plan(fixedHead, "logits", { height: 32, width: 16 }, { overlap: "none" });
    expect(tight!.crops).toMatchObject({ tops: [0, 16], lefts: [0] });
  });

  test("takes its earlier layers whole", () => {
    expect(plan(fixedHead, "norm1", { height: 22, width: 30 })[0]!.crops).toBeNull();
  });
});

describe("an image that is too small is refused with the smallest that works", () => {
  const deep = networkOf(
    [
      node("Conv", "image w1", "a", { strides: [2, 2] }),
      node("MaxPool", "a", "b", { kernel_shape: [3, 3], strides: [2, 2] }),
      node("Conv", "b w2", "y"),
    ],
    { w1: normal([4, 3, 5, 5], 1), w2: normal([2, 4, 3, 3], 2) },
    { height: 40, width: 40 },
  );
  test.each([
    ["deep", deep, "y", { height: 9, width: 12 }],
    ["wide but flat", deep, "y", { height: 5, width: 40 }],
    ["head", fixedHead, "logits", { height: 14, width: 10 }],
    ["one side below the head", fixedHead, "logits", { height: 30, width: 9 }],
  ])("%s", (_, network, layer, size) => {
    const smallest = sidesThatWork(network, layer, network.network.inputSize.height)[0]!;
    const message = `an image of ${size.width} x ${size.height} pixels is too small for layer '${layer}'; the smallest that works is ${smallest} x ${smallest}`;
    expect(() => plan(network, layer, size)).toThrow(new ImageTooSmallError(layer, size, smallest));
    expect(() => plan(network, layer, size)).toThrow(message);
    expect(plan(network, layer, { height: smallest, width: smallest })[0]!.crops).toBeNull();
  });
});

describe("a large image", () => {
  test.each([
    [{ height: 640, width: 640 }, null],
    [
      { height: 641, width: 500 },
      { height: 448, width: 448, count: 4 },
    ],
    // an eighth of 300 is 38: two crops reach 448 + 410 pixels, three 448 + 2 * 410
    [
      { height: 300, width: 1200 },
      { height: 300, width: 448, count: 3 },
    ],
  ])("%j is seen through %j", (size, crops) => {
    const [level] = plan(free, "conv3", size);
    const given = level!.crops;
    expect(given && { height: given.height, width: given.width, count: cropCount(given) }).toEqual(
      crops,
    );
  });
});

test("what no size can mend is told as it is", () => {
  const strange = networkOf(
    [node("Conv", "image w", "a"), node("Unheard", "a", "y")],
    { w: normal([2, 3, 1, 1], 3) },
    { height: 8, width: 8 },
  );
  expect(() => plan(strange, "y", { height: 8, width: 8 })).toThrow(UnknownOperatorError);
  const impossible = networkOf(
    [node("Reshape", "image shape", "a"), node("MatMul", "a w", "y")],
    { shape: intsTensor([1, 2]), w: floatTensor([2, 3], new Float32Array(6)) },
    { height: 8, width: 8 },
  );
  expect(() => plan(impossible, "y", { height: 8, width: 8 })).toThrow(ShapeMismatchError);
});
