import { afterAll, describe, expect, test } from "vitest";

import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import {
  fourierPlan,
  halvingFrequency,
  highestFrequency,
} from "../../../lib/optvis/ascent/fourier.ts";
import type { FourierRecipe } from "../../../lib/optvis/ascent/fourier-recipe.ts";
import { cropMap } from "../../../lib/optvis/ascent/affine-draws.ts";
import type { Target } from "../../../lib/optvis/ascent/target.ts";
import { powerSpectrum } from "../../../lib/optvis/quality/power-spectrum.ts";
import { uniformFrom } from "../../../lib/optvis/random.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { bytesOf, fourierTaskOf, imageOf, networkOf, RECIPE, SIZE } from "./engine-task.ts";

const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

test("the same bytes for a channel, whatever runs beside it and however it is grouped", async () => {
  const together = (await engine.render(fourierTaskOf([1, 2, 3, 4, 5]))).map(bytesOf);
  expect(new Set(together).size).toBe(5);

  const reversed = await engine.render(fourierTaskOf([5, 4, 3, 2, 1]));
  expect(reversed.map(bytesOf).toReversed()).toEqual(together);

  const one = new AscentEngine({ threads: 1 });
  const groups = [await one.render(fourierTaskOf([4, 2])), await one.render(fourierTaskOf([5]))];
  await one.close();
  expect(groups.flat().map(bytesOf)).toEqual([together[3], together[1], together[4]]);

  const otherSeed = await engine.render(fourierTaskOf([1, 2, 3, 4, 5], { seed: 5 }));
  expect(otherSeed.map(bytesOf)).not.toEqual(together);
});

test("the canvas is the image, whatever the network takes; its values are pixels", async () => {
  const [result] = await engine.render(fourierTaskOf([2]));
  const { image, trace } = imageOf(result);
  expect([image.height, image.width]).toEqual([30, 28]);
  expect(image.data.length).toBe(3 * 30 * 28);
  // black to white, of a network that takes nothing off
  expect(image.data.every((value) => value > 0 && value < 255)).toBe(true);
  expect(trace.map(({ iteration, level }) => [iteration, level])).toEqual(
    [1, 2, 3, 4, 5, 6, 7].map((iteration) => [iteration, 1]),
  );
  expect(trace.at(-1)!.activation).toBeGreaterThan(trace[0]!.activation);
});

describe("a canvas of which late crops show few pixels", () => {
  const late = (least: number, most: number) =>
    ({ start: [0.9, 1.05], end: [least, most] }) as const satisfies FourierRecipe["cropFraction"];

  test.each([
    ["as the preset natural", 320, 224, late(0.5, 1), null],
    ["as the preset channels", 192, 128, late(0.4, 0.8), null],
    ["of little more than its crop", 448, 224, late(0.5, 0.8), 0.5 / (0.65 * 2)],
    ["of four times its crop", 896, 224, late(0.4, 0.9), 0.5 / (0.65 * 4)],
    ["of four times its crop, seen ever more closely", 896, 224, late(0.1, 0.3), null],
  ])("%s is drawn sharp to its pixels, or to the crops'", (_, canvas, crop, cropFraction, half) => {
    const square = (side: number) => ({ height: side, width: side });
    const recipe = { canvasSize: square(canvas), cropSize: square(crop), cropFraction };
    expect(halvingFrequency(recipe)).toBe(half);
  });

  test.each([
    ["as large as all frequencies", 320, 224, late(0.5, 1), 0.5],
    ["of four times its crop", 896, 224, late(0.4, 0.9), Math.hypot(0.5, 0.5) / (0.4 * 4)],
    [
      "whose early crops are the closest",
      896,
      224,
      late(0.95, 1),
      Math.hypot(0.5, 0.5) / (0.9 * 4),
    ],
  ])("%s has those that a crop can show along its diagonal", (_, canvas, crop, fraction, most) => {
    const square = (side: number) => ({ height: side, width: side });
    const sizes = { canvasSize: square(canvas), cropSize: square(crop) };
    expect(highestFrequency({ ...sizes, cropFraction: fraction })).toBeCloseTo(most, 12);
  });

  test("is without the speckle that its coefficients have", async () => {
    /** Mean square of what is finer than a third of a cycle a pixel, as a share of the whole. */
    const speckle = async (cropSide: number) => {
      const cropSize = { height: cropSide, width: cropSide };
      const canvasSize = { height: 60, width: 60 };
      const recipe = { canvasSize, cropSize, spectrumDecay: 0 };
      const { image } = imageOf((await engine.render(fourierTaskOf([2], { recipe })))[0]);
      const plane = Float64Array.from(image.data.subarray(0, 3600), (value) => value - 127.5);
      let [fine, whole] = [0, 0];
      powerSpectrum(plane, canvasSize, (frequency, power) => {
        if (frequency > 1 / 3) fine += power;
        whole += power;
      });
      return fine / whole;
    };
    expect(await speckle(52)).toBeGreaterThan(0.1);
    expect(await speckle(18)).toBeLessThan(0.05);
  });
});

test("can be stopped, and is the same when begun again", async () => {
  const before = (await engine.render(fourierTaskOf([1, 2]))).map(bytesOf);
  const long = fourierTaskOf([1, 2], { recipe: { iterations: 100_000 } });
  const stop = new AbortController();
  const seen: number[] = [];
  const running = engine.render(long, {
    signal: stop.signal,
    onProgress: ({ iteration }) => {
      seen.push(iteration);
      if (seen.length === 4) stop.abort(new Error("enough"));
    },
  });
  await expect(running).rejects.toThrow("enough");
  const again = await engine.render(fourierTaskOf([1, 2]));
  expect(again.map(bytesOf)).toEqual(before);
});

describe("a channel behind a ReLU that nothing of the start gets through", () => {
  const weights = normal([1, 3, 3, 3], 2);
  const mean = weights.data.reduce((sum, weight) => sum + weight, 0) / weights.data.length;
  const balanced = weights.data.map((weight) => weight - mean); // of mid-grey it makes zero
  const rectifier = (threshold: number) =>
    networkOf(
      [node("Conv", "image w b", "sums"), node("Relu", "sums", "y")],
      {
        w: { ...weights, data: balanced },
        b: floatTensor([1], [-threshold]),
      },
      SIZE,
    );
  const draw = async (threshold: number) => {
    const { network: alike, target } = rectifier(threshold);
    const network = { ...alike, fingerprint: `behind ${threshold}` };
    const recipe = { iterations: 40 };
    const [result] = await engine.render(
      fourierTaskOf([1], { network, layer: target("y"), recipe }),
    );
    return result!;
  };

  test("is brought to life by the redirected gradient, from the same seed", async () => {
    const { trace, restarts } = imageOf(await draw(300));
    expect(restarts).toBe(0);
    expect(trace.map(({ iteration }) => iteration)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    expect(trace[0]!.activation).toBe(0);
    expect(trace.at(-1)!.activation).toBeGreaterThan(0);
    expect(bytesOf(await draw(300))).toBe(bytesOf(await draw(300)));
  });

  test("stops at once what is to differ from it, and begins anew with that", async () => {
    const { network: alike, target } = rectifier(350);
    const network = { ...alike, fingerprint: "beside others 350" };
    const targets = [0, 1, 2].map((index): Target => {
      const aim = { kind: "channels", weights: new Map([[1, 1]]), place: null } as const;
      const among = { index, images: 3, value: "sums", weight: 0.5 };
      return { drawnAs: `one of three, ${index}`, aim, among };
    });
    const recipe = { iterations: 40 };
    const iterations: number[] = [];
    const task = fourierTaskOf([1, 2, 3], { network, layer: target("y"), recipe, targets });
    const results = await engine.render(task, {
      onProgress: ({ iteration }) => void iterations.push(iteration),
    });
    const failed = { kind: "failed", reason: expect.stringContaining("17 starting images") };
    expect(results).toMatchObject([failed, failed, failed]);
    // one of the others is alive from some of the seeds, and would go on to the end
    expect(Math.max(...iterations)).toBe(16);
  });

  test("is given up where no image gets through", async () => {
    expect(await draw(1e7)).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining(
        "zero everywhere, or its squares too small for float32, for 17 starting images",
      ),
    });
  });
});

describe("the crop of an iteration", () => {
  const draws = (recipe: FourierRecipe, iteration: number) =>
    Array.from({ length: 400 }, (_, i) => {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = cropMap(
        recipe,
        iteration,
        uniformFrom("test", i, iteration),
      );
      const [u, v] = [(SIZE.width - 1) / 2, (SIZE.height - 1) / 2];
      return {
        zoom: Math.hypot(a, d),
        degrees: (Math.atan2(d, a) * 180) / Math.PI,
        isSimilarity: Math.abs(a - e) + Math.abs(b + d) < 1e-12,
        right: a * u + b * v + c - 27 / 2,
        down: d * u + e * v + f - 29 / 2,
      };
    });
  const perFraction = Math.min(28 / 21, 30 / 18);

  test.each([
    [0, 0.9, 1.05],
    [3, 0.7, 1.025],
    [6, 0.5, 1],
  ])("%i is from %f to %f of the canvas, up to ten degrees askew", (iteration, least, most) => {
    const all = draws(RECIPE, iteration);
    const fractions = all.map(({ zoom }) => zoom / perFraction);
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...fractions)).toBeLessThanOrEqual(most);
    expect(Math.max(...fractions) - Math.min(...fractions)).toBeGreaterThan(0.9 * (most - least));
    expect(all.every(({ isSimilarity }) => isSimilarity)).toBe(true);
    expect(Math.max(...all.map(({ degrees }) => Math.abs(degrees)))).toBeLessThanOrEqual(10);
    const upright = all.filter(({ degrees }) => degrees === 0).length / all.length;
    // 5/26 = 0.19, with a standard error of 0.02
    expect(Math.abs(upright - 5 / 26)).toBeLessThan(0.06);
    for (const { zoom, right, down } of all) {
      expect(Math.abs(right)).toBeLessThanOrEqual(Math.max(0, 28 - zoom * 21) / 2 + 3 + 1e-9);
      expect(Math.abs(down)).toBeLessThanOrEqual(Math.max(0, 30 - zoom * 18) / 2 + 3 + 1e-9);
    }
    expect(Math.max(...all.map(({ down }) => down))).toBeGreaterThan(3);
  });

  test("sees the ends of a long canvas about half as often as its middle, or more", () => {
    const canvasSize = { width: 3 * 28, height: 24 };
    const [start, end] = [0.5, 0.5].map((share) => [share, share] as const);
    const recipe = {
      ...RECIPE,
      canvasSize,
      cropFraction: { start: start!, end: end! },
      rotation: 0,
    };
    const maps = Array.from({ length: 4_000 }, (_, i) => cropMap(recipe, 0, uniformFrom("end", i)));
    const seen = (x: number) =>
      maps.filter(([a = 0, , c = 0]) => c <= x && x <= c + a * (SIZE.width - 1)).length;
    const middle = seen(canvasSize.width / 2);
    for (const x of [0, 1, 2, 81, 82, 83]) expect(seen(x)).toBeGreaterThan(0.4 * middle);
    for (let x = 3; x < 81; x++) expect(seen(x)).toBeLessThan(1.7 * middle);
  });

  test("stays near the centre where it is told to", () => {
    for (const { right, down } of draws({ ...RECIPE, cropPlace: "centre" }, 6)) {
      expect(Math.max(Math.abs(right), Math.abs(down))).toBeLessThanOrEqual(3);
    }
  });
});

test.each([
  ["anywhere", "grey"],
  ["wrapped", "wrapped"],
] as const)("crops that lie %s see beyond the edges what is %s", (cropPlace, surround) => {
  const [stage] = fourierPlan(fourierTaskOf([1], { recipe: { cropPlace } })).stages;
  expect(stage!.graph(1).recipe).toMatchObject({ specification: { surround } });
});
