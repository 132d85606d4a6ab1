import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import { NetworkError } from "../../lib/networks/errors.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { readModel } from "../../lib/onnx/decode.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { type Layer, layerTable } from "../../lib/networks/layers.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { layerPass } from "../../lib/optvis/graph/layer-pass.ts";

/**
 * Checks that a network's model loads and that a gradient reaches its image from some layer.
 *
 * @returns how deep gradients go, in a sentence for the user
 * @throws NetworkError if no layer can be visualised; ModelError if the model cannot be read
 */
export async function checkGradients({ manifest, modelPath }: Network): Promise<string> {
  const model = await readModel(modelPath);
  const { width, height } = manifest.input;
  const imageShape = [1, 3, height, width] as const;
  const layers = layerTable(model, specialise(model, imageShape)).slice(1);
  let firstObstacle: string | null = null;
  for (const layer of layers.toReversed()) {
    const obstacle = obstacleAt(model, layer, imageShape);
    if (obstacle === null) {
      const reach = `gradients reach the image from layer ${layer.index} of ${layers.length + 1}, '${layer.name}'`;
      return firstObstacle === null ? reach : `${reach}, but not from the last: ${firstObstacle}`;
    }
    firstObstacle ??= obstacle;
  }
  throw new NetworkError(
    `no layer of ${modelPath} can be visualised at ${width}x${height}: ${firstObstacle ?? "it has none"}`,
  );
}

/** Why the layer cannot be differentiated, or `null` if it can. */
function obstacleAt(
  model: Model,
  layer: Layer,
  imageShape: readonly [number, number, number, number],
): string | null {
  try {
    const pass = layerPass(model, layer, imageShape);
    differentiableGraph(pass, { objective: "rectified", provider: "cpu" });
    return null;
  } catch (error) {
    if (error instanceof ModelError || error instanceof UnsupportedGradientError) {
      return error.message;
    }
    throw error;
  }
}
