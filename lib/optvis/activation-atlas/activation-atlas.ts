import type { Size } from "../../image/raster.ts";
import { type FloatTensor, floatTensor } from "../../onnx/tensor.ts";
import { principalPlane } from "./principal-plane.ts";
import { selfOrganisingMap } from "./self-organising-map.ts";
import { dot, secondMoment, type Vectors, vectorOf } from "./vectors.ts";
import { whitened } from "./whitening.ts";

/**
 * Directions of an activation atlas: what a layer makes of many images, laid on a grid so that
 * neighbours are alike, each cell the mean of its own.
 *
 * Activations count by their angle, as in Carter et al. (Activation Atlas, Distill 2019), and as a
 * target's direction does; like theirs, a cell's direction is whitened. Laid out they are by a
 * self-organising map, not by UMAP and a grid over it: it leaves no cell blank.
 *
 * @param activations each of the layer's channels; none of them all zero
 * @param onPass see `selfOrganisingMap`
 * @returns [C, rows, columns]
 */
export function activationAtlas(
  activations: readonly Float32Array[],
  grid: Size,
  onPass?: (done: number) => void,
): FloatTensor {
  const vectors = unitVectors(activations);
  const moment = secondMoment(vectors);
  const map = selfOrganisingMap(vectors, principalPlane(vectors, moment), grid, onPass);
  const directions = whitened(map, moment);
  const { count, length, data } = directions;
  const planes = Float32Array.from(
    { length: length * count },
    (_, i) => data[(i % count) * length + Math.floor(i / count)]!,
  );
  return floatTensor([length, grid.height, grid.width], planes);
}

function unitVectors(activations: readonly Float32Array[]): Vectors {
  const length = activations[0]?.length ?? 0;
  const vectors = {
    count: activations.length,
    length,
    data: new Float32Array(activations.length * length),
  };
  for (const [i, activation] of activations.entries()) {
    const norm = Math.sqrt(dot(activation, activation));
    vectorOf(vectors, i).set(activation.map((value) => value / norm));
  }
  return vectors;
}
