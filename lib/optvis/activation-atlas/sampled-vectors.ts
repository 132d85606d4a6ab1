import { type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { Uniform } from "../random.ts";

/** Along the edge of a map much is of the frame around the image; smaller maps are all edge. */
const LEAST_SIDE_WITHOUT_EDGE = 5;

/**
 * What a layer makes of an image at some of its places, drawn at random, each once; of one without
 * places the one vector that it is.
 *
 * @param activation [C, ...]
 * @param most how many
 */
export function sampledVectors(
  { shape, data }: FloatTensor,
  most: number,
  uniform: Uniform,
): readonly Float32Array[] {
  const [channels = 1, ...spatial] = shape;
  const pixels = sizeOf(spatial);
  const places = placesOf(spatial);
  const drawn = Array.from({ length: Math.min(most, places.length) }, () => {
    return places.splice(Math.floor(uniform() * places.length), 1)[0]!;
  });
  return drawn.map((place) =>
    Float32Array.from({ length: channels }, (_, c) => data[c * pixels + place]!),
  );
}

/** How many vectors `sampledVectors` can draw of a map [C, ...]. */
export function placeCount([, ...spatial]: readonly number[]): number {
  return placesOf(spatial).length;
}

/** Pixels of a map, row by row, but for its edge. */
function placesOf(spatial: readonly number[]): number[] {
  const isEdge = (pixel: number) => {
    const [height = 1, width = 1] = spatial;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  };
  const pixels = Array.from({ length: sizeOf(spatial) }, (_, pixel) => pixel);
  const hasInside = spatial.length === 2 && Math.min(...spatial) >= LEAST_SIDE_WITHOUT_EDGE;
  return hasInside ? pixels.filter((pixel) => !isEdge(pixel)) : pixels;
}
