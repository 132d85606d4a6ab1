import { ImageError } from "./errors.ts";

export interface Size {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** Pixels from the left and from the top, and the size, of a part of a raster. */
export interface Rectangle extends Size {
  readonly x: number;
  readonly y: number;
}

/** Red, green and blue, each a byte. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture as it is stored in files: 8 bits per colour, [H, W, 3], no alpha. */
export interface Raster extends Size {
  readonly data: Uint8Array;
}

/**
 * A picture as a network sees it: [planes, H, W]; its holder says the planes' order and their unit.
 */
export interface Planes extends Size {
  readonly data: Float32Array;
}

/** Of a picture's data. */
export function planesShape({
  width,
  height,
  data,
}: Planes): [planes: number, h: number, w: number] {
  return [data.length / (width * height), height, width];
}

/** A raster of one colour. */
export function filledRaster(size: Size, color: Rgb): Raster {
  const data = new Uint8Array(size.width * size.height * 3);
  if (color.every((value) => value === color[0])) {
    data.fill(color[0]);
  } else {
    for (let i = 0; i < data.length; i += 3) data.set(color, i);
  }
  return { width: size.width, height: size.height, data };
}

/** Copies a whole raster into another; what would lie outside is an error, not clipped. */
export function copyInto(target: Raster, source: Raster, x: number, y: number): void {
  if (x < 0 || y < 0 || x + source.width > target.width || y + source.height > target.height) {
    throw new Error(
      `internal: ${source.width}x${source.height} at (${x}, ${y}) leaves a raster of ${target.width}x${target.height}`,
    );
  }
  const rowBytes = source.width * 3;
  for (let row = 0; row < source.height; row++) {
    const from = row * rowBytes;
    target.data.set(
      source.data.subarray(from, from + rowBytes),
      ((y + row) * target.width + x) * 3,
    );
  }
}

/** Fills a rectangle, clipped to the raster. */
export function fillRectangle(target: Raster, area: Rectangle, color: Rgb): void {
  const left = Math.max(area.x, 0);
  const right = Math.min(area.x + area.width, target.width);
  const bottom = Math.min(area.y + area.height, target.height);
  for (let y = Math.max(area.y, 0); y < bottom; y++) {
    for (let x = left; x < right; x++) target.data.set(color, (y * target.width + x) * 3);
  }
}

export function copyOf(image: Planes): Planes {
  return { ...image, data: image.data.slice() };
}

/** Adds a number to each plane, in place: a poster's planes take 50 MB. @returns the image */
export function addToPlanes(image: Planes, offsets: readonly number[]): Planes {
  const { width, height, data } = image;
  const pixels = width * height;
  offsets.forEach((offset, plane) => {
    if (offset === 0) return;
    for (let i = plane * pixels; i < (plane + 1) * pixels; i++) data[i] = data[i]! + offset;
  });
  return image;
}

/** Interleaved bytes to planes of the same values, 0..255. */
export function toPlanes(raster: Raster): Planes {
  const { width, height } = raster;
  const pixels = width * height;
  const data = new Float32Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let plane = 0; plane < 3; plane++) {
      data[plane * pixels + pixel] = raster.data[pixel * 3 + plane]!;
    }
  }
  return { width, height, data };
}

/** @throws ImageError if the buffer does not hold exactly width x height x 3 values. */
export function checkBuffer({ width, height, data: { length } }: Raster): void {
  const wanted = width * height * 3;
  if (length === wanted && wanted > 0) return;
  throw new ImageError(
    `an image of ${width}x${height} has ${length} values, want ${wanted} and at least one pixel`,
  );
}
