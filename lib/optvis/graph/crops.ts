import { floatTensor, type FloatTensor } from "../../onnx/tensor.ts";

/** Rectangles of one size that cover an image and overlap. */
export interface TilePlan {
  /** Pixels of each tile. */
  readonly height: number;
  readonly width: number;
  /** First row and column of each tile. */
  readonly origins: readonly (readonly [top: number, left: number])[];
}

/**
 * The fewest tiles that cover the image with at least `overlap` pixels between neighbours, evenly
 * spaced along each axis.
 *
 * @throws RangeError if a tile is larger than the image.
 */
export function planTiles(
  image: { readonly height: number; readonly width: number },
  tile: { readonly height: number; readonly width: number },
  overlap = 0,
): TilePlan {
  const tops = firstPixels(image.height, tile.height, overlap);
  const lefts = firstPixels(image.width, tile.width, overlap);
  return { ...tile, origins: tops.flatMap((top) => lefts.map((left) => [top, left] as const)) };
}

/** First pixel of each tile along one axis. */
export function firstPixels(size: number, tile: number, overlap: number): number[] {
  if (tile > size) throw new RangeError(`a tile of ${tile} pixels does not fit in ${size}`);
  const count = Math.max(Math.ceil((size - overlap) / (tile - overlap)), 1);
  return Array.from({ length: count }, (_, k) =>
    roundHalfEven((k * (size - tile)) / Math.max(count - 1, 1)),
  );
}

/** Python's round, so that the tiles are the reference's. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** How much each pixel of a tile counts where tiles overlap. */
export type Blend = "uniform" | "feathered";

/**
 * Weight of each pixel of a tile, [1, 1, h, w]: all 1, or falling towards the edges so that no seam
 * shows where one tile takes over from the next.
 */
export function tileWeights({ height, width }: TilePlan, blend: Blend): FloatTensor {
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

/** 1 / (sum of the weights of the tiles that hold a pixel), [1, 1, H, W]. */
export function inverseCoverage(
  image: { readonly height: number; readonly width: number },
  plan: TilePlan,
  weights: FloatTensor,
): FloatTensor {
  const coverage = new Float32Array(image.height * image.width);
  for (const [top, left] of plan.origins) {
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
