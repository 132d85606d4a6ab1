import { expect, test } from "vitest";

import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { encodeModel } from "../../../../lib/onnx/encode.ts";
import { floatTensor } from "../../../../lib/onnx/tensor.ts";
import {
  adamRates,
  adamRatesInput,
  emitAdam,
} from "../../../../lib/optvis/graph/optimiser/adam.ts";
import { Session } from "../../../../lib/optvis/runtime/session.ts";
import { normal } from "../../../support/random.ts";

const SHAPE = [2, 5];
const ITERATIONS = 12;

async function ours(decay: "cosine" | "none", gradients: readonly Float32Array[]) {
  const graph = new GraphBuilder();
  const [parameters, first, second, gradient] = ["p", "m", "v", "g"].map((name) =>
    graph.input(name, "float32", SHAPE),
  ) as [string, string, string, string];
  const rates = adamRatesInput(graph);
  const iteration = graph.input("iteration", "int64", []);
  const next = emitAdam(graph, { parameters, first, second }, { gradient, rates, iteration });
  const built = graph.build("adam", [
    ["p_out", next.parameters],
    ["m_out", next.first],
    ["v_out", next.second],
  ]);
  const session = await Session.create(encodeModel(built), "cpu");
  const table = adamRates({ learningRate: 0.3, decay, iterations: ITERATIONS }, 0, ITERATIONS);
  let state: readonly Float32Array[] = ["p", "m", "v"].map(() => new Float32Array(10));
  for (const [t, g] of gradients.entries()) {
    const [p, m, v] = state.map((data) => floatTensor(SHAPE, data));
    const outputs = await session.run({
      p: p!,
      m: m!,
      v: v!,
      g: floatTensor(SHAPE, g),
      rates: table,
      iteration: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(t)) },
    });
    state = ["p_out", "m_out", "v_out"].map((name) => {
      const tensor = outputs[name];
      if (tensor?.type !== "float32") throw new Error(name);
      return tensor.data;
    });
  }
  await session.release();
  return state[0]!;
}

/** The paper's algorithm 1, towards larger values, in double precision. */
function paper(decay: "cosine" | "none", gradients: readonly Float32Array[]): Float64Array {
  const [p, m, v] = [0, 1, 2].map(() => new Float64Array(10)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  gradients.forEach((g, i) => {
    const t = i + 1;
    const rate =
      0.3 * (decay === "cosine" ? (1 + Math.cos((Math.PI * i) / (ITERATIONS - 1))) / 2 : 1);
    for (let k = 0; k < 10; k++) {
      m[k] = 0.9 * m[k]! + 0.1 * g[k]!;
      v[k] = 0.999 * v[k]! + 0.001 * g[k]! ** 2;
      const [corrected, size] = [m[k]! / (1 - 0.9 ** t), v[k]! / (1 - 0.999 ** t)];
      p[k] = p[k]! + (rate * corrected) / (Math.sqrt(size) + 1e-8);
    }
  });
  return p;
}

test.each(["cosine", "none"] as const)("twelve steps, decay %s, are the paper's", async (decay) => {
  const gradients = Array.from({ length: ITERATIONS }, (_, t) => {
    const { data } = normal(SHAPE, t);
    // sizes from 1e-9, where epsilon counts, to 10; one parameter without any gradient
    return data.map((value, k) => (k === 3 ? 0 : value * 10 ** (k - 8)));
  });
  const got = await ours(decay, gradients);
  const wanted = paper(decay, gradients);
  wanted.forEach((value, k) => expect(Math.abs(got[k]! - value)).toBeLessThan(2e-6));
  expect(got[3]).toBe(0);
  const other = paper(decay === "cosine" ? "none" : "cosine", gradients);
  expect(Math.abs(other[9]! - got[9]!)).toBeGreaterThan(1e-2);
});
