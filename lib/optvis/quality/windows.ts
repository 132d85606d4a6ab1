import { type Planes, planesShape, type Rectangle, type Size } from "../../image/raster.ts";

/** Up to which share the sides' ratio may change: things stay what they are, squeezed a little. */
const MOST_SQUEEZED = 4 / 3;
/** A longer picture is squeezed into so many: to look at it may not take longer than to draw it. */
const MOST_WINDOWS = 8;

/**
 * How a picture is looked at in pieces of one size, where that has another shape: resized whole to
 * `resizedTo`, of which `windows` lie evenly, from edge to edge. One window of all of it where the
 * shapes are alike.
 *
 * @param seen size of a window
 */
export function windowsOf(
  picture: Size,
  seen: Size,
): { readonly resizedTo: Size; readonly windows: readonly Rectangle[] } {
  const [across, down] = [picture.width / seen.width, picture.height / seen.height];
  const resized = (length: number, ratio: number) =>
    ratio > MOST_SQUEEZED ? Math.round(length * Math.min(ratio, MOST_WINDOWS)) : length;
  const resizedTo = {
    width: resized(seen.width, across / down),
    height: resized(seen.height, down / across),
  };
  return { resizedTo, windows: evenWindows(resizedTo, seen, MOST_WINDOWS) };
}

/**
 * Windows of one size, evenly over a picture from edge to edge: along each axis as many as it takes
 * to see all of it, but at most `most`.
 */
export function evenWindows(
  picture: Size,
  { width, height }: Size,
  most: number,
): readonly Rectangle[] {
  const firsts = (whole: number, length: number) => {
    const count = Math.min(Math.ceil(whole / length), most);
    const step = (whole - length) / Math.max(1, count - 1);
    return Array.from({ length: count }, (_, i) => Math.round(i * step));
  };
  return firsts(picture.height, height).flatMap((y) =>
    firsts(picture.width, width).map((x) => ({ x, y, width, height })),
  );
}

/** A part of an image, of all its planes. */
export function partOf(image: Planes, { x, y, width, height }: Rectangle): Planes {
  if (width === image.width && height === image.height) return image;
  const [count] = planesShape(image);
  const data = new Float32Array(count * width * height);
  for (let row = 0; row < count * height; row++) {
    const plane = Math.floor(row / height);
    const from = (plane * image.height + y + (row % height)) * image.width + x;
    data.set(image.data.subarray(from, from + width), row * width);
  }
  return { width, height, data };
}
