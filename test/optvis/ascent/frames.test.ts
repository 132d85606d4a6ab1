import { afterAll, expect, test } from "vitest";

import type { Size } from "../../../lib/image/raster.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { frameIterations } from "../../../lib/optvis/ascent/frame-taker.ts";
import type { FourierRecipe } from "../../../lib/optvis/ascent/fourier-recipe.ts";
import type { AscentFrame, AscentTask, FrameHook } from "../../../lib/optvis/ascent/task.ts";
import { bytesOf, fourierTaskOf, imageOf, kinked, taskOf } from "./engine-task.ts";

const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

const fourier = fourierTaskOf([2, 5, 1], {
  recipe: {
    iterations: 11,
    // the rates then do not depend on the number of iterations, nor do the crops
    learningRateDecay: "none",
    cropFraction: { start: [0.8, 1], end: [0.8, 1] },
  },
});
const pyramid = taskOf(kinked, "conv3", { channels: [2, 5, 1], iterations: 7 }, 2);

async function framesOf(task: AscentTask, count: number, wantedSize?: FrameHook["wantedSize"]) {
  const frames: AscentFrame[] = [];
  const take = (frame: AscentFrame) => Promise.resolve(void frames.push(frame));
  const results = await engine.render(task, { frames: { count, wantedSize, take } });
  return { results, frames };
}

test.each([
  // of 14 iterations a frame every 2.8th; the last is the end
  [14, 6, [0, 3, 6, 8, 11]],
  [3, 30, [0, 1, 2]],
  [100, 2, [0]],
  [5, 1, [0]],
])("of %i iterations, %i frames are evenly spaced", (total, count, wanted) => {
  expect(frameIterations(total, count)).toEqual(wanted);
});

test.each<[string, AscentTask]>([
  ["deepdream", pyramid],
  ["fourier", fourier],
])("%s: whoever looks at images changes nothing of them", async (_, task) => {
  const unseen = (await engine.render(task)).map(bytesOf);
  const { results, frames } = await framesOf(task, 6);
  expect(results.map(bytesOf)).toEqual(unseen);
  // planes that are still the ascent's would change after they were taken
  for (const { image } of frames) image.data.fill(Number.NaN);
  expect((await engine.render(task)).map(bytesOf)).toEqual(unseen);
  expect(frames).toHaveLength(5 * 3);
});

test("a frame is what the ascent is had it ended there, in later levels too", async () => {
  const { frames } = await framesOf(pyramid, 8); // every second of 14
  const at = (iteration: number) =>
    frames.find((frame) => frame.channel === 5 && frame.iteration === iteration)!.image;
  const ended = async (changes: Partial<typeof pyramid>) => {
    const [result] = await engine.render({ ...pyramid, channels: [5], ...changes });
    return imageOf(result).image;
  };
  const [first] = pyramid.levels;
  for (const iterations of [2, 4, 6]) {
    expect(at(iterations)).toEqual(await ended({ levels: [first!], iterations }));
  }
  expect(at(8)).toMatchObject({ width: pyramid.levels[1]!.size.width });
  expect(at(8)).not.toEqual(at(10));

  const { frames: curves } = await framesOf(fourier, 4);
  const { channel, iteration, image } = curves.find((frame) => frame.iteration === 7)!;
  const recipe = { ...fourier.recipe, iterations: iteration };
  const [short] = await engine.render({ ...fourier, channels: [channel], recipe });
  expect(image).toEqual(imageOf(short).image);
});

test("paintings are made as large as they are wanted, but for the end; waves stay as they are", async () => {
  const third = ({ height, width }: Size) => ({ height: height / 3, width: width / 3 });
  const canvasSize = { height: 33, width: 27 };
  const sizesOf = async (more: Partial<FourierRecipe>) => {
    const recipe = { ...fourier.recipe, canvasSize, ...more };
    const { frames, results } = await framesOf({ ...fourier, channels: [2], recipe }, 3, third);
    return [...frames, ...results.map(imageOf)].map(({ image }) => image.height);
  };
  expect(await sizesOf({ ellipses: 4 })).toEqual([11, 11, 33]);
  expect(await sizesOf({ cppnLayers: 2, fadeTo: "white" })).toEqual([11, 11, 33]);
  expect(await sizesOf({})).toEqual([33, 33, 33]);
});

test("a painting three times as large is the same painting", async () => {
  const third = ({ height, width }: Size) => ({ height: height / 3, width: width / 3 });
  const drawn = async (scale: number, wantedSize?: (size: Size) => Size) => {
    // of crops of 18 x 21 pixels, both are more than iterations see of it
    const canvasSize = { height: 30 * scale, width: 40 * scale };
    const sizes = { canvasSize, cropMargin: 10 * scale };
    const recipe = { ...fourier.recipe, ...sizes, cppnLayers: 2, initialDeviation: 1 };
    const task = { ...fourier, channels: [2], recipe };
    const { frames, results } = await framesOf(task, 6, wantedSize);
    return [...frames, ...results.map(imageOf)].map(({ image }) => image);
  };
  const [large, small] = [await drawn(3, third), await drawn(1)];
  expect(large[1]).toEqual(small[1]);
  expect(large.at(-1)).toMatchObject({ height: 90, width: 120 });
});

test("images that go in one batch, as those that are to differ, have each their own frames", async () => {
  const diversity = { images: 3, value: fourier.layer.value, weight: 0.01 };
  const task = { ...fourier, diversity };
  const { frames } = await framesOf(task, 3); // 0 and 6 of 11
  const short = { ...task, recipe: { ...task.recipe, iterations: 6 } };
  const wanted = (await engine.render(short)).map((result) => imageOf(result));
  const sixth = frames.filter(({ iteration }) => iteration === 6);
  expect(sixth.map(({ channel, image }) => [channel, image])).toEqual(
    wanted.map(({ channel, image }) => [channel, image]),
  );
});
