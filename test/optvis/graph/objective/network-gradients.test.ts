import { beforeAll, describe, expect, test } from "vitest";

import { PROVIDERS } from "../../../../lib/autodiff/provider.ts";
import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { type FloatTensor, floatTensor } from "../../../../lib/onnx/tensor.ts";
import {
  differentiableGraph,
  type ObjectiveOptions,
} from "../../../../lib/optvis/graph/differentiable-graph.ts";
import { emitApart } from "../../../../lib/optvis/graph/objective/diversity.ts";
import { withoutCudaKernel } from "../../../support/cuda-operators.ts";
import {
  float64Network,
  float64Pass,
  IMAGE,
  imageOf,
  LAYER,
  slopes,
} from "../../../support/float64/network.ts";
import type { Tensor64 } from "../../../support/float64/tensor64.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";
import { relativeDistance } from "../../fixtures.ts";

/** float32 rounding of sums of some hundred terms. */
const TOLERANCE = 1e-5;

const [CHANNELS, HEIGHT, WIDTH] = LAYER;
const PLACES = HEIGHT * WIDTH;

const images = normal([2, ...IMAGE], 7);
const singles = [0, 1].map((n) => imageOf(images, n));

/** What is raised of one image's layer a, and what the image's weights w are. */
interface Case {
  readonly objective: ObjectiveOptions["objective"];
  readonly weights: FloatTensor;
  readonly value: (a: Float64Array, w: ArrayLike<number>) => number;
  /** What the trace shows. @default the value */
  readonly activation?: (a: Float64Array, w: ArrayLike<number>) => number;
}

const perChannel = floatTensor([2, CHANNELS], [0, 1, 0, -0.5, 0, 2, 0, -1, 0, 0.25]);
const perElement = normal([2, ...LAYER], 12);

const mapOf = (a: Float64Array, w: ArrayLike<number>) =>
  Array.from({ length: PLACES }, (_, p) =>
    Array.from(w).reduce((sum, weight, c) => sum + weight * a[c * PLACES + p]!, 0),
  );
const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The layer's vector at each place. */
const columns = (a: ArrayLike<number>) =>
  Array.from({ length: PLACES }, (_, p) =>
    Array.from({ length: CHANNELS }, (__, c) => a[c * PLACES + p]!),
  );
const dot = (u: readonly number[], v: readonly number[]) =>
  u.reduce((sum, value, i) => sum + value * v[i]!, 0);
const directed = (power: number) => (a: Float64Array, w: ArrayLike<number>) => {
  const wanted = columns(w);
  return meanOf(
    columns(a).map((u, p) => {
      const v = wanted[p]!;
      const cosine = dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
      return dot(u, v) * Math.max(0.1, cosine) ** power;
    }),
  );
};

const CASES: Readonly<Record<string, Case>> = {
  "mean of a weighted sum of channels": {
    objective: "mean",
    weights: perChannel,
    value: (a, w) => meanOf(mapOf(a, w)),
  },
  neuron: {
    objective: "neuron",
    weights: floatTensor(
      [2, ...LAYER],
      Array.from({ length: 2 * CHANNELS * PLACES }, (_, i) => +(i === 13) - 3 * +(i === 60)),
    ),
    value: (a, w) => a.reduce((sum, value, i) => sum + w[i]! * value, 0),
  },
  layer: {
    objective: "layer",
    weights: floatTensor([2, CHANNELS], Array(2 * CHANNELS).fill(1)),
    value: (a) => meanOf([...a].map((value) => value ** 2)),
  },
  "some channels of the layer": {
    objective: "layer",
    weights: floatTensor([2, CHANNELS], [0, 1, 0, 0, 2, 1, 0, 0, 0, 1]),
    value: (a, w) => meanOf([...a].map((value, i) => w[Math.floor(i / PLACES)]! * value ** 2)),
  },
  "direction, the dot product alone": {
    objective: { kind: "direction", cosinePower: 0 },
    weights: perElement,
    value: directed(0),
  },
  "direction, weighted by the cosine": {
    objective: { kind: "direction", cosinePower: 2 },
    weights: perElement,
    value: directed(2),
  },
};

const layerOf = (image: Tensor64) => float64Network.rest(float64Network.relu(image)).data;

/** The weights of image `n`. */
function rowOf({ shape, data }: FloatTensor, n: number): Float32Array {
  const size = data.length / shape[0]!;
  return data.subarray(n * size, (n + 1) * size);
}

/** Each image's value of a case and its gradient, in double precision. */
function truthOf({ weights, value }: Case) {
  const valueOf = (image: Tensor64, n: number) => value(layerOf(image), rowOf(weights, n));
  return {
    values: singles.map(valueOf),
    gradient: singles.flatMap((image, n) => [...slopes(image, (moved) => valueOf(moved, n))]),
  };
}

const entries = Object.entries(CASES);
/** The same for all providers. */
const truths = new Map<string, ReturnType<typeof truthOf>>();
beforeAll(() => {
  for (const [name, each] of entries) truths.set(name, truthOf(each));
});

describe.each(PROVIDERS)("for %s", (provider) => {
  test.each(entries)("%s: value and gradient", async (name, { objective, weights }) => {
    const graph = differentiableGraph(float64Pass(2), { objective, provider });
    expect(provider === "cuda" ? withoutCudaKernel(graph) : []).toEqual([]);
    const given = await runGraph(graph, { image: images, selection: weights });
    const { values, gradient } = truths.get(name)!;
    expect(relativeDistance(given["activation"]!.data, values)).toBeLessThan(TOLERANCE);
    expect(relativeDistance(given["gradient"]!.data, gradient)).toBeLessThan(TOLERANCE);
    // the check can fail: another image's weights ask for something else
    const exchanged = [1, 0].flatMap((n) => [...rowOf(weights, n)]);
    const selection = floatTensor(weights.shape, exchanged);
    const other = await runGraph(graph, { image: images, selection });
    const isLayer = weights.data.every((weight) => weight === 1);
    const distance = relativeDistance(other["gradient"]!.data, gradient);
    expect(distance > 100 * TOLERANCE).toBe(!isLayer);
  });

  test("one image alone, whose convolution computes the sum only", async () => {
    const name = "mean of a weighted sum of channels";
    const graph = differentiableGraph(float64Pass(1), { objective: "mean", provider });
    const selection = floatTensor([1, CHANNELS], rowOf(CASES[name]!.weights, 1));
    const image = singles[1]!;
    const given = await runGraph(graph, { image: floatTensor(image.shape, image.data), selection });
    const { values, gradient } = truths.get(name)!;
    expect(relativeDistance(given["activation"]!.data, [values[1]!])).toBeLessThan(TOLERANCE);
    const own = gradient.slice(image.data.length);
    expect(relativeDistance(given["gradient"]!.data, own)).toBeLessThan(TOLERANCE);
  });
});

describe("diversity", () => {
  const WEIGHT = 0.7;

  /** Cosine of two Gram matrices, by their definition. */
  function cosine(a: Tensor64, b: Tensor64): number {
    const inner = ({ shape: [, channels = 1], data }: Tensor64) => {
      const places = data.length / channels;
      return Float64Array.from({ length: channels ** 2 }, (_, i) => {
        const [c, d] = [Math.floor(i / channels), i % channels];
        let sum = 0;
        for (let p = 0; p < places; p++) sum += data[c * places + p]! * data[d * places + p]!;
        return sum;
      });
    };
    const [g, h] = [[...inner(a)], [...inner(b)]];
    return dot(g, h) / Math.sqrt(dot(g, g) * dot(h, h));
  }

  // two groups of three: nobody is compared with another group
  const six = normal([6, ...IMAGE], 19);
  const starts = Array.from({ length: 6 }, (_, n) => imageOf(six, n));
  const relus = starts.map(float64Network.relu);
  const row = [0, 1, 0, 0, -0.5];
  const selection = floatTensor([6, CHANNELS], Array.from({ length: 6 }, () => row).flat());
  const objective = (a: Float64Array) => meanOf(mapOf(a, row));
  const likeness = (n: number, relu: Tensor64) => {
    const first = n - (n % 3);
    const others = relus.slice(first, first + 3).filter((_, i) => first + i !== n);
    return meanOf(others.map((other) => cosine(relu, other)));
  };

  /** The gradient with the push's size held still, as it is at the start; without it, `pull`. */
  let wanted: number[];
  let pull: number[];
  beforeAll(() => {
    pull = starts.flatMap((start) => [...slopes(start, (moved) => objective(layerOf(moved)))]);
    wanted = starts.flatMap((start, n) => {
      const relu = relus[n]!;
      const pulled = [...slopes(relu, (moved) => objective(float64Network.rest(moved).data))];
      const pushed = [...slopes(relu, (moved) => likeness(n, moved))];
      const size = WEIGHT * likeness(n, relu);
      const scale = size * Math.sqrt(dot(pulled, pulled) / dot(pushed, pushed));
      return [
        ...slopes(start, (moved) => {
          const value = float64Network.relu(moved);
          return objective(float64Network.rest(value).data) - scale * likeness(n, value);
        }),
      ];
    });
  });

  test.each(PROVIDERS)("a share of what the objective pulls, for %s", async (provider) => {
    // at the ReLU before the pool: with its own mask, which otherwise the pool would apply
    const diversity = { images: 3, value: "Relu", weight: WEIGHT };
    const options = { objective: "mean", diversity, provider } as const;
    const graph = differentiableGraph(float64Pass(6), options);
    expect(provider === "cuda" ? withoutCudaKernel(graph) : []).toEqual([]);
    const { gradient } = await runGraph(graph, { image: six, selection });
    expect(relativeDistance(gradient!.data, wanted)).toBeLessThan(10 * TOLERANCE);
    expect(relativeDistance(gradient!.data, pull)).toBeGreaterThan(0.1);
  });

  test("channels that lie along another axis are taken from there", async () => {
    const [shape, perm] = [
      [6, 5, 3, 4],
      [0, 2, 3, 1],
    ];
    const last = [6, 3, 4, 5];
    const [y, cotangent] = [normal(shape, 31), normal(shape, 32)];
    const pushed = async (channelAxis: number) => {
      const graph = new GraphBuilder();
      const values = ["y", "cotangent"].map((name) => {
        const given = graph.input(name, "float32", shape);
        return channelAxis === 1 ? given : graph.emit("Transpose", [given], { perm });
      });
      const apart = { images: 3, value: "y", weight: WEIGHT, channelAxis };
      const result = emitApart(graph, values[0]!, values[1]!, apart);
      expect(graph.shapeOf(result)).toEqual(channelAxis === 1 ? shape : last);
      const back =
        channelAxis === 1 ? result : graph.emit("Transpose", [result], { perm: [0, 3, 1, 2] });
      const outputs = await runGraph(graph.build("apart", [["back", back]]), { y, cotangent });
      return outputs["back"]!.data;
    };
    expect(relativeDistance(await pushed(3), await pushed(1))).toBeLessThan(TOLERANCE);
  });
});

test.each(PROVIDERS)(
  "a channel that overflows and is not asked for spoils nothing, %s",
  async (provider) => {
    const pass = float64Pass(2);
    const second = pass.initializers.get("second");
    if (second?.type !== "float32") throw new Error("no such weights");
    const huge = second.data.map((value, i) => (i < second.data.length / CHANNELS ? 3e38 : value));
    const initializers = new Map(pass.initializers).set("second", floatTensor(second.shape, huge));
    const weights = floatTensor([2, CHANNELS], [0, 1, 0, -0.5, 0, 0, 0, 0, 0, 1]);
    const graph = differentiableGraph({ ...pass, initializers }, { objective: "mean", provider });
    const { activation } = await runGraph(graph, { image: images, selection: weights });
    const values = singles.map((image, n) => meanOf(mapOf(layerOf(image), rowOf(weights, n))));
    expect(relativeDistance(activation!.data, values)).toBeLessThan(TOLERANCE);
    const first = floatTensor([2, CHANNELS], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    const asked = await runGraph(graph, { image: images, selection: first });
    expect([...asked["activation"]!.data].every(Number.isFinite)).toBe(false);
  },
);
