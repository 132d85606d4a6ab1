import { channelUses } from "../../networks/circuit/channel-uses.ts";
import { channelWeights } from "../../networks/circuit/channel-weights.ts";
import type { LinkedChannel } from "../../networks/circuit/linked-channel.ts";
import type { Layer, LayerWithChannels } from "../../networks/layers.ts";
import { atOwnSize, type NetworkModel } from "../../optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";
import { type Circuit, type CircuitLink, COLOURS, MAX_KERNEL_NUMBERS } from "./circuit-schema.ts";

/**
 * A channel, the channels that it is made of by the largest weights, and those that are made of it.
 *
 * @param channel 1-based
 * @param most channels that are told, of both
 * @throws as `channelWeights`
 */
export function circuitOf(
  { model, layers }: AnalysedNetwork,
  layer: LayerWithChannels,
  channel: number,
  most: number,
): Circuit {
  const graph = atOwnSize(model);
  const { weighing, sources } = channelWeights(graph, layers, layer, channel);
  const uses = channelUses(graph, layers, layer, channel);
  const told = (link: LinkedChannel) => circuitLink(link, model);
  return {
    layer: nameOf(layer),
    channel,
    weighing: weighing.map(nameOf),
    count: sources.length,
    sources: sources.slice(0, most).map(told),
    useCount: uses.length,
    uses: uses.slice(0, most).map(told),
  };
}

/**
 * A channel at the other end of weights, as programs read it.
 *
 * @param most numbers of a kernel that are told one by one
 */
export function circuitLink(
  { layer, channel, share, kernel, kernelSize }: LinkedChannel,
  { planes }: Pick<NetworkModel, "planes">,
  most = MAX_KERNEL_NUMBERS,
): CircuitLink {
  const plane = layer.index === 1 ? (planes[channel - 1] ?? null) : null;
  const [rows, columns] = kernelSize;
  const isTold = kernel.length <= most;
  return {
    layer: nameOf(layer),
    channel,
    colour: plane === null ? null : COLOURS[plane]!,
    sum: inFewDigits(kernel.reduce((sum, weight) => sum + weight, 0)),
    share: inFewDigits(share),
    kernel: { rows, columns, weights: isTold ? Array.from(kernel, inFewDigits) : null },
  };
}

export const nameOf = ({ index, name }: Layer) => ({ index, name });
const inFewDigits = (weight: number) => Number(weight.toPrecision(4));
