import { type Planes, planesShape, type Size } from "./raster.ts";

/** Of each output position: the two input positions around it and the weight of the second. */
interface Taps {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly weight: Float64Array;
}

/**
 * Bilinear resize of float planes, exactly as PyTorch's
 * `F.interpolate(mode="bilinear", align_corners=False)`: pixel centres at i + 1/2, edges clamped,
 * no antialiasing when shrinking.
 *
 * @param data [c, h, w]
 * @returns [c, size.height, size.width]
 */
export function resizeBilinear(
  data: Float32Array,
  [channels, height, width]: readonly [c: number, h: number, w: number],
  size: Size,
): Float32Array {
  if (data.length !== channels * height * width) {
    throw new Error(
      `internal: ${data.length} values in a [${channels}, ${height}, ${width}] image`,
    );
  }
  const rows = taps(height, size.height);
  const columns = taps(width, size.width);
  const resized = new Float32Array(channels * size.height * size.width);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < size.height; y++) {
      const above = (channel * height + rows.lower[y]!) * width;
      const below = (channel * height + rows.upper[y]!) * width;
      const down = rows.weight[y]!;
      const start = (channel * size.height + y) * size.width;
      for (let x = 0; x < size.width; x++) {
        const left = columns.lower[x]!;
        const right = columns.upper[x]!;
        const across = columns.weight[x]!;
        const top = data[above + left]! * (1 - across) + data[above + right]! * across;
        const bottom = data[below + left]! * (1 - across) + data[below + right]! * across;
        resized[start + x] = top * (1 - down) + bottom * down;
      }
    }
  }
  return resized;
}

/** An image's planes at another size; itself where it has that. As `resizeBilinear`. */
export function resizePlanes(image: Planes, { height, width }: Size): Planes {
  const { data } = image;
  const to = { height, width };
  if (image.height === height && image.width === width) return { ...to, data };
  return { ...to, data: resizeBilinear(data, planesShape(image), to) };
}

/**
 * As `resizePlanes`, along each axis by halves as far as they go: every pixel counts in what is
 * made smaller.
 */
export function shrinkPlanes(image: Planes, size: Size): Planes {
  const along = (length: number, wanted: number) =>
    length >= 2 * wanted ? Math.ceil(length / 2) : length;
  const width = along(image.width, size.width);
  const height = along(image.height, size.height);
  if (width === image.width && height === image.height) return resizePlanes(image, size);
  return shrinkPlanes(resizePlanes(image, { width, height }), size);
}

function taps(from: number, to: number): Taps {
  const lower = new Int32Array(to);
  const upper = new Int32Array(to);
  const weight = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const position = Math.max(((i + 0.5) * from) / to - 0.5, 0);
    const base = Math.min(Math.floor(position), from - 1);
    lower[i] = base;
    upper[i] = Math.min(base + 1, from - 1);
    weight[i] = position - base;
  }
  return { lower, upper, weight };
}
