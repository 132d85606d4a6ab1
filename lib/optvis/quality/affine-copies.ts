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

/**
 * A picture after each of some changes, bilinear between its pixels, mid-grey outside. Values
 * 0..255. Each is made as it is taken.
 */
export function* affineCopies(
  picture: Planes,
  changes: readonly AffineChange[],
): Generator<Planes, void> {
  const bordered = withBorder(picture);
  for (const change of changes) yield affineCopy(picture, bordered, change);
}

/** @param bordered the picture's planes in a border of mid-grey, one pixel wide */
function affineCopy(
  { width, height, data }: Planes,
  bordered: Float32Array,
  { angle, zoom, shift }: AffineChange,
): Planes {
  const pixels = width * height;
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  // with a border of grey no place needs a test: what lies further out reads from the border
  const stride = width + 2;
  const cells = stride * (height + 2);
  const copy = new Float32Array(data.length);
  // where each pixel of a row is read, the same in all planes
  const places = new Int32Array(width);
  const rights = new Float64Array(width);
  const downs = new Float64Array(width);
  for (let row = 0; row < height; row++) {
    const v = row - centreY - shift[1];
    for (let column = 0; column < width; column++) {
      const u = column - centreX - shift[0];
      const x = Math.min(Math.max(centreX + cos * u + sin * v, -1), width);
      const y = Math.min(Math.max(centreY - sin * u + cos * v, -1), height);
      const left = Math.min(Math.floor(x), width - 1);
      const top = Math.min(Math.floor(y), height - 1);
      rights[column] = x - left;
      downs[column] = y - top;
      places[column] = (top + 1) * stride + left + 1;
    }
    for (let first = 0, to = row * width; to < data.length; first += cells, to += pixels) {
      for (let column = 0; column < width; column++) {
        const at = first + places[column]!;
        const right = rights[column]!;
        const down = downs[column]!;
        const above = bordered[at]! * (1 - right) + bordered[at + 1]! * right;
        const below = bordered[at + stride]! * (1 - right) + bordered[at + stride + 1]! * right;
        copy[to + column] = above * (1 - down) + below * down;
      }
    }
  }
  return { width, height, data: copy };
}

function withBorder({ width, height, data }: Planes): Float32Array {
  const rows = data.length / width;
  const stride = width + 2;
  const bordered = new Float32Array((rows + (2 * rows) / height) * stride).fill(MID_GREY);
  for (let row = 0; row < rows; row++) {
    const above = 1 + 2 * Math.floor(row / height);
    const values = data.subarray(row * width, (row + 1) * width);
    bordered.set(values, (row + above) * stride + 1);
  }
  return bordered;
}
