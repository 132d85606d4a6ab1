import { NetworkError } from "./errors.ts";
import { classNamesOf } from "./labels.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "./layers.ts";

interface Named {
  /** What the names were given with, such as an option or a file. */
  readonly given: string;
  /** The network, as whoever gave them calls it. */
  readonly network: string;
}

/**
 * The last layer whose channels have these names.
 *
 * @throws NetworkError where there is none: they are others', or not all
 */
export function labelledLayer(
  layers: readonly Layer[],
  labels: readonly string[],
  { given, network }: Named,
): LayerWithChannels {
  const withChannels = layers.filter(hasChannels);
  const labelled = withChannels.findLast((layer) => classNamesOf(layer, layers, labels) !== null);
  if (labelled !== undefined) return labelled;
  const last = withChannels.at(-1);
  throw new NetworkError(
    `${given}: given ${labels.length} class names; '${network}' ends with ${last?.channels ?? "no"} channels`,
  );
}
