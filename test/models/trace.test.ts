import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { decodeImage } from "../../lib/image/png.ts";
import { toPlanes } from "../../lib/image/raster.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import type { Objective } from "../../lib/optvis/graph/objective/names.ts";
import { smallNetwork } from "../support/small-network.ts";
import { noise } from "./reference-gradients.ts";

/** An ascent on layers linear in the image differs by rounding alone. */
const LINEAR = 1e-4;
/** Before any kink has decided. */
const FIRST = 1e-5;
/**
 * Deeper layers have kinks, on which rounding decides. PyTorch against itself, started one to three
 * parts in ten million away, is up to 9e-4 off in the second iteration, 4e-2 in the third, and 1
 * soon after; we round differently at every operator.
 */
const SECOND = 5e-3;
const THIRD = 5e-2;
/**
 * From an image with shapes in it, all the way. PyTorch's float64 is up to 7e-3 from its float32,
 * and we are at most 5e-3 from that where this was written; other processors round otherwise.
 */
const DEVELOPED = 2e-2;

const SIZE = { height: 112, width: 96 };
/** Whose ascents the fixtures are: it answers to faint noise in every layer. */
const CHANNEL = 18;
const path = fileURLToPath(new URL("../../models/emojinet/emojinet.onnx", import.meta.url));
const emojinet = smallNetwork(await readFile(path), "emojinet", SIZE);
type Traces = Readonly<Record<string, readonly number[]>>;
const fixture = (name: string) => new URL(`../fixtures/models/${name}`, import.meta.url);
const readTraces = async (name: string) =>
  JSON.parse(await readFile(fixture(name), "utf8")) as Traces;
const traces = await readTraces("emojinet-traces.json");
const developed = await readTraces("emojinet-developed.json");
const faint = noise(1, SIZE).map((value) => value / 64);

/** What PyTorch drew for the layer in 100 iterations, [3, H, W], zero stored as 128. */
async function developedStart(tensor: string): Promise<Float32Array> {
  const file = fixture(`emojinet-developed-${tensor.split("/")[0]}.png`);
  const { data } = toPlanes(await decodeImage(await readFile(file)));
  return Float32Array.from(data, (value) => value - 128);
}

const engine = new AscentEngine({ threads: 1 });
afterAll(() => engine.close());

interface Ascent {
  readonly iterations: number;
  readonly wanted?: Traces;
  readonly start?: Float32Array;
  readonly another?: Objective;
}

/** Distances of our activations from PyTorch's, relative to it. */
async function errorsOf(
  key: string,
  { iterations, wanted = traces, start = faint, another }: Ascent,
): Promise<readonly number[]> {
  const [tensor = "", own] = key.split(" ");
  const [result] = await engine.render({
    method: "deepdream",
    network: emojinet.network,
    layer: emojinet.target(tensor),
    channels: [CHANNEL],
    levels: [{ size: SIZE, crops: null }],
    objective: another ?? (own === "mean" ? "mean" : "rectified"),
    iterations,
    start: { kind: "given", images: [{ ...SIZE, data: start }] },
    provider: "cpu",
  });
  if (result?.kind !== "image") throw new Error("the ascent failed");
  return result.trace.map(({ activation }, k) => {
    const expected = wanted[key]![k]!;
    return Math.abs(activation - expected) / Math.abs(expected);
  });
}

const keys = Object.keys(traces);

describe("emojinet's activation rises as in PyTorch", () => {
  test.each(keys.filter((key) => key.startsWith("conv1/")))("%s, all the way", async (key) => {
    const errors = await errorsOf(key, { iterations: 20 });
    expect(errors).toHaveLength(20);
    expect(Math.max(...errors)).toBeLessThan(LINEAR);
  });

  test.each(keys.filter((key) => !key.startsWith("conv1/")))("%s, at first", async (key) => {
    const errors = await errorsOf(key, { iterations: 3 });
    expect(errors[0]).toBeLessThan(FIRST);
    expect(errors[1]).toBeLessThan(SECOND);
    expect(errors[2]).toBeLessThan(THIRD);
  });

  test.each(Object.keys(developed))("%s, all the way from a developed image", async (key) => {
    const start = await developedStart(key);
    const errors = await errorsOf(key, { iterations: 20, wanted: developed, start });
    expect(errors).toHaveLength(20);
    expect(Math.max(...errors)).toBeLessThan(DEVELOPED);
    const elsewhere = start.toReversed();
    const [first] = await errorsOf(key, { iterations: 1, wanted: developed, start: elsewhere });
    expect(first).toBeGreaterThan(10 * DEVELOPED);
  });

  test("and not as under another objective", async () => {
    const errors = await errorsOf("conv2/3x3_reduce_1 mean", {
      iterations: 3,
      another: "rectified",
    });
    expect(errors[1]).toBeGreaterThan(10 * SECOND);
    expect(errors[2]).toBeGreaterThan(THIRD);
  });
});
