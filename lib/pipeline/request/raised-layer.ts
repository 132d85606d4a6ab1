import type { Layer, LayerWithChannels } from "../../networks/layers.ts";
import { describeNode } from "../../onnx/node.ts";
import { fixesAnyMean, fixesMean } from "../../optvis/graph/fixed-mean.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";
import { preActivation } from "../../optvis/graph/pre-activation.ts";
import { isMap, isOfChannels } from "./fields/targets.ts";
import type { RenderRequest } from "./request.ts";

/** What of a request says what is raised of a layer. */
export type Raising = Pick<RenderRequest, "method" | "objective" | "targets">;

/**
 * The layer whose values are raised where channels are: of rectifiers under `fourier` what feeds
 * them, unless no image raises the mean of that and the mean is asked for; `deepdream` raises the
 * output itself, as deepDreamImage does.
 */
export function raisedLayer(request: Raising, model: NetworkModel, layer: LayerWithChannels) {
  const isOfFed = request.method === "fourier" && raisesChannels(request);
  const fed = isOfFed ? preActivation(model.model, layer) : null;
  if (fed === null || (raisesMeans(request) && fixesAnyMean(fed.rectified, model))) return layer;
  return { ...layer, value: fed.value };
}

/** That no image raises the mean of the layer's channels, where that is what is asked for. */
export function fixedMeanProblems(request: Raising, model: NetworkModel, layer: Layer): string[] {
  const fixing = raisesMeans(request) ? fixesMean(model, layer) : null;
  if (fixing === null) return [];
  return [
    `objective: no image raises the mean of a channel of layer '${layer.name}': ${describeNode(fixing)} makes it the same for all; give "rectified", or choose another layer`,
  ];
}

/** All targets of no channels raise the output. */
function raisesChannels({ targets }: Raising): boolean {
  return targets === undefined || targets.some(isOfChannels);
}

/** Whether it raises the mean of a map of channels. */
function raisesMeans({ objective, targets }: Raising): boolean {
  return objective === "mean" && (targets === undefined || targets.some(isMap));
}
