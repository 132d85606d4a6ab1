import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../../../lib/autodiff/provider.ts";
import type { Provider } from "../../../../lib/autodiff/provider.ts";
import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../../../../lib/onnx/tensor.ts";
import { emitLaplacianNormalisation } from "../../../../lib/optvis/graph/optimiser/laplacian.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";
import { npyFixture, relativeDistance } from "../../fixtures.ts";

/** float32: five levels of sums of 25 products, here and in PyTorch. */
const TOLERANCE = 1e-5;

async function normalise(gradient: FloatTensor, provider: Provider, levels?: number) {
  const graph = new GraphBuilder();
  const input = graph.input("gradient", "float32", gradient.shape);
  const output = emitLaplacianNormalisation(graph, input, provider, levels);
  return (await runGraph(graph.build("laplacian", [["out", output]]), { gradient }))["out"]!;
}

/** A fixture holds the gradients, then PyTorch's answer. */
async function pair(name: string) {
  const { shape, data } = await npyFixture(name);
  const half = [shape[0]! / 2, ...shape.slice(1)];
  return [
    floatTensor(half, data.slice(0, data.length / 2)),
    floatTensor(half, data.slice(data.length / 2)),
  ] as const;
}

describe.each(PROVIDERS)("as written for %s", (provider) => {
  test.each(["laplacian-24x17", "laplacian-13x10", "laplacian-7x5", "laplacian-1x6"])(
    "%s equals TensorFlow's normalisation in PyTorch",
    async (name) => {
      const [gradient, wanted] = await pair(name);
      const given = await normalise(gradient, provider);
      expect(given.shape).toEqual(wanted.shape);
      expect(relativeDistance(given.data, wanted.data)).toBeLessThan(TOLERANCE);
    },
  );
});

test("three levels instead of four are seen as another answer", async () => {
  const [gradient, wanted] = await pair("laplacian-24x17");
  const given = await normalise(gradient, "cpu", 3);
  expect(relativeDistance(given.data, wanted.data)).toBeGreaterThan(1000 * TOLERANCE);
});

test("a zero gradient stays zero", async () => {
  const given = await normalise(floatTensor([1, 3, 9, 14], new Float32Array(378)), "cpu");
  expect(given.data.every((value) => value === 0)).toBe(true);
});

test("of many planes each is filtered by itself, with kernels no larger than of a few", async () => {
  const [planes, pixels] = [10, 7 * 6];
  const few = normal([1, 2, 7, 6], 3);
  // the mean over all planes is that of two
  const many = floatTensor(
    [1, planes, 7, 6],
    Array.from({ length: planes * pixels }, (_, i) => few.data[i % (2 * pixels)]!),
  );
  for (const provider of PROVIDERS) {
    const [given, wanted] = [await normalise(many, provider), await normalise(few, provider)];
    for (let i = 0; i < planes; i += 2) {
      const own = given.data.subarray(i * pixels, (i + 2) * pixels);
      expect(relativeDistance(own, wanted.data)).toBeLessThan(TOLERANCE);
    }
    expect(kernelNumbers(202, provider)).toBe(kernelNumbers(2, provider));
  }
});

/** That the graph of so many planes has in weights. */
function kernelNumbers(planes: number, provider: Provider): number {
  const graph = new GraphBuilder();
  const input = graph.input("gradient", "float32", [1, planes, 7, 6]);
  const output = emitLaplacianNormalisation(graph, input, provider);
  const { initializers } = graph.build("laplacian", [["out", output]]);
  const weights = [...initializers.values()].filter(({ shape }) => shape.length === 4);
  return weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

test("an image's answer depends neither on its neighbours nor on its size of gradient", async () => {
  const one = normal([1, 3, 9, 14], 1);
  const both = floatTensor([2, 3, 9, 14], [...one.data, ...normal([1, 3, 9, 14], 2).data]);
  const alone = await normalise(one, "cpu");
  const together = await normalise(both, "cpu");
  const scaled = await normalise(
    floatTensor(
      one.shape,
      one.data.map((x) => x * 1024),
    ),
    "cpu",
  );
  expect(relativeDistance(together.data.subarray(0, 378), alone.data)).toBeLessThan(TOLERANCE);
  expect(relativeDistance(scaled.data, alone.data)).toBeLessThan(TOLERANCE);
});
