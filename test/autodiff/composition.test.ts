import * as fc from "fast-check";
import { expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { ForwardPass } from "../../lib/autodiff/forward-trace.ts";
import { vjp } from "../../lib/autodiff/vjp.ts";
import type { Provider } from "../../lib/autodiff/provider.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import type { FloatTensor } from "../../lib/onnx/tensor.ts";
import { normal } from "../support/random.ts";
import { OPERATOR_CHOICES, randomNetwork, type Step } from "../support/random-network.ts";
import { compile } from "../support/run-graph.ts";
import { addScaled, dot } from "../support/vectors.ts";

const IMAGE_SHAPE = [2, 3, 6, 5];

/**
 * The step that agrees best counts: a small one crosses few of the network's corners (ReLU, max), a
 * large one loses little to rounding, 1e-7 / step. A wrong gradient agrees at none.
 */
const STEPS = [2e-2, 2e-3, 2e-4];

/**
 * Images, each with its own direction. One that lies on a corner of the network tells nothing of
 * the gradient; the median of seven is unmoved by three such.
 */
const IMAGES = 7;

/** Of |analytic - numeric| to the norm of the gradient. */
const TOLERANCE = 5e-3;

const steps = fc.array(
  fc.record<Step>({
    op: fc.nat({ max: OPERATOR_CHOICES - 1 }),
    first: fc.nat({ max: 50 }),
    second: fc.nat({ max: 50 }),
    seed: fc.nat({ max: 1000 }),
  }),
  { minLength: 2, maxLength: 12 },
);

test("gradients of random networks match central differences", async () => {
  const operators = new Set<string>();
  await fc.assert(
    fc.asyncProperty(steps, fc.nat({ max: 1000 }), async (list, seed) => {
      const network = randomNetwork(IMAGE_SHAPE, list);
      fc.pre(network.nodes.length > 0);
      network.nodes.forEach(({ op }) => operators.add(op));
      for (const provider of PROVIDERS) {
        const error = await medianError(network, gradientGraph(network, provider), seed);
        expect(error, `${provider}: ${describe(network)}`).toBeLessThan(TOLERANCE);
      }
    }),
    { seed: 20261101, numRuns: 80 },
  );
  expect(operators.size, `operators tried: ${[...operators].join(" ")}`).toBeGreaterThan(25);
});

const [PAD, MAX_POOL_2x2, MAX_POOL_3x3] = [29, 17, 18];

test.each([MAX_POOL_2x2, MAX_POOL_3x3])(
  "a Pad of zeros before a MaxPool (choice %i) stays zeros, not minus infinity",
  async (pool) => {
    const list = [PAD, pool].map((op) => ({ op, first: 1, second: 0, seed: 0 }));
    const network = randomNetwork(IMAGE_SHAPE, list);
    expect(network.nodes.map(({ op }) => op)).toEqual(["Pad", "MaxPool"]);
    for (const provider of PROVIDERS) {
      expect(await medianError(network, gradientGraph(network, provider), 1)).toBeLessThan(
        TOLERANCE,
      );
    }
  },
);

test("the comparison catches the gradient of another network", async () => {
  const list: Step[] = [0, 4, 19, 0, 7].map((op) => ({ op, first: 2, second: 2, seed: 3 }));
  const network = randomNetwork(IMAGE_SHAPE, list);
  const other = randomNetwork(IMAGE_SHAPE, list.with(3, { ...list[3]!, seed: 7 }));
  expect(await medianError(network, gradientGraph(network, "cpu"), 1)).toBeLessThan(TOLERANCE);
  expect(await medianError(network, gradientGraph(other, "cpu"), 1)).toBeGreaterThan(
    10 * TOLERANCE,
  );
});

/** Graph of d<v, layer>/d(image) with inputs `image` and `v`. */
function gradientGraph(network: ForwardPass, provider: Provider): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", IMAGE_SHAPE);
  const { layer, pullback } = vjp(graph, network, { image, provider });
  const v = graph.input("v", "float32", graph.shapeOf(layer));
  return graph.build("gradient", [["gradient", pullback(v)]]);
}

async function medianError(network: ForwardPass, gradient: Graph, seed: number): Promise<number> {
  const { nodes, initializers, layer } = network;
  const definition = {
    name: "forward",
    inputs: [{ name: "image", type: "float32" as const, shape: IMAGE_SHAPE }],
    outputs: [{ name: layer, type: "float32" as const, shape: null }],
    nodes,
    initializers,
  };
  // operator by operator, as the standard defines them; the gradient is compiled as deployed
  const forward = await compile(definition, { graphOptimizationLevel: "disabled" });
  const backward = await compile(gradient);

  const layerAt = async (image: FloatTensor) => (await forward({ image }))[layer]!;
  const errors: number[] = [];
  for (let i = 0; i < IMAGES; i++) {
    const [image, u] = [normal(IMAGE_SHAPE, seed + i), normal(IMAGE_SHAPE, seed + i + IMAGES)];
    const v = normal((await layerAt(image)).shape, seed + i + 2 * IMAGES);
    const { gradient: dX } = await backward({ image, v });
    expect(dX!.shape).toEqual(IMAGE_SHAPE);
    // dead ReLUs may leave no gradient at all: then the numeric one has to be small beside v
    const norm = Math.max(Math.sqrt(dot(dX!, dX!)), 1e-2 * Math.sqrt(dot(v, v)));
    const analytic = dot(dX!, u);
    const perStep: number[] = [];
    for (const step of STEPS) {
      const ahead = dot(v, await layerAt(addScaled(image, u, step)));
      const behind = dot(v, await layerAt(addScaled(image, u, -step)));
      perStep.push(Math.abs(analytic - (ahead - behind) / (2 * step)) / norm);
    }
    errors.push(Math.min(...perStep));
  }
  return errors.toSorted((a, b) => a - b)[Math.floor(IMAGES / 2)]!;
}

function describe({ nodes }: ForwardPass): string {
  return nodes
    .map(({ op, inputs, outputs }) => `${outputs[0]} = ${op}(${inputs.join()})`)
    .join("; ");
}
