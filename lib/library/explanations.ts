import {
  type AskedOfImage,
  type ClassExplanation,
  explainClass,
} from "../pipeline/explain/class-explanation.ts";
import {
  type ExpandedCircuit,
  type ExpandedReference,
  expandedWeights as weightsFrom,
} from "../pipeline/explain/expanded-weights.ts";
import {
  checkOptions,
  circuitOptions,
  expandedOptions,
  explainOptions,
} from "../pipeline/request/library-options.ts";
import {
  type ChannelReference,
  namedCircuit,
  type NamedCircuit,
} from "../pipeline/request/named-circuit.ts";
import { type Network, networkOf, type NetworkReference } from "./network.ts";

/** `image`, and `class`, `layer` and `pixels`, which have defaults. */
export interface ExplainOptions extends AskedOfImage {
  readonly network: NetworkReference;
}

/**
 * Shares the score of a class out among a layer's channels and places, gradient times activation,
 * and among the image's pixels, integrated gradients; as `dreamgrid explain` does.
 *
 * @throws RequestError, NetworkError for what is not there or cannot be explained; ImageError;
 *   ModelError; UnsupportedGradientError; RuntimeError; Node's own error for a file that cannot be
 *   read
 */
export async function explain({ network, ...asked }: ExplainOptions): Promise<ClassExplanation> {
  checkOptions(explainOptions, { network, ...asked });
  return explainClass((await networkOf(network)).analysed, asked);
}

/**
 * The channels that a channel is made of, and those that are made of it, the one with the largest
 * weights first; see `dreamgrid circuit`.
 *
 * @throws RequestError for what is not there, and for options that are none; ModelError for a channel
 *   that no weights lead to, as of what attention makes
 */
export function circuit(network: Network, asked: ChannelReference): NamedCircuit {
  checkOptions(circuitOptions, { network, ...asked });
  return namedCircuit(network.analysed, asked);
}

/**
 * The channels of a layer further back that a channel is made of, by all the weights between them
 * multiplied out, the one with the largest first; see `dreamgrid circuit --from`.
 *
 * @throws RequestError for what is not there or not made of that layer, and for options that are
 *   none; ModelError for what has no weights on the way; RuntimeError
 */
export async function expandedWeights(
  network: Network,
  asked: ExpandedReference,
): Promise<ExpandedCircuit> {
  checkOptions(expandedOptions, { network, ...asked });
  return weightsFrom(network.analysed, asked);
}
