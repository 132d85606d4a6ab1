import { describe, expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../../../lib/onnx/tensor.ts";
import type { Objective } from "../../../../lib/optvis/graph/objective/names.ts";
import { emitObjective } from "../../../../lib/optvis/graph/objective/objective.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

/** float32 rounding of a sum of a dozen terms. */
const DIGITS = 6;

/** @param channels 0-based, one per image */
async function evaluate(
  shape: readonly number[],
  data: Float32Array,
  channels: readonly number[],
  objective: Objective,
) {
  const [n = 1, c = 1] = shape;
  const graph = new GraphBuilder();
  const y = graph.input("y", "float32", shape);
  const selection = graph.input("selection", "float32", [n, c]);
  const { activation, cotangent } = emitObjective(graph, y, selection, objective);
  const built = graph.build("objective", [
    ["activation", activation],
    ["cotangent", cotangent],
  ]);
  const rows = channels.flatMap((channel) => Array.from({ length: c }, (_, k) => +(k === channel)));
  const outputs = await runGraph(built, {
    y: floatTensor(shape, data),
    selection: floatTensor([n, c], rows),
  });
  return { activation: outputs["activation"]!, cotangent: outputs["cotangent"]! };
}

/** The map of one image's channel, in double precision. */
function mapOf(
  { shape, data }: { shape: readonly number[]; data: Float32Array },
  n: number,
  c: number,
) {
  const pixels = shape.slice(2).reduce((size, axis) => size * axis, 1);
  const at = (n * shape[1]! + c) * pixels;
  return { at, pixels, values: [...data.subarray(at, at + pixels)] };
}

describe.each(["mean", "rectified"] as const)("%s", (objective) => {
  test("two images, each on a channel of its own, against the closed form", async () => {
    const y = normal([2, 5, 3, 4], 3);
    const channels = [4, 1];
    const { activation, cotangent } = await evaluate(y.shape, y.data, channels, objective);
    expect(activation.shape).toEqual([2]);
    expect(cotangent.shape).toEqual(y.shape);

    const wanted = new Float64Array(y.data.length);
    channels.forEach((channel, n) => {
      const { at, pixels, values } = mapOf(y, n, channel);
      const mean = values.reduce((sum, value) => sum + value, 0) / pixels;
      expect(activation.data[n]).toBeCloseTo(mean, DIGITS);
      values.forEach((value, i) => {
        wanted[at + i] = objective === "mean" || value > mean ? 1 / pixels : 0;
      });
    });
    cotangent.data.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, DIGITS));
  });

  test.each([
    ["[N, C]", [2, 7]],
    ["[N, C, 1, 1]", [2, 7, 1, 1]],
  ])("on a map of one element, %s, it is the number itself", async (_, shape) => {
    const y = normal(shape, 5);
    const { activation, cotangent } = await evaluate(shape, y.data, [6, 0], objective);
    expect([...activation.data]).toEqual([y.data[6], y.data[7]]);
    const ones = y.data.map((__, i) => +(i === 6 || i === 7));
    expect([...cotangent.data]).toEqual([...ones]);
  });
});

test("the objectives differ where some of a map is below its mean", async () => {
  const y = normal([1, 2, 3, 4], 8);
  const [mean, rectified] = await Promise.all(
    (["mean", "rectified"] as const).map((objective) => evaluate(y.shape, y.data, [1], objective)),
  );
  expect([...mean!.activation.data]).toEqual([...rectified!.activation.data]);
  expect([...mean!.cotangent.data]).not.toEqual([...rectified!.cotangent.data]);
});
