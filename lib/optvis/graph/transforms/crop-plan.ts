import { roundHalfEven } from "../../../onnx/rounding.ts";
import { floatTensor, type FloatTensor } from "../../../onnx/tensor.ts";
import type { Size } from "../../../image/raster.ts";

/** Rectangles of one size, in rows and columns, that cover an image and overlap. */
export interface CropPlan extends Size {
  /** First pixel row of the crops of each row. */
  readonly tops: readonly number[];
  /** First pixel column of the crops of each column. */
  readonly lefts: readonly number[];
}

/** How many crops a plan has. */
export const cropCount = ({ tops, lefts }: CropPlan): number => tops.length * lefts.length;

/**
 * The fewest crops that cover the image with at least `overlap` pixels between neighbours, evenly
 * spaced along each axis.
 *
 * @throws RangeError if a crop is larger than the image.
 */
export function planCrops(image: Size, crop: Size, overlap: number): CropPlan {
  const tops = firstPixels(image.height, crop.height, overlap);
  const lefts = firstPixels(image.width, crop.width, overlap);
  return { ...crop, tops, lefts };
}

/** First pixel of each crop along one axis. */
export function firstPixels(size: number, crop: number, overlap: number): number[] {
  if (crop > size) throw new RangeError(`a crop of ${crop} pixels does not fit in ${size}`);
  // a crop of one pixel cannot overlap
  const step = Math.max(crop - overlap, 1);
  const count = Math.ceil((size - crop) / step) + 1;
  return Array.from({ length: count }, (_, k) =>
    roundHalfEven((k * (size - crop)) / Math.max(count - 1, 1)),
  );
}

/** How much each pixel of a crop counts where crops overlap. */
export type Blend = "uniform" | "feathered";

/**
 * Weight of each pixel of a crop, [1, 1, h, w]: all 1, or falling towards the edges so that no seam
 * shows where one crop takes over from the next.
 */
export function cropWeights({ height, width }: Size, blend: Blend): FloatTensor {
  const along = (length: number) =>
    Array.from({ length }, (_, i) =>
      blend === "uniform" ? 1 : Math.min(i + 1, length - i) / Math.ceil(length / 2),
    );
  const [rows, columns] = [along(height), along(width)];
  return floatTensor(
    [1, 1, height, width],
    rows.flatMap((row) => columns.map((column) => row * column)),
  );
}

/** 1 / (sum of the weights of the crops that hold a pixel), [1, 1, H, W]. */
export function inverseCoverage(image: Size, plan: CropPlan, weights: FloatTensor): FloatTensor {
  const coverage = new Float32Array(image.height * image.width);
  for (const [top, left] of plan.tops.flatMap((y) => plan.lefts.map((x) => [y, x] as const))) {
    for (let y = 0; y < plan.height; y++) {
      for (let x = 0; x < plan.width; x++) {
        const at = (top + y) * image.width + left + x;
        coverage[at] = coverage[at]! + weights.data[y * plan.width + x]!;
      }
    }
  }
  return floatTensor(
    [1, 1, image.height, image.width],
    coverage.map((weight) => 1 / weight),
  );
}
