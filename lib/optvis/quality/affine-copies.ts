import type { Planes, Size } from "../../image/raster.ts";
import { MID_GREY } from "../ascent/start-colour.ts";
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
  const { width, height } = picture;
  const pixels = width * height;
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  // with a border of grey no place needs a test: what lies further out reads from the border
  const stride = width + 2;
  const planes = Array.from({ length: picture.data.length / pixels }, (_, plane) =>
    withBorder(picture, plane),
  );
  const copy = new Float32Array(picture.data.length);
  for (let i = 0; i < pixels; i++) {
    const u = (i % width) - centreX - shift[0];
    const v = Math.floor(i / width) - centreY - shift[1];
    const x = Math.min(Math.max(centreX + cos * u + sin * v, -1), width);
    const y = Math.min(Math.max(centreY - sin * u + cos * v, -1), height);
    const left = Math.min(Math.floor(x), width - 1);
    const top = Math.min(Math.floor(y), height - 1);
    const right = x - left;
    const down = y - top;
    const at = (top + 1) * stride + left + 1;
    for (let plane = 0; plane < planes.length; plane++) {
      const data = planes[plane]!;
      const above = data[at]! * (1 - right) + data[at + 1]! * right;
      const below = data[at + stride]! * (1 - right) + data[at + stride + 1]! * right;
      copy[plane * pixels + i] = above * (1 - down) + below * down;
    }
  }
  return { width, height, data: copy };
}

function withBorder({ width, height, data }: Planes, plane: number): Float32Array {
  const bordered = new Float32Array((width + 2) * (height + 2)).fill(MID_GREY);
  for (let y = 0; y < height; y++) {
    const row = (plane * height + y) * width;
    bordered.set(data.subarray(row, row + width), (y + 1) * (width + 2) + 1);
  }
  return bordered;
}
