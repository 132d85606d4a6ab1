import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { foldConstants } from "../../lib/onnx/fold-constants.ts";
import { imageInputOf } from "../../lib/onnx/image-input.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { gradientObstacle } from "../../lib/optvis/graph/differentiable-graph.ts";

/** What came of a model file: how many layers it has, or why it is refused. */
export type Verdict =
  | { readonly kind: "accepted"; readonly layers: number }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Does with the bytes of a model all that comes before ONNX Runtime: reads it, measures its layers
 * and differentiates the first, a middle one and the last of them.
 *
 * @throws whatever is not the file's fault: a mistake of ours
 */
export async function examineModel(bytes: Uint8Array): Promise<Verdict> {
  try {
    const model = await foldConstants(decodeModel(bytes));
    const { shape } = imageInputOf(model.graph);
    const imageShape = [1, 3, shape?.[2] ?? 32, shape?.[3] ?? 32] as const;
    const layers = layerTable(model, specialise(model, imageShape));
    const withChannels = layers.slice(1).flatMap(({ channels, ...layer }) => {
      return channels === null ? [] : [{ ...layer, channels }];
    });
    for (const position of [0, 0.5, 1]) {
      const layer = withChannels[Math.floor(position * (withChannels.length - 1))];
      // one that cannot be differentiated is no reason to refuse the others
      if (layer) gradientObstacle(model, layer, imageShape);
    }
    return { kind: "accepted", layers: layers.length };
  } catch (error) {
    if (error instanceof ModelError || error instanceof UnsupportedGradientError) {
      return { kind: "refused", reason: error.message };
    }
    throw error;
  }
}
