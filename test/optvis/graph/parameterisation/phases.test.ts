import { expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../../../lib/onnx/tensor.ts";
import { phases } from "../../../../lib/optvis/graph/parameterisation/phases.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

/** [N, groups, members, ky, planes] */
const SHAPE = [2, 3, 4, 5, 2] as const;
const [N, GROUPS, MEMBERS, ...ROW] = SHAPE;
/** Numbers of one group of members. */
const GROUP = MEMBERS * ROW[0] * ROW[1];
const OF_SPECTRUM = [N, GROUPS, 2 * MEMBERS, ...ROW];

const r = normal([GROUPS, 1, MEMBERS, ...ROW], 3);
const p = normal(SHAPE, 4);
const v = normal(OF_SPECTRUM, 5);

/** J u at the phases p in double precision: dc = r (-sin p + i cos p) u. */
function derivative(u: Float32Array): Float64Array {
  const dc = new Float64Array(2 * u.length);
  p.data.forEach((phase, i) => {
    const [group, at] = [Math.floor(i / GROUP), i % GROUP];
    const moved = r.data[i % (GROUPS * GROUP)]! * u[i]!;
    dc[2 * group * GROUP + at] = -Math.sin(phase) * moved;
    dc[(2 * group + 1) * GROUP + at] = Math.cos(phase) * moved;
  });
  return dc;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

test("phases make a spectrum of given magnitudes; <v, J u> = <J^T v, u>", async () => {
  const graph = new GraphBuilder();
  const parameters = graph.input("p", "float32", SHAPE);
  const cotangent = graph.input("v", "float32", OF_SPECTRUM);
  const { spectrum, pullback } = phases(r)(graph, parameters);
  expect(graph.shapeOf(spectrum)).toEqual(OF_SPECTRUM);
  const built = graph.build("phases", [
    ["c", spectrum],
    ["g", pullback(cotangent)],
  ]);
  const { c, g } = await runGraph(built, { p, v });
  p.data.forEach((phase, i) => {
    const [group, at] = [Math.floor(i / GROUP), i % GROUP];
    const magnitude = r.data[i % (GROUPS * GROUP)]!;
    const [real, imaginary] = [2 * group, 2 * group + 1].map((row) => c!.data[row * GROUP + at]!);
    expect(real).toBeCloseTo(magnitude * Math.cos(phase), 5);
    expect(imaginary).toBeCloseTo(magnitude * Math.sin(phase), 5);
  });

  const u = normal(SHAPE, 6).data;
  const forward = derivative(u);
  const scale = Math.sqrt(dot(forward, forward) * dot(v.data, v.data));
  expect(g!.shape).toEqual(SHAPE);
  expect(Math.abs(dot(v.data, forward) - dot(g!.data, u))).toBeLessThan(1e-6 * scale);
  // a negative control: another direction has another product
  expect(Math.abs(dot(v.data, forward) - dot(g!.data, u.toReversed()))).toBeGreaterThan(
    1e-3 * scale,
  );
});

test("a phase whose wave is not there has a gradient of exactly zero", async () => {
  const graph = new GraphBuilder();
  const none = floatTensor([1, 1, 1, 1, 2], [0, 1]);
  const { pullback } = phases(none)(graph, graph.input("p", "float32", [1, 1, 1, 1, 2]));
  const built = graph.build("one", [["g", pullback(graph.input("v", "float32", [1, 1, 2, 1, 2]))]]);
  const { g } = await runGraph(built, {
    p: floatTensor([1, 1, 1, 1, 2], [0.3, 0.3]),
    v: floatTensor([1, 1, 2, 1, 2], [1, 1, 1, 1]),
  });
  expect(Math.abs(g!.data[0]!)).toBe(0);
  expect(g!.data[1]).toBeCloseTo(Math.cos(0.3) - Math.sin(0.3), 6);
});
