import type { Size } from "../../image/raster.ts";
import { floatTensor, type FloatTensor } from "../../onnx/tensor.ts";
import { laterSeed, type Uniform, uniformFrom } from "../random.ts";
import type { FourierRecipe, Range } from "./fourier-recipe.ts";
import type { AscentState } from "./state.ts";
import { targetOf } from "./targets.ts";
import type { FourierTask } from "./task.ts";

/** How often the crop is upright besides: zero stands six times among Lucid's 26 angles. */
const UPRIGHT_SHARE = 5 / 26;

/**
 * The crop that each image is seen through in `count` iterations after the first `done`: the affine
 * map from the crop's pixel indices to the canvas's, [count, N, 2, 3]. An image's crops depend on
 * its own seed, target and iteration alone.
 */
export function affineDraws(
  task: FourierTask,
  states: readonly AscentState[],
  done: number,
  count: number,
): FloatTensor {
  const { network, layer, recipe, seed } = task;
  const rows = Array.from({ length: count }, (_, i) =>
    states.map(({ channel, restarts }) => {
      const { drawnAs } = targetOf(task, channel);
      const key = [
        "crop",
        laterSeed(seed, restarts),
        network.fingerprint,
        layer.value,
        drawnAs,
        done + i,
      ];
      return cropMap(recipe, done + i, uniformFrom(...key));
    }),
  );
  return floatTensor([count, states.length, 2, 3], rows.flat(2));
}

/**
 * (x, y) = centre + offset + zoom R(angle) ((u, v) - the crop's centre), as the rows of [2, 3].
 *
 * @param iteration from 0
 */
export function cropMap(recipe: FourierRecipe, iteration: number, uniform: Uniform): number[] {
  const { canvasSize, cropSize, cropFraction, cropPlace, cropMargin, rotation } = recipe;
  const progress = iteration / Math.max(1, recipe.iterations - 1);
  const between = ([least, most]: Range) => least + (most - least) * uniform();
  const along = (which: 0 | 1) =>
    cropFraction.start[which] + (cropFraction.end[which] - cropFraction.start[which]) * progress;
  const fraction = between([along(0), along(1)]);
  const isUpright = uniform() < UPRIGHT_SHARE;
  const angle = isUpright ? 0 : (between([-rotation, rotation]) * Math.PI) / 180;

  const { height, width } = canvasSize;
  const perCrop = canvasPerCrop(canvasSize, cropSize);
  const zoom = fraction * perCrop;
  const isAnywhere = cropPlace === "anywhere";
  const offset = (length: number, crop: number) => {
    if (cropPlace === "wrapped") return between([-length / 2, length / 2]);
    const side = zoom * crop;
    const most = (isAnywhere ? Math.max(0, length - side) / 2 : 0) + cropMargin;
    // few crops would see the ends of a canvas that is longer than its largest crop: a centre
    // beyond the outermost place counts as that; in this order a canvas of its shape has exactly 0
    const spare = (length / crop - perCrop) * crop;
    const beyond = isAnywhere ? Math.max(0, Math.min(spare, side) / 2 - cropMargin) : 0;
    const drawn = between([-most - beyond, most + beyond]);
    return Math.min(Math.max(drawn, -most), most);
  };
  const [cos, sin] = [zoom * Math.cos(angle), zoom * Math.sin(angle)];
  const [u, v] = [(cropSize.width - 1) / 2, (cropSize.height - 1) / 2];
  const x = (width - 1) / 2 + offset(width, cropSize.width);
  const y = (height - 1) / 2 + offset(height, cropSize.height);
  return [cos, -sin, x - cos * u + sin * v, sin, cos, y - sin * u - cos * v];
}

/** Pixels of the canvas for one of a crop as large as fits the canvas. */
export function canvasPerCrop(canvas: Size, crop: Size): number {
  return Math.min(canvas.width / crop.width, canvas.height / crop.height);
}

/** Pixels of the canvas for one of a crop from which on iterations see a painting smaller. */
const MOST_PER_CROP = 1.5;

/**
 * The canvas on which iterations see a painting. It is drawn small whatever its size, so more pixels
 * would show no more of it, and take their time.
 */
export function iteratedCanvas(canvas: Size, crop: Size): Size {
  const share = Math.min(1, MOST_PER_CROP / canvasPerCrop(canvas, crop));
  return { height: Math.round(share * canvas.height), width: Math.round(share * canvas.width) };
}
