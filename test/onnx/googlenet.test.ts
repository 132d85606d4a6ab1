import { readFile } from "node:fs/promises";

import { describe, expect, test } from "vitest";

import { readModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { findLayer } from "../../lib/networks/find-layer.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { cutAt } from "../../lib/onnx/subgraph.ts";
import { toNumbers } from "../../lib/onnx/tensor.ts";
import { runModel } from "../support/operator-oracle.ts";
import { uniform } from "../support/random.ts";
import { referenceModel } from "../support/reference-models.ts";
import { largestDifference } from "../support/vectors.ts";

/** float32 rounding: constant weights are multiplied in another order than computed ones. */
const PROBABILITY_TOLERANCE = 1e-6;

/**
 * Index, name, operator and activation size at 224x224, after MATLAB's table of the same network.
 */
const expected = {
  googlenet: [
    [1, "data_0", "Input", [2, 3, 224, 224]],
    [2, "conv1-7x7_s2", "Conv", [2, 64, 112, 112]],
    [3, "conv1-7x7_s2-relu", "Relu", [2, 64, 112, 112]],
    [4, "pool1-3x3_s2", "MaxPool", [2, 64, 56, 56]],
    [5, "pool1-norm1", "LRN", [2, 64, 56, 56]],
    [6, "conv2-3x3_reduce", "Conv", [2, 64, 56, 56]],
    [97, "inception_4e-1x1", "Conv", [2, 256, 14, 14]],
    [142, "loss3-classifier", "Gemm", [2, 1000]],
    [143, "prob", "Softmax", [2, 1000]],
  ],
  emojinet: [
    [1, "data_0", "Input", [2, 3, 224, 224]],
    [2, "conv1-7x7_s2", "Conv", [2, 64, 112, 112]],
    [6, "conv2-3x3_reduce", "Conv", [2, 64, 56, 56]],
    [97, "inception_4e-1x1", "Conv", [2, 128, 14, 14]],
    [142, "loss3-classifier", "Gemm", [2, 567]],
    [143, "prob", "Softmax", [2, 567]],
  ],
} as const;

describe.each(Object.entries(expected))("%s", (id, rows) => {
  const path = referenceModel(id);
  const skipped = path
    ? ""
    : ` (skipped: ${id}.onnx is not in DREAMGRID_MODELS or ../shared/models)`;

  test.skipIf(!path)(`layer table${skipped}`, async () => {
    const model = await readModel(path!);
    const table = layerTable(model, specialise(model, [2, 3, 224, 224]));
    expect(table).toHaveLength(143);
    for (const [index, name, type, shape] of rows) {
      expect(table[index - 1]).toMatchObject({ index, name, type, shape });
      expect(findLayer(table, name).index).toBe(index);
    }
  });

  test.skipIf(!path)(`computes what the file does${skipped}`, async () => {
    const { graph, problems } = specialise(await readModel(path!), [1, 3, 224, 224]);
    expect([...problems]).toEqual([]);
    const feeds = { data_0: uniform([1, 3, 224, 224], 1, [-100, 100]) };
    const wanted = (await runModel(await readFile(path!), feeds))["prob_1"];
    const given = (await runModel(encodeModel(graph), feeds))["prob_1"];
    expect(largestDifference(given, wanted)).toBeLessThan(PROBABILITY_TOLERANCE);
    // far above the tolerance, so that another answer would not pass
    expect(Math.max(...toNumbers(wanted!))).toBeGreaterThan(1000 * PROBABILITY_TOLERANCE);
  });

  test.skipIf(!path)(`the cut at a layer leaves the rest out${skipped}`, async () => {
    const graph = specialise(await readModel(path!), [1, 3, 224, 224]);
    expect(cutAt(graph, { value: "conv2/3x3_reduce_1" }).map(({ op }) => op)).toEqual([
      "Conv",
      "Relu",
      "MaxPool",
      "LRN",
      "Conv",
    ]);
  });
});
