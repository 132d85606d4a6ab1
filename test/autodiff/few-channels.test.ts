import { describe, expect, test } from "vitest";

import { formsOf } from "../../lib/autodiff/forms/index.ts";
import { type Provider, PROVIDERS } from "../../lib/autodiff/provider.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { parseConv } from "../../lib/onnx/operators/convolution.ts";
import {
  convolutionGradient,
  convolve,
  distance,
  type Spatial,
  square,
} from "../support/convolution-reference.ts";
import { onArchitecture } from "../support/on-architecture.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

// strided convolutions of few channels: one cut down to a selected channel, a Laplacian pyramid's

interface Case extends Spatial {
  readonly name: string;
  readonly image: readonly [number, number];
  readonly outputs: number;
}

const phased: readonly Case[] = [
  { name: "GoogLeNet's first", image: [24, 32], ...square(7, 2, [3, 3, 3, 3]), outputs: 1 },
  { name: "AlexNet's first", image: [31, 36], ...square(11, 4, [0, 2, 0, 1]), outputs: 2 },
  {
    name: "strides that differ by axis",
    image: [17, 24],
    kernel: [2, 5],
    strides: [1, 3],
    pads: [0, 4, 1, 0],
    outputs: 3,
  },
  {
    name: "pads as wide as the kernel",
    image: [9, 10],
    kernel: [3, 4],
    strides: [3, 2],
    pads: [1, 4, 2, 3],
    outputs: 2,
  },
];

const plain: readonly Case[] = [
  { name: "columns left over", image: [19, 27], ...square(7, 2, [3, 3, 3, 3]), outputs: 1 },
  { name: "the pyramid's, odd sizes", image: [15, 13], ...square(5, 2, [2, 2, 2, 2]), outputs: 3 },
  {
    name: "few columns",
    image: [14, 18],
    ...square(3, 2, [1, 1, 1, 1]),
    kernel: [5, 3],
    outputs: 4,
  },
];

/** Back from these the CPU goes by a ConvTranspose. */
const transposed: readonly Case[] = [
  { name: "many channels", image: [14, 18], ...square(4, 2, [1, 1, 1, 1]), outputs: 5 },
  { name: "wide pads", image: [4, 5], ...square(3, 2, [1, 1, 30, 30]), outputs: 1 },
  { name: "a long stride", image: [16, 24], ...square(4, 8, [0, 0, 0, 0]), outputs: 1 },
  { name: "pixels", image: [14, 18], ...square(1, 2, [0, 0, 0, 0]), outputs: 1 },
];

const [BATCH, INPUTS] = [2, 3];

describe.each([
  { way: "by phase", cases: phased, isPhased: true },
  { way: "as it is", cases: [...plain, ...transposed], isPhased: false },
])("a convolution whose weight is computed, $way", ({ cases, isPhased }) => {
  test.each(cases)("$name: Y is that of loops in float64", async (each) => {
    const { graph, x, w, inputs, convolution, feeds } = prepared(each);
    const y = formsOf("cpu", graph).conv([x, w], convolution);
    expect(y !== null).toBe(isPhased);
    if (y === null) return;
    const { out } = await runGraph(graph.build("conv", [["out", y]]), feeds);
    const expected = convolve(inputs.x, inputs.w, each);
    expect(out!.shape).toEqual(expected.shape);
    expect(distance(out!, Float64Array.from(expected.data))).toBeLessThan(1e-6);
  });
});

/** By which operator each provider's form goes back to the image. */
const backBy = (provider: Provider, each: Case) =>
  provider === "cpu" && transposed.some(({ name }) => name === each.name)
    ? "ConvTranspose"
    : "Conv";

describe.each(PROVIDERS)(
  "the gradient of a strided convolution of few channels on %s",
  (provider) => {
    test.each(
      [...phased, ...plain, ...transposed]
        .filter(({ strides: [down, across] }) => down === across)
        .flatMap((each) => [
          { ...each, weight: "computed" as const },
          { ...each, weight: "constant" as const },
        ]),
    )("$name, weight $weight: dX is that of loops in float64", async (each) => {
      for (const architecture of ["x64", "arm64"] as const) {
        const { graph, w, inputs, convolution, feeds } = prepared(each);
        const dY = normal(convolution.outputShape, 3);
        const dy = graph.input("dy", "float32", dY.shape);
        const weight = each.weight === "computed" ? w : inputs.w;
        const forms = await onArchitecture(architecture, async () => formsOf(provider, graph));
        const dx = forms.convAdjoint(dy, { ...convolution, weight });
        const built = graph.build("gradient", [["dx", dx]]);
        const ops = built.nodes.map(({ op }) => op).filter((op) => op.startsWith("Conv"));
        expect(ops).toEqual([backBy(provider, each)]);
        const results = await runGraph(built, { ...feeds, dy: dY });
        const expected = convolutionGradient(dY, inputs.w, each, inputs.x.shape);
        expect(distance(results["dx"]!, expected)).toBeLessThan(1e-6);
      }
    });
  },
);

test("the comparison catches taps read at a neighbour's place", async () => {
  const [first] = phased;
  const { graph, x, w, inputs, convolution, feeds } = prepared(first!);
  const y = formsOf("cpu", graph).conv([x, w], convolution)!;
  const { out } = await runGraph(graph.build("conv", [["out", y]]), feeds);
  const moved = convolve(inputs.x, inputs.w, { ...first!, pads: [3, 2, 3, 4] });
  expect(distance(out!, Float64Array.from(moved.data))).toBeGreaterThan(0.1);
});

function prepared({ image, kernel, strides, pads, outputs }: Case) {
  const inputs = {
    x: normal([BATCH, INPUTS, ...image], 1),
    w: normal([outputs, INPUTS, ...kernel], 2),
  };
  const graph = new GraphBuilder();
  const x = graph.input("x", "float32", inputs.x.shape);
  const w = graph.input("w", "float32", inputs.w.shape);
  const facts = [graph.factsOf(x), graph.factsOf(w)];
  const convolution = parseConv(node("Conv", "x w", "y", { strides, pads }), facts);
  return { graph, x, w, inputs, convolution, feeds: inputs };
}
