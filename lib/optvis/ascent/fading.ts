import { shrinkPlanes, resizePlanes } from "../../image/resize.ts";
import { percentile } from "../../image/rescale.ts";
import type { Planes, Size } from "../../image/raster.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import type { NetworkModel } from "../graph/layer-pass.ts";
import type { FadeColour } from "./fourier-recipe.ts";

/** Of 0..255. */
const LEVELS: Readonly<Record<FadeColour, number>> = { white: 255, grey: 127.5, black: 0 };

/** The share of pixels, in percent, that are less than wholly opaque; MACO's. */
const FADING_PERCENT = 80;

/** Shorter side of the map of opacities, in pixels: finer than that it would be speckled. */
const MAP_SIDE = 64;

/**
 * An image before a colour, opaque where the network wanted much of it:
 *
 *     t = min(1, s / s80);   opacity = t^2 (3 - 2 t);   opacity * image + (1 - opacity) * colour
 *
 * s sums the gradient's size over all iterations, smoothed; s80 is its 80th percentile. Where there
 * has been no gradient yet, nothing fades.
 *
 * Source: Fel et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude
 * Constrained Optimization", NeurIPS 2023, and the constant of their Xplique. There opacity is t, of
 * single pixels; the curve leaves less haze.
 *
 * @param image planes in units of 0..255 less the network's mean; changed in place
 * @param sums [1, H, W], of the canvas
 * @returns the image
 */
export function faded(
  image: Planes,
  sums: FloatTensor,
  { fadeTo, mean }: { readonly fadeTo: FadeColour } & Pick<NetworkModel, "mean">,
): Planes {
  const { height, width, data } = image;
  const opacity = opacityOf(sums, image);
  const pixels = height * width;
  mean.forEach((less, plane) => {
    const colour = LEVELS[fadeTo] - less;
    for (let i = 0; i < pixels; i++) {
      const at = plane * pixels + i;
      data[at] = colour + opacity[i]! * (data[at]! - colour);
    }
  });
  return image;
}

/** From 0 to 1, of each pixel of an image, which may have other pixels than what was summed. */
function opacityOf({ shape, data }: FloatTensor, { height, width }: Size): Float32Array {
  const [, rows = 1, columns = 1] = shape;
  const sums: Planes = { height: rows, width: columns, data };
  const small = shrinkPlanes(sums, mapSize(sums));
  const sorted = small.data.toSorted();
  const full = percentile(sorted, FADING_PERCENT) || sorted.at(-1)!;
  if (full === 0) return new Float32Array(height * width).fill(1);
  const shares = { ...small, data: small.data.map((sum) => Math.min(1, sum / full)) };
  return resizePlanes(shares, { height, width }).data.map((t) => t * t * (3 - 2 * t));
}

function mapSize({ height, width }: Size): Size {
  const shrunk = Math.max(1, Math.min(height, width) / MAP_SIDE);
  return { height: Math.round(height / shrunk), width: Math.round(width / shrunk) };
}
