import type { Model } from "../../onnx/model.ts";
import type { TargetLayer } from "../../optvis/graph/layer-pass.ts";
import { preActivation } from "../../optvis/graph/pre-activation.ts";
import type { RenderRequest } from "./request.ts";

/**
 * The layer whose values are raised: of a rectifier under `fourier` what feeds it, as Lucid does;
 * `deepdream` raises the output itself, as deepDreamImage does.
 */
export function raisedLayer<L extends TargetLayer>(
  { method }: Pick<RenderRequest, "method">,
  model: Model,
  layer: L,
): L {
  const value = method === "fourier" ? preActivation(model, layer) : null;
  return value === null ? layer : { ...layer, value };
}
