import { afterAll, describe, expect, test } from "vitest";

import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import type { AscentResult, AscentTask } from "../../lib/optvis/ascent/task.ts";
import { planCrops } from "../../lib/optvis/graph/transforms/crop-plan.ts";
import { TOLERANCES } from "../../lib/optvis/runtime/difference.ts";
import { FOURIER_PRESETS } from "../../lib/pipeline/request/fourier-presets.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import { relativeDistance } from "../optvis/fixtures.ts";
import { emojinet } from "../support/emojinet.ts";

const { model } = emojinet;
const layerNamed = (name: string) => requestedLayer({ layer: name }, emojinet);

/** Of one image: one column longer than high. */
const SIZE = { height: 32, width: 40 };
const { natural, ellipses, cppn } = FOURIER_PRESETS;
const FADING = { parameters: { ...natural.parameters, fadeTo: "grey" } } as const;
const DEEP = { parameters: { ...cppn.parameters, cppnLayers: 10 } };
const FEW_ELLIPSES = { parameters: { ...ellipses.parameters, ellipses: 12 } };

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

describe("an ascent is the CPU's", () => {
  const engine = new AscentEngine({ threads: 1 });
  afterAll(() => engine.close());
  const draw = (task: DistributiveOmit<AscentTask, "provider">) =>
    Promise.all(
      (["cpu", "webgpu"] as const).map((provider) => engine.render({ ...task, provider })),
    );
  const common = {
    method: "deepdream",
    network: model,
    objective: "mean",
    start: { kind: "noise", seed: 1 },
  } as const;

  const expectEqual = (
    given: readonly AscentResult[],
    wanted: readonly AscentResult[],
    tolerance = 1e-4,
  ) => {
    expect(given).toHaveLength(wanted.length);
    wanted.forEach((image, i) => {
      const other = given[i]!;
      if (image.kind === "failed" || other.kind === "failed") throw new Error("it failed");
      expect(relativeDistance(other.image.data, image.image.data)).toBeLessThan(tolerance);
      const strengths = (of: typeof image) => of.trace.map(({ activation }) => activation);
      expect(relativeDistance(strengths(other), strengths(image))).toBeLessThan(tolerance);
    });
  };

  test("of 10 iterations", async () => {
    const layer = layerNamed("conv2-3x3_reduce");
    const levels = [{ size: SIZE, crops: null }];
    const [cpu, gpu] = await draw({ ...common, layer, channels: [5], levels, iterations: 10 });
    expectEqual(gpu!, cpu!);
    // the comparison sees one iteration less
    const [fewer] = await draw({ ...common, layer, channels: [5], levels, iterations: 9 });
    expect(() => expectEqual(gpu!, fewer!)).toThrow("to be less than");
  });

  test("through crops that move, and two at once", async () => {
    const layer = layerNamed("conv1-7x7_s2");
    const crops = planCrops(SIZE, { height: 20, width: 24 }, 4);
    const task = { ...common, layer, levels: [{ size: SIZE, crops }], iterations: 10 };
    const [[cpu, gpu], [otherCpu, otherGpu]] = await Promise.all([
      draw({ ...task, channels: [30] }),
      draw({ ...task, channels: [60], start: { kind: "noise", seed: 2 } }),
    ]);
    expectEqual(gpu!, cpu!);
    expectEqual(otherGpu!, otherCpu!);
  });

  test.each([
    ["Fourier coefficients", "anywhere", natural, 1e-4],
    ["Fourier coefficients that fade", "wrapped", FADING, 1e-4],
    // WGSL's sine may be 2^-11 off, and of a gradient of next to nothing Adam makes a whole step
    ["phases", "anywhere", FOURIER_PRESETS.maco, TOLERANCES.webgpu],
    ["ellipses", "anywhere", FEW_ELLIPSES, TOLERANCES.webgpu],
    ["weights of a network", "anywhere", DEEP, 1e-3],
  ] as const)("of %s, crops %s", async (_, place, preset, tolerance) => {
    const recipe = {
      ...preset.parameters,
      canvasSize: { height: 25, width: 38 },
      cropSize: SIZE,
      cropPlace: place,
      cropMargin: 3,
      rotation: 180,
      iterations: 4,
    };
    const layer = layerNamed("conv2-3x3_reduce");
    const { network, objective } = common;
    const task = {
      method: "fourier",
      network,
      objective,
      layer,
      channels: [5],
      seed: 3,
    } as const;
    const [cpu, gpu] = await draw({ ...task, recipe });
    expectEqual(gpu!, cpu!, tolerance);
    const [fewer] = await draw({ ...task, recipe: { ...recipe, iterations: 3 } });
    expect(() => expectEqual(gpu!, fewer!, tolerance)).toThrow("to be less than");
  });
});
