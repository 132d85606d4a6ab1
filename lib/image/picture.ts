import { filledRaster, type Planes, type Raster, type Rgb, type Size, toPlanes } from "./raster.ts";

/** What planes are to people: red, green and blue together, or each a picture of its own. */
export type PlaneKind = "colours" | "planes";

/** Between the planes of one picture. */
const GAP_PX = 2;
/** Around several planes, so that they stand apart from those of the next tile. */
const FRAME_PX = 4;
const PAPER: Rgb = [255, 255, 255];

/** Rec. 601, of red, green and blue. */
export const LUMINANCE = [0.299, 0.587, 0.114] as const;

/** Of the picture that shows so many planes side by side, in a near-square grid. */
export function pictureSize({ width, height }: Size, kind: PlaneKind, count: number): Size {
  if (kind === "colours") return { width, height };
  const { columns, rows, frame } = gridOf(count);
  const along = (length: number, times: number) => times * length + between(times, frame);
  return { width: along(width, columns), height: along(height, rows) };
}

/** What is no plane along an axis of so many, px. */
const between = (times: number, frame: number) => (times - 1) * GAP_PX + 2 * frame;

/**
 * Planes as people see them: as one picture in colour, or in grey, each by itself in a small grid.
 *
 * @param byteOf the byte of a value; rounded, and cut to 0..255
 */
export function pictureOf(
  image: Planes,
  kind: PlaneKind,
  byteOf: (value: number) => number,
): Raster {
  const { width, height, data } = image;
  const pixels = width * height;
  if (kind === "colours") {
    const bytes = new Uint8ClampedArray(3 * pixels);
    for (let plane = 0; plane < 3; plane++) {
      for (let pixel = 0; pixel < pixels; pixel++) {
        bytes[pixel * 3 + plane] = byteOf(data[plane * pixels + pixel]!);
      }
    }
    return { width, height, data: new Uint8Array(bytes.buffer) };
  }
  const count = data.length / pixels;
  const picture = filledRaster(pictureSize(image, kind, count), PAPER);
  const clamped = new Uint8ClampedArray(picture.data.buffer);
  eachPixel(image, count, picture.width, (value, at) => {
    clamped.fill(byteOf(data[value]!), at, at + 3);
  });
  return picture;
}

/** The planes that a picture of `pictureOf` shows, values 0..255. */
export function planesIn(picture: Raster, kind: PlaneKind, count: number): Planes {
  if (kind === "colours") return toPlanes(picture);
  const { columns, rows, frame } = gridOf(count);
  const along = (length: number, times: number) => (length - between(times, frame)) / times;
  const size = { width: along(picture.width, columns), height: along(picture.height, rows) };
  const data = new Float32Array(count * size.width * size.height);
  eachPixel(size, count, picture.width, (value, at) => {
    data[value] = picture.data[at]!;
  });
  return { ...size, data };
}

/** A photograph's luminance, as one plane of 0..255. */
export function greyPlane({ width, height, data }: Raster): Planes {
  const [red, green, blue] = LUMINANCE;
  const grey = Float32Array.from(
    { length: width * height },
    (_, i) => red * data[3 * i]! + green * data[3 * i + 1]! + blue * data[3 * i + 2]!,
  );
  return { width, height, data: grey };
}

function gridOf(count: number) {
  const columns = Math.ceil(Math.sqrt(count));
  return { columns, rows: Math.ceil(count / columns), frame: count > 1 ? FRAME_PX : 0 };
}

/** @param visit hears of each value's place in the planes, and of its first byte in the picture */
function eachPixel(
  { width, height }: Size,
  count: number,
  stride: number,
  visit: (value: number, at: number) => void,
): void {
  const { columns, frame } = gridOf(count);
  for (let plane = 0; plane < count; plane++) {
    const left = frame + (plane % columns) * (width + GAP_PX);
    const top = frame + Math.floor(plane / columns) * (height + GAP_PX);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        visit((plane * height + y) * width + x, ((top + y) * stride + left + x) * 3);
      }
    }
  }
}
