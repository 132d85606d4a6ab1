import { DescriptionError, NetworkError, NetworkNotFoundError } from "../../lib/networks/errors.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "../../lib/networks/layers.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { NetworkSource } from "../../lib/pipeline/networks/bucket-networks.ts";
import { ProblemError } from "./problem.ts";

interface LookDeps {
  readonly networks: Pick<NetworkSource, "open">;
}

/** @throws ProblemError if there is no such network, or it cannot be used */
export async function lookInto<T>(
  id: string,
  { networks }: LookDeps,
  look: (network: AnalysedNetwork) => T,
): Promise<T> {
  try {
    return look(await networks.open(id));
  } catch (error) {
    if (error instanceof NetworkNotFoundError) {
      throw noSuchNetwork(id);
    }
    if (error instanceof DescriptionError || error instanceof ModelError) {
      throw new ProblemError("conflict", [`network '${id}' cannot be used: ${error.message}`]);
    }
    if (error instanceof NetworkError) {
      throw new ProblemError("conflict", [`network: ${error.message}`]);
    }
    throw error;
  }
}

export const noSuchNetwork = (id: string) =>
  new ProblemError("not-found", [`there is no network '${id}'`]);

/** A layer by its 1-based index. @throws ProblemError if there is none */
export function layerAt({ layers, description }: AnalysedNetwork, index: number): Layer {
  const layer = layers[index - 1];
  if (layer !== undefined) return layer;
  throw new ProblemError("not-found", [
    `network '${description.id}' has no layer ${index}: it has ${layers.length}`,
  ]);
}

/** A layer by its 1-based index, that has a channel, 1-based. @throws ProblemError if there is none */
export function layerWithChannel(
  network: AnalysedNetwork,
  index: number,
  channel: number,
): LayerWithChannels {
  const layer = layerAt(network, index);
  if (hasChannels(layer) && channel <= layer.channels) return layer;
  throw new ProblemError("not-found", [
    `layer ${index} of network '${network.description.id}' has no channel ${channel}: it has ${layer.channels ?? "none"}`,
  ]);
}
