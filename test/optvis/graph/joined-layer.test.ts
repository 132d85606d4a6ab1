import { beforeAll, describe, expect, test } from "vitest";

import { PROVIDERS } from "../../../lib/autodiff/provider.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { differentiableGraph } from "../../../lib/optvis/graph/differentiable-graph.ts";
import { diversityValue } from "../../../lib/optvis/graph/diversity-value.ts";
import { joinedLayer } from "../../../lib/optvis/graph/joined-layer.ts";
import { type CountedLayer, layerPass, mapShapeAt } from "../../../lib/optvis/graph/layer-pass.ts";
import { passFlops } from "../../../lib/optvis/graph/pass-flops.ts";
import { passBytes } from "../../../lib/optvis/graph/pass-memory.ts";
import { withoutCudaKernel } from "../../support/cuda-operators.ts";
import {
  float64Network,
  float64Pass,
  IMAGE,
  imageOf,
  slopes,
} from "../../support/float64/network.ts";
import type { Tensor64 } from "../../support/float64/tensor64.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";
import { runGraph } from "../../support/run-graph.ts";
import { relativeDistance } from "../fixtures.ts";

describe("a ReLU and what comes of it behind a pool", () => {
  /** Of the six channels of the ReLU, and of the five of the last convolution. */
  const [OF_RELU, OF_SECOND] = [
    [0, 1, 0, 0, -0.5, 0],
    [0, 0.25, 0, 2, 0],
  ];
  const image = normal([1, ...IMAGE], 7);
  const meanOf = ({ shape, data }: Tensor64, weights: readonly number[]) => {
    const places = data.length / shape[1]!;
    return data.reduce((sum, a, i) => sum + (weights[Math.floor(i / places)]! * a) / places, 0);
  };
  const valueOf = (moved: Tensor64) => {
    const relu = float64Network.relu(moved);
    return meanOf(relu, OF_RELU) + meanOf(float64Network.rest(relu), OF_SECOND);
  };
  let wanted: Float64Array;
  beforeAll(() => {
    wanted = slopes(imageOf(image, 0), valueOf);
  });

  test.each(PROVIDERS)("are raised together, in double precision too, for %s", async (provider) => {
    const pass = { ...float64Pass(1), layer: "Relu", others: ["Conv second"], layerShape: [1, 11] };
    const graph = differentiableGraph(pass, { objective: "mean", provider });
    expect(provider === "cuda" ? withoutCudaKernel(graph) : []).toEqual([]);
    const selection = floatTensor([1, 11], [...OF_RELU, ...OF_SECOND]);
    const { activation, gradient } = await runGraph(graph, { image, selection });
    expect(activation!.data[0]).toBeCloseTo(valueOf(imageOf(image, 0)), 5);
    expect(relativeDistance(gradient!.data, wanted)).toBeLessThan(1e-5);
    // the check can fail: of one layer alone it is another
    const less = floatTensor([1, 11], [...OF_RELU, 0, 0, 0, 0, 0]);
    const other = await runGraph(graph, { image, selection: less });
    expect(relativeDistance(other["gradient"]!.data, wanted)).toBeGreaterThan(0.1);
  });
});

describe("maps, tokens and classes", () => {
  const graph = sketch({
    inputs: { image: [1, 3, 6, 8] },
    nodes: [
      node("Conv", "image kernel", "maps"),
      node("Relu", "maps", "rectified"),
      node("Reshape", "rectified row", "inRow"),
      node("Transpose", "inRow", "tokens", { perm: [0, 2, 1] }),
      node("MatMul", "tokens matrix", "features"),
      node("ReduceMean", "features one", "means", { keepdims: 0 }),
      node("Gemm", "means classifier", "classes"),
      node("Conv", "rectified other", "later"),
    ],
    outputs: ["classes", "later"],
    initializers: {
      kernel: uniform([5, 3, 1, 1], 1, [-1, 1]),
      row: intsTensor([0, 5, -1]),
      matrix: uniform([5, 7], 2, [-1, 1]),
      one: intsTensor([1]),
      classifier: uniform([7, 4], 3, [-1, 1]),
      other: uniform([6, 5, 3, 3], 4, [-1, 1]),
    },
  });
  const model = decodeModel(writeModel(graph, 18));
  const LAYERS: readonly CountedLayer[] = [
    { value: "rectified", name: "rectified", channels: 5 },
    { value: "features", name: "features", channels: 7, channelAxis: 2 },
    { value: "classes", name: "classes", channels: 4 },
  ];
  const imageShape = [2, 3, 6, 8] as const;
  const image = normal(imageShape, 7);
  // one of them twice, as a rectified layer may be raised in what feeds it
  const SUMMED = [...LAYERS, LAYERS[0]!];
  const weights = SUMMED.map(({ channels }, i) => normal([2, channels], 20 + i));

  const ascentOf = async (layer: CountedLayer, selection: (typeof weights)[number]) => {
    const pass = layerPass(model, layer, imageShape);
    const made = differentiableGraph(pass, { objective: "rectified", provider: "cpu" });
    const { activation, gradient } = await runGraph(made, { image, selection });
    return { activation: [...activation!.data], gradient: [...gradient!.data] };
  };

  test("are raised as each of them alone, added up: each above a mean of its own", async () => {
    const joined = joinedLayer(SUMMED);
    const rows = [0, 1].flatMap((n) =>
      weights.flatMap(({ data, shape: [, c = 1] }) => [...data.subarray(n * c, (n + 1) * c)]),
    );
    const together = await ascentOf(joined, floatTensor([2, 21], rows));
    const alone = await Promise.all(SUMMED.map((layer, i) => ascentOf(layer, weights[i]!)));
    for (const what of ["activation", "gradient"] as const) {
      const sum = together[what].map((_, at) =>
        alone.reduce((total, each) => total + each[what][at]!, 0),
      );
      expect(relativeDistance(together[what], sum)).toBeLessThan(1e-6);
    }
  });

  test("are known by all of them: another set, or order, is another layer", () => {
    const [first, second, third] = LAYERS as [CountedLayer, CountedLayer, CountedLayer];
    const along = { ...second, channelAxis: 1, channels: 48 };
    const sets = [[first, second], [first, third], [second, first], [first, along], LAYERS];
    const names = sets.map((set) => joinedLayer(set).value);
    expect(new Set([...names, ...LAYERS.map(({ value }) => value)]).size).toBe(8);
    expect(joinedLayer([second])).toBe(second);
    const size = { height: 6, width: 8 };
    expect(mapShapeAt(model, joinedLayer([first, second]), size)).toEqual([12]);
  });

  test("take what all up to the deepest take, once", () => {
    const [first, , third] = LAYERS as [CountedLayer, CountedLayer, CountedLayer];
    const costOf = (layer: CountedLayer) => [
      passFlops(model, layer, imageShape),
      passBytes({ model, layer, imageShape }),
    ];
    // the ReLU is on the way to the classes
    expect(costOf(joinedLayer([first, third]))).toEqual(costOf(third));
    const later = { value: "later", name: "later", channels: 6 };
    const both = costOf(joinedLayer([third, later]));
    const [classes, convolution, shared] = [third, later, first].map(costOf);
    expect(both).toEqual(both.map((_, i) => classes![i]! + convolution![i]! - shared![i]!));
  });

  test("differ in the last map that any of them comes of", () => {
    const [first, second] = LAYERS as [CountedLayer, CountedLayer];
    const differing = (set: readonly CountedLayer[]) =>
      diversityValue(model, joinedLayer(set), imageShape);
    expect(differing([first, second])).toEqual({ value: "features", channelAxis: 2 });
    expect(differing([first])).toMatchObject({ value: "rectified" });
  });
});
