import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { DreamEngine } from "../../lib/optvis/engine.ts";
import type { Objective } from "../../lib/optvis/objectives.ts";
import { smallNetwork } from "../support/small-network.ts";
import { noise } from "./reference-gradients.ts";

/** An ascent on layers linear in the image differs by rounding alone. */
const LINEAR = 1e-4;
/**
 * Deeper layers have kinks, on which rounding decides. PyTorch against itself, started one to three
 * parts in ten million away, is up to 4e-4 off in the second iteration, 1e-2 in the third, and 1 soon
 * after.
 */
const FIRST_TWO = 1e-3;
const THIRD = 5e-2;

const SIZE = { height: 112, width: 96 };
const path = fileURLToPath(new URL("../../models/emojinet/emojinet.onnx", import.meta.url));
const emojinet = smallNetwork(await readFile(path), "emojinet", SIZE);
const traces = JSON.parse(
  await readFile(new URL("../fixtures/models/emojinet-traces.json", import.meta.url), "utf8"),
) as Readonly<Record<string, readonly number[]>>;

const engine = new DreamEngine({ threads: 1 });
afterAll(() => engine.close());

/** Distances of our activations from PyTorch's, relative to it. */
async function climb(key: string, iterations: number, another?: Objective) {
  const [tensor = "", own] = key.split(" ");
  const data = noise(1, SIZE).map((value) => value / 64);
  const [dream] = await engine.dream({
    network: emojinet.network,
    layer: emojinet.layer(tensor),
    channels: [1],
    levels: [{ size: SIZE, tiles: null }],
    objective: another ?? (own === "mean" ? "mean" : "rectified"),
    iterations,
    start: { kind: "given", images: [{ ...SIZE, data }] },
    provider: "cpu",
  });
  if (dream?.kind !== "image") throw new Error("the ascent failed");
  return dream.trace.map(({ activation }, k) => {
    const wanted = traces[key]![k]!;
    return Math.abs(activation - wanted) / Math.abs(wanted);
  });
}

const keys = Object.keys(traces);

describe("emojinet's activation climbs as in PyTorch", () => {
  test.each(keys.filter((key) => key.startsWith("conv1/")))("%s, all the way", async (key) => {
    const errors = await climb(key, 20);
    expect(errors).toHaveLength(20);
    expect(Math.max(...errors)).toBeLessThan(LINEAR);
  });

  test.each(keys.filter((key) => !key.startsWith("conv1/")))("%s, at first", async (key) => {
    const errors = await climb(key, 3);
    expect(Math.max(...errors.slice(0, 2))).toBeLessThan(FIRST_TWO);
    expect(errors[2]).toBeLessThan(THIRD);
  });

  test("and not as under another objective", async () => {
    const errors = await climb("conv2/3x3_reduce_1 mean", 3, "rectified");
    expect(errors[1]).toBeGreaterThan(10 * FIRST_TWO);
    expect(errors[2]).toBeGreaterThan(THIRD);
  });
});
