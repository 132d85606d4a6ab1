import { firstSynonym } from "../../networks/labels.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { circuitOf } from "../networks/circuit.ts";
import type { Circuit } from "../networks/circuit-schema.ts";
import { layerChannels, selectChannel } from "./channel-selection.ts";
import { RequestError } from "./request.ts";
import { requestedLayer } from "./requested-layer.ts";

/** Which channel is asked about. */
export interface ChannelReference {
  /** Name or 1-based index of its layer. */
  readonly layer: string | number;
  /** Its 1-based number, or the name of a class. */
  readonly channel: string | number;
}

export interface NamedCircuit extends Circuit {
  /** The name of the channel's class, or "#" and its number. */
  readonly label: string;
}

/**
 * All that a channel is made of, and all that is made of it; see `channelWeights`, `channelUses`.
 *
 * @throws RequestError for a layer or channel that is not there; ModelError
 */
export function namedCircuit(network: AnalysedNetwork, asked: ChannelReference): NamedCircuit {
  const { layer, channel, label } = namedChannel(network, asked);
  return { ...circuitOf(network, layer, channel, Infinity), label };
}

/** The channel that is meant, and how people call it. @throws RequestError if it is not there */
export function namedChannel(
  network: AnalysedNetwork,
  { layer: reference, channel: word }: ChannelReference,
) {
  const layer = requestedLayer({ layer: reference }, network);
  const channels = layerChannels(layer, network);
  const selected = selectChannel(word, "channel", channels);
  if ("problem" in selected) throw new RequestError([selected.problem]);
  const { channel } = selected;
  const label = firstSynonym(channels.classNames?.[channel - 1] ?? `#${channel}`);
  return { layer, channel, label };
}
