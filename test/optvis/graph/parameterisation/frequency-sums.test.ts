import { describe, expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { sizeOf } from "../../../../lib/onnx/tensor.ts";
import { frequencySums } from "../../../../lib/optvis/graph/parameterisation/frequency-sums.ts";
import {
  coefficientShape,
  eachFrequency,
  spectrumLayout,
  splitAxis,
} from "../../../../lib/optvis/graph/parameterisation/spectrum-layout.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

/** Even and odd, composite and prime, tall and wide. */
const SIZES: readonly { height: number; width: number; highest?: number }[] = [
  { height: 12, width: 20 },
  { height: 9, width: 14 },
  { height: 7, width: 6 },
  { height: 16, width: 13 },
  { height: 5, width: 1 },
  { height: 1, width: 8 },
  // without its highest frequencies
  { height: 15, width: 24, highest: 0.3 },
  { height: 18, width: 7, highest: 0.2 },
];
const BATCH = 2;

async function run(size: (typeof SIZES)[number], direction: "forward" | "adjoint") {
  const layout = spectrumLayout(size, 3, size.highest);
  const shapes = {
    forward: [BATCH, ...coefficientShape(layout)],
    adjoint: [BATCH, 3, size.height, size.width],
  };
  const shape = shapes[direction];
  const graph = new GraphBuilder();
  const input = graph.input("x", "float32", shape);
  const output = frequencySums(layout)[direction](graph, input);
  expect(graph.shapeOf(output)).toEqual(shapes[direction === "forward" ? "adjoint" : "forward"]);
  const x = normal(shape, 3);
  const outputs = await runGraph(graph.build(direction, [["y", output]]), { x });
  return { layout, x: x.data, y: outputs["y"]!.data };
}

describe.each(SIZES)("$height x $width, up to $highest", (size) => {
  const { height, width } = size;
  const pixels = height * width;

  test("forward is the sum over all frequencies, term by term in double precision", async () => {
    const { layout, x, y } = await run(size, "forward");
    const perImage = sizeOf(coefficientShape(layout));
    for (let plane = 0; plane < 3 * BATCH; plane++) {
      const wanted = new Float64Array(pixels);
      eachFrequency(layout, ({ kx, ky, real, imaginary }) => {
        const mirrored = ky === 0 || 2 * ky === height ? 1 : 2;
        const offset = Math.floor(plane / 3) * perImage + (plane % 3);
        const [re, im] = [x[offset + real]!, x[offset + imaginary]!];
        for (let i = 0; i < pixels; i++) {
          const turns = (ky * Math.floor(i / width)) / height + (kx * (i % width)) / width;
          const angle = 2 * Math.PI * turns;
          wanted[i] = wanted[i]! + mirrored * (re * Math.cos(angle) - im * Math.sin(angle));
        }
      });
      const got = y.subarray(plane * pixels, (plane + 1) * pixels);
      const largest = Math.max(...wanted.map(Math.abs));
      wanted.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(1e-5 * largest));
    }
  });

  test("<v, F c> = <F^T v, c>", async () => {
    const forward = await run(size, "forward");
    const adjoint = await run(size, "adjoint");
    const onImages = dot(forward.y, adjoint.x);
    const onCoefficients = dot(forward.x, adjoint.y);
    const scale = Math.sqrt(dot(forward.y, forward.y) * dot(adjoint.x, adjoint.x));
    expect(Math.abs(onImages - onCoefficients)).toBeLessThan(1e-6 * scale);
    // a negative control: another vector has another product
    expect(Math.abs(onImages - dot(forward.x.toReversed(), adjoint.y))).toBeGreaterThan(
      1e-3 * scale,
    );
  });

  test("the gradient of a coefficient without effect is exactly zero", async () => {
    const { layout, y } = await run(size, "adjoint");
    const seen: number[] = [];
    eachFrequency(layout, ({ kx, ky, imaginary }) => {
      const isOwnMirror = (2 * kx) % width === 0 && (2 * ky) % height === 0;
      if (isOwnMirror) seen.push(y[imaginary]!);
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((value) => value === 0)).toBe(true);
  });
});

test("frequencies up to a highest are kept, both ways across", () => {
  const seen = new Set<string>();
  eachFrequency(spectrumLayout({ height: 20, width: 30 }, 3, 0.1), ({ kx, ky }) =>
    seen.add(`${kx} ${ky}`),
  );
  const wanted = [-3, -2, -1, 0, 1, 2, 3].flatMap((kx) => [0, 1, 2].map((ky) => `${kx} ${ky}`));
  expect([...seen].toSorted()).toEqual(wanted.toSorted());
});

test.each([
  [320, 16, 20],
  [224, 14, 16],
  [2048, 32, 64],
  [13, 1, 13],
  [1, 1, 1],
])("%i pixels are split into %i groups of %i", (length, groups, members) => {
  expect(splitAxis(length)).toEqual({ length, groups, members });
});

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
}
