import { LayerNotFoundError } from "../../networks/errors.ts";
import type { Layer, LayerWithChannels } from "../../networks/layers.ts";
import { formatShape } from "../../onnx/tensor.ts";
import { findLayerWithChannels } from "../networks/layer-problems.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "./request.ts";

/** How a request, or a command line, names a layer and says where its channels lie. */
export interface LayerReference {
  /** Name, or 1-based index. */
  readonly layer: string | number;
  /** @default as decided from the operators that made it, see `channelAxes` */
  readonly channelAxis?: number | undefined;
}

/**
 * The layer that a request names, its channels along the axis that the request says.
 *
 * @throws RequestError if there is no such layer, it has no channels, or no such axis
 */
export function requestedLayer(
  { layer: reference, channelAxis }: LayerReference,
  network: Pick<AnalysedNetwork, "layers" | "problems">,
): LayerWithChannels {
  try {
    const layer = findLayerWithChannels(network, reference);
    return channelAxis === undefined ? layer : alongAxis(layer, channelAxis);
  } catch (error) {
    if (error instanceof LayerNotFoundError) throw new RequestError([`layer: ${error.message}`]);
    throw error;
  }
}

/** The layer with its channels along an axis of its output. @throws RequestError without one */
export function alongAxis(layer: Layer, channelAxis: number): LayerWithChannels {
  const shape = layer.shape ?? [];
  const channels = channelAxis < 1 ? undefined : shape[channelAxis];
  if (channels !== undefined) return { ...layer, channelAxis, channels };
  throw new RequestError([
    `channelAxis: given ${channelAxis}; wanted one of 1 to ${shape.length - 1}, layer '${layer.name}' being ${formatShape(shape)}`,
  ]);
}
