import { expect, test } from "vitest";

import { surveyGradients } from "../../../lib/autodiff/survey-gradients.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { float } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { type FloatTensor, floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { foldWeights } from "../../../lib/optvis/runtime/fold-constants.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";
import { largestDifference } from "../../support/vectors.ts";

const EPSILON = 1e-3;
const weight = uniform([5, 3, 2, 4], 1, [-1, 2]);
const gain = uniform([5], 2, [0.5, 2]);
const bias = uniform([5], 3);

/** A convolution whose weights are standardised, as PyTorch exports NF-Nets and BiT. */
function standardised(opset: number, w: FloatTensor = weight) {
  const outputs = opset < 14 ? "z m v ms vs" : "z m v";
  const graph = sketch({
    inputs: { x: [1, 3, 6, 7] },
    nodes: [
      node("Reshape", "w flat", "rows"),
      node("BatchNormalization", "rows gain bias zeros ones", outputs, {
        epsilon: float(EPSILON),
        ...(opset < 14 ? {} : { training_mode: 1 }),
      }),
      node("Reshape", "z back", "kernel"),
      node("Conv", "x kernel", "y"),
    ],
    outputs: ["y"],
    initializers: {
      w,
      gain,
      bias,
      flat: intsTensor([1, 5, -1]),
      back: intsTensor(w.shape),
      zeros: floatTensor([5], [0, 0, 0, 0, 0]),
      ones: floatTensor([5], [1, 1, 1, 1, 1]),
    },
  });
  return decodeModel(writeModel(graph, opset));
}

/** In float64: each channel's weights to mean 0 and deviation 1, then its gain and bias. */
function expected(): number[] {
  return [0, 1, 2, 3, 4].flatMap((channel) => {
    const row = Array.from(weight.data.subarray(channel * 24, channel * 24 + 24));
    const mean = row.reduce((sum, x) => sum + x, 0) / 24;
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 24;
    const slope = gain.data[channel]! / Math.sqrt(variance + EPSILON);
    return row.map((x) => (x - mean) * slope + bias.data[channel]!);
  });
}

test.each([12, 14, 17])("standardised weights are constants, opset %i", async (opset) => {
  const { model } = await foldWeights({
    model: standardised(opset),
    fingerprint: "test",
    inputSize: { width: 7, height: 6 },
    mean: [0, 0, 0],
    planes: [0, 1, 2],
    scale: [1, 1, 1],
  });
  const { facts, graph } = specialise(model, [2, 3, 6, 7]);
  expect(facts.get("y")?.shape).toEqual([2, 5, 5, 4]);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Conv"]);
  const kernel = graph.initializers.get("kernel");
  const wanted = floatTensor(weight.shape, expected());
  expect(largestDifference(kernel, wanted)).toBeLessThan(1e-5);
  // weights that are not standardised are further away
  expect(largestDifference(weight, wanted)).toBeGreaterThan(0.1);
});

test.each([12, 14, 17])("weights too many to be folded at once: opset %i", (opset) => {
  const shape = [1, 3, 40, 40] as const;
  const model = standardised(opset, uniform([5, 3, 32, 32], 1, [-1, 2]));
  const { graph, input, facts } = specialise(model, shape);
  expect(graph.nodes.map(({ op }) => op)).toContain("Sqrt");
  const survey = surveyGradients({ ...graph, input }, shape);
  expect(facts.get("y")?.shape).toEqual([1, 5, 9, 9]);
  expect(survey.get("y")).toBe(undefined);
});

test("training mode on the image is refused", () => {
  const graph = sketch({
    inputs: { x: [1, 3, 6, 7] },
    nodes: [node("BatchNormalization", "x s s s s", "y", { training_mode: 1 })],
    outputs: ["y"],
    initializers: { s: uniform([3], 4, [1, 2]) },
  });
  const { problems } = specialise(decodeModel(writeModel(graph, 15)), [1, 3, 6, 7]);
  expect(problems.get("y")?.message).toContain("exported in training mode");
});
