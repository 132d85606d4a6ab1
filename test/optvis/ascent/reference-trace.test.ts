import { afterAll, describe, expect, test } from "vitest";

import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import type { AscentResult } from "../../../lib/optvis/ascent/task.ts";
import type { Objective } from "../../../lib/optvis/graph/objective/names.ts";
import { planLevels } from "../../../lib/optvis/ascent/plan-levels.ts";
import { pyramidSizes } from "../../../lib/optvis/ascent/pyramid-sizes.ts";
import { planCrops } from "../../../lib/optvis/graph/transforms/crop-plan.ts";
import { smallNetwork } from "../../support/small-network.ts";
import { jsonFixture, modelFixture, npyFixture, relativeDistance } from "../fixtures.ts";

/** An ascent of test/fixtures/make_optvis_references.py. */
interface Run {
  readonly name: string;
  readonly network: string;
  readonly layer: string;
  readonly objective: Objective;
  /** 1-based */
  readonly channels: readonly number[];
  readonly iterations: number;
  readonly levels: number;
  /** Pixels a side; 0 is none. */
  readonly tile: number;
}

const SCALE = 1.4;
const runs = (await jsonFixture("traces")) as readonly Run[];
const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

/** Our ascent from the reference's start. */
async function ascend(run: Run, objective = run.objective) {
  const start = await npyFixture(`${run.name}.start`);
  const [n = 0, , height = 0, width = 0] = start.shape;
  const inputSize = run.network === "fixed-head" ? { height: 16, width: 16 } : { height, width };
  const { network, target } = smallNetwork(await modelFixture(run.network), run.network, inputSize);
  const pyramid = { size: { height, width }, pyramidLevels: run.levels, pyramidScale: SCALE };
  const crop = { height: run.tile, width: run.tile };
  const isForcedToCrop = run.tile > 0 && run.network !== "fixed-head";
  const levels = isForcedToCrop
    ? pyramidSizes(pyramid.size, run.levels, SCALE).map((size) => ({
        size,
        crops: planCrops(size, crop, 0),
      }))
    : planLevels(network, target(run.layer), { ...pyramid, overlap: "none" });
  const pixels = start.data.length / n;
  return engine.render({
    method: "deepdream",
    network,
    layer: target(run.layer),
    channels: run.channels,
    levels,
    objective,
    iterations: run.iterations,
    start: {
      kind: "given",
      images: run.channels.map((_, i) => ({
        height,
        width,
        data: start.data.slice(i * pixels, (i + 1) * pixels),
      })),
    },
    provider: "cpu",
  });
}

/** [iterations of all levels][N] */
async function compare(run: Run, results: readonly AscentResult[]) {
  const wanted = await npyFixture(`${run.name}.trace`);
  const images = results.map((result) => {
    if (result.kind === "failed") throw new Error(result.reason);
    return result;
  });
  expect(wanted.shape).toEqual([run.iterations * run.levels, run.channels.length]);
  const errors = images.map(({ trace }, n) =>
    trace.map(({ activation }, k) => {
      const reference = wanted.data[k * images.length + n]!;
      return Math.abs(activation - reference) / Math.abs(reference);
    }),
  );
  const reference = await npyFixture(`${run.name}.image`);
  const { height, width } = images[0]!.image;
  expect([images.length, 3, height, width]).toEqual(reference.shape);
  const pixels = images.flatMap(({ image }) => [...image.data]);
  return { errors, imageError: relativeDistance(pixels, reference.data) };
}

/**
 * Rounding of float32, carried on by up to forty updates; PyTorch against itself, started 3e-7
 * away, ends up to 5e-6 away. Deep networks with kinks magnify it much more (see the models'
 * tests).
 */
const TOLERANCE = 1e-4;

describe("from the same image the ascent is PyTorch's", () => {
  test.each(runs)("$name, in every iteration", async (run) => {
    const { errors, imageError } = await compare(run, await ascend(run));
    expect(Math.max(...errors.flat())).toBeLessThan(TOLERANCE);
    expect(imageError).toBeLessThan(TOLERANCE);
  });

  test("and not that of another objective", async () => {
    const run = runs.find(({ name }) => name === "smooth-conv2-mean")!;
    const { errors, imageError } = await compare(run, await ascend(run, "rectified"));
    expect(Math.max(...errors.flat())).toBeGreaterThan(100 * TOLERANCE);
    expect(imageError).toBeGreaterThan(100 * TOLERANCE);
  });
});
