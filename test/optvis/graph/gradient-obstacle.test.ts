import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { gradientObstacle } from "../../../lib/optvis/graph/differentiable-graph.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const modelOf = (sketched: Parameters<typeof sketch>[0]) =>
  decodeModel(writeModel(sketch(sketched), 17));

const model = () =>
  modelOf({
    inputs: { image: [1, 3, 8, 10] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("Round", "maps", "rounded"),
      node("Conv", "rounded other", "more"),
    ],
    outputs: ["more"],
    initializers: { kernel: normal([4, 3, 3, 3], 1), other: normal([5, 4, 3, 3], 2) },
  });

test("what keeps gradients from an image is found once for a layer and a size", () => {
  const one = model();
  const more = { value: "more", name: "more" };
  const obstacle = gradientObstacle(one, more, [1, 3, 8, 10]);
  expect(obstacle).toMatchObject({
    op: "Conv",
    // it has no name of its own
    node: "more",
    layer: "more",
    message: expect.stringMatching(
      /^no gradient for Conv .*'more' on the way to layer 'more': its output does not change/,
    ),
  });
  expect(gradientObstacle(one, more, [1, 3, 8, 10])).toBe(obstacle);
  expect(gradientObstacle(one, more, [1, 3, 10, 8])).not.toBe(obstacle);
  expect(gradientObstacle(model(), more, [1, 3, 8, 10])).not.toBe(obstacle);
  const maps = { value: "maps", name: "maps" };
  for (const _ of ["found", "known"]) {
    expect(gradientObstacle(one, maps, [1, 3, 8, 10])).toBeNull();
  }
});

test("what is one whatever the image shows is no way to it", () => {
  const powers = modelOf({
    inputs: { image: [1, 3, 8, 10] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("Pow", "maps zero", "ones"),
      node("Conv", "ones other", "constant"),
      node("Mul", "maps ones", "same"),
    ],
    outputs: ["constant", "same"],
    initializers: {
      kernel: normal([4, 3, 3, 3], 1),
      other: normal([5, 4, 3, 3], 2),
      zero: floatTensor([], [0]),
    },
  });
  const obstacleTo = (value: string) =>
    gradientObstacle(powers, { value, name: value }, [1, 3, 8, 10])?.message ?? null;
  expect(obstacleTo("ones")).toMatch(/^no gradient for Pow .* does not change smoothly/);
  expect(obstacleTo("constant")).toMatch(/^no gradient for Conv .* does not change smoothly/);
  expect(obstacleTo("same")).toBeNull();
});
