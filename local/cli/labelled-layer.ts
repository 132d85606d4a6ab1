import { classNamesOf } from "../../lib/networks/labels.ts";
import { hasChannels, type LayerWithChannels } from "../../lib/networks/layers.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { UsageError } from "./user-errors.ts";

/**
 * The last layer whose channels have these names.
 *
 * @param network as the user called it
 * @throws UsageError where there is none: they are others', or not all
 */
export function labelledLayer(
  { layers }: Pick<AnalysedNetwork, "layers">,
  labels: readonly string[],
  network: string,
): LayerWithChannels {
  const withChannels = layers.filter(hasChannels);
  const labelled = withChannels.findLast((layer) => classNamesOf(layer, layers, labels) !== null);
  if (labelled !== undefined) return labelled;
  const last = withChannels.at(-1);
  throw new UsageError(
    `--labels: given ${labels.length} class names; '${network}' ends with ${last?.channels ?? "no"} channels`,
  );
}
