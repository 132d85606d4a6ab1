import { setImmediate as nextTurn } from "node:timers/promises";

import type { Size } from "../../image/raster.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import { ModelError, ShapeMismatchError } from "../../onnx/errors.ts";
import { ImageTooSmallError, planLevels } from "../../optvis/ascent/plan-levels.ts";
import { gradientObstacle } from "../../optvis/graph/differentiable-graph.ts";
import {
  imageShapeOf,
  mapShapeAt,
  type NetworkModel,
  type TargetLayer,
} from "../../optvis/graph/layer-pass.ts";
import type { Drawing } from "./work-seconds.ts";

/** What keeps layers from being rendered at these sizes; none if they can be. */
export async function ascentProblems(
  model: NetworkModel,
  layers: readonly TargetLayer[],
  drawing: Drawing,
): Promise<readonly string[]> {
  const problems = new Set<string>();
  for (const layer of layers) {
    for (const problem of await problemsOf(model, layer, drawing)) problems.add(problem);
  }
  return [...problems];
}

async function problemsOf(
  model: NetworkModel,
  layer: TargetLayer,
  drawing: Drawing,
): Promise<string[]> {
  try {
    const sizes = passSizes(model, layer, drawing);
    // crops of several levels are of one size
    for (const size of new Map(
      sizes.map((each) => [`${each.width}x${each.height}`, each]),
    ).values()) {
      await nextTurn();
      const obstacle = gradientObstacle(model.model, layer, imageShapeOf(model.model, 1, size));
      if (obstacle instanceof ShapeMismatchError && drawing.method === "fourier") {
        return [`cropSize: ${obstacle.message}; leave it out for a size that the network takes`];
      }
      if (obstacle !== null) return [`layer: ${obstacle.message}`];
    }
    return [];
  } catch (error) {
    if (error instanceof ModelError) return [`layer: ${error.message}`];
    if (error instanceof ImageTooSmallError) return [`initialImage: ${error.message}`];
    throw error;
  }
}

/** A size that goes through the network, and the layer's shape there, [C, ...]. */
export interface MapAtSize {
  readonly size: Size;
  readonly mapShape: readonly number[];
}

/** The layer's shape at each size; none where `ascentProblems` says why there are no images. */
export function mapsAtSizes(
  model: NetworkModel,
  layer: LayerWithChannels,
  drawing: Drawing,
): readonly MapAtSize[] {
  try {
    return passSizes(model, layer, drawing).map((size) => {
      return { size, mapShape: mapShapeAt(model.model, layer, size) };
    });
  } catch (error) {
    if (error instanceof ModelError || error instanceof ImageTooSmallError) return [];
    throw error;
  }
}

/** An axis of rows, columns or tokens is longer in a larger image: its channels are other ones. */
export function channelAxisProblems(
  channelAxis: number,
  { channels, name }: LayerWithChannels,
  maps: readonly MapAtSize[],
): string[] {
  const other = maps.find(({ mapShape }) => mapShape[0] !== channels);
  if (!other) return [];
  const { size, mapShape } = other;
  return [
    `channelAxis: axis ${channelAxis} of layer '${name}' is ${channels} long at the network's own size, and ${mapShape[0]} at ${size.width}x${size.height}; choose another axis, or draw at one size`,
  ];
}

/** Sizes of what goes through the network. */
function passSizes(model: NetworkModel, layer: TargetLayer, drawing: Drawing): readonly Size[] {
  if (drawing.method === "fourier") return [drawing.cropSize];
  const { imageSize: size, pyramidLevels, pyramidScale } = drawing;
  const levels = planLevels(model, layer, { size, pyramidLevels, pyramidScale });
  return levels.map((level) => level.crops ?? level.size);
}
