import type { Planes, Size } from "../../image/raster.ts";
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

/** What the copies show outside the picture: half of 0..255. */
const MID_GREY = 127.5;

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

/** A picture after a change, bilinear between its pixels, mid-grey outside. Values 0..255. */
export function affineCopy(picture: Planes, { angle, zoom, shift }: AffineChange): Planes {
  const { width, height, data } = picture;
  const pixels = width * height;
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  const copy = new Float32Array(data.length);
  for (let i = 0; i < pixels; i++) {
    const u = (i % width) - centreX - shift[0];
    const v = Math.floor(i / width) - centreY - shift[1];
    const x = centreX + cos * u + sin * v;
    const y = centreY - sin * u + cos * v;
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, down] = [x - left, y - top];
    for (let plane = 0; plane < 3; plane++) {
      const at = (column: number, row: number) =>
        column < 0 || row < 0 || column >= width || row >= height
          ? MID_GREY
          : data[plane * pixels + row * width + column]!;
      const above = at(left, top) * (1 - right) + at(left + 1, top) * right;
      const below = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
      copy[plane * pixels + i] = above * (1 - down) + below * down;
    }
  }
  return { width, height, data: copy };
}
