import { describe, expect, test } from "vitest";

import type { Provider } from "../../lib/autodiff/provider.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";
import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { imageShapeOf, layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import { Session } from "../../lib/optvis/runtime/session.ts";
import { relativeDistance } from "../optvis/fixtures.ts";
import { emojinet } from "../support/emojinet.ts";
import { normal } from "../support/random.ts";

const { model } = emojinet;
const layerNamed = (name: string) => requestedLayer({ layer: name }, emojinet);

/** Where two values of a pool all but tie, rounding decides: see test/models/gradients.test.ts. */
const MEDIAN_ERROR = 1e-5;
const LARGEST_ERROR = 1e-2;
const SEEDS = [1, 2, 3];

/** Of one image: one column longer than high. */
const SIZE = { height: 32, width: 40 };

describe("the gradient is the CPU's", () => {
  test.each([
    ["conv1-7x7_s2", 40],
    ["conv2-3x3_reduce", 60],
    ["inception_3b-output", 200],
    ["inception_4e-1x1", 30],
    ["loss3-classifier", 99],
  ])("%s", async (name, channel) => {
    const layer = layerNamed(name);
    const pass = layerPass(model.model, layer, imageShapeOf(model.model, 1, SIZE));
    const open = (provider: Provider) => {
      const graph = differentiableGraph(pass, { objective: "mean", provider });
      return Session.create(encodeModel(graph), provider);
    };
    const [cpu, gpu] = [await open("cpu"), await open("webgpu")];
    const selection = Array.from({ length: layer.channels }, (_, i) => (i === channel - 1 ? 1 : 0));
    const errors: number[] = [];
    for (const seed of SEEDS) {
      const { shape, data } = normal(pass.imageShape, seed);
      const feeds = {
        image: floatTensor(
          shape,
          data.map((value) => 40 * value),
        ),
        selection: floatTensor([1, layer.channels], selection),
      };
      const [wanted, given] = [await cpu.run(feeds), await gpu.run(feeds)];
      errors.push(relativeDistance(numbers(given["gradient"]), numbers(wanted["gradient"])));
      expect(
        relativeDistance(numbers(given["activation"]), numbers(wanted["activation"])),
      ).toBeLessThan(1e-4);
    }
    await cpu.release();
    await gpu.release();
    const [, median = Infinity, largest] = errors.toSorted((a, b) => a - b);
    expect(median, `errors ${errors.join(" ")}`).toBeLessThan(MEDIAN_ERROR);
    expect(largest, `errors ${errors.join(" ")}`).toBeLessThan(LARGEST_ERROR);
  });
});

const numbers = (tensor: { readonly data: unknown } | undefined) => tensor?.data as Float32Array;
