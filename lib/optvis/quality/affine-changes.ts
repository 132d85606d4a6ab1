import type { Size } from "../../image/raster.ts";
import { uniformFrom } from "../random.ts";

/** One small change of a picture about its centre. */
export interface AffineChange {
  /** Radians, clockwise as seen. */
  readonly angle: number;
  /** Above 1 the picture grows. */
  readonly zoom: number;
  /** To the right and down, px. */
  readonly shift: readonly [x: number, y: number];
}

/** The picture itself. */
export const UNCHANGED: AffineChange = { angle: 0, zoom: 1, shift: [0, 0] };

const COPIES = 8;
const LARGEST_ANGLE = (10 * Math.PI) / 180;
const ZOOMS = [0.8, 1.2] as const;
/** 16 px of GoogLeNet's 224; of other sizes the same share. */
const LARGEST_SHIFT = 16 / 224;

/** The same eight changes for every picture of a size, drawn once and for all. */
export function affineChanges({ width, height }: Size): readonly AffineChange[] {
  return Array.from({ length: COPIES }, (_, copy) => {
    const uniform = uniformFrom("affine copy", copy);
    const between = (least: number, most: number) => least + (most - least) * uniform();
    const [angle, zoom] = [between(-LARGEST_ANGLE, LARGEST_ANGLE), between(...ZOOMS)];
    const shift = (length: number) => between(-LARGEST_SHIFT, LARGEST_SHIFT) * length;
    return { angle, zoom, shift: [shift(width), shift(height)] as const };
  });
}

/**
 * Where a changed picture's pixel (u, v) is read in the picture: (x, y) = A (u, v, 1), A [2, 3] row
 * by row.
 */
export function affineMap(
  { angle, zoom, shift: [right, down] }: AffineChange,
  { width, height }: Size,
): readonly number[] {
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const [u, v] = [centreX + right, centreY + down];
  return [cos, sin, centreX - cos * u - sin * v, -sin, cos, centreY + sin * u - cos * v];
}
