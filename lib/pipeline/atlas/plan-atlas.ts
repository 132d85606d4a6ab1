import { hasChannels, type LayerWithChannels } from "../../networks/layers.ts";
import { secondsOnCores } from "../job/estimate.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { MAX_ENTRIES_TOLD } from "../limits.ts";
import { parseRange } from "../request/channel-ranges.ts";
import { mixesChannels } from "../request/layer-role.ts";
import { parseRequest, type RenderRequest, RequestError } from "../request/request.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import { resolveRequest } from "../request/resolve-request.ts";
import type { ResolvedRequest } from "../request/resolved-request.ts";
import { suggestionsOf } from "../request/suggestion.ts";

/** What of a network an atlas shows. */
export interface AtlasSelection {
  /**
   * Names or 1-based indices.
   *
   * @default every layer that mixes channels with trained weights and has any of the channels
   */
  readonly layers?: readonly (string | number)[] | undefined;
  /** Of each layer those that it has of them, `"1:64"` or `"5"`. */
  readonly channels: string;
}

/** One layer of an atlas: a request as a person would write it, and what it resolved to. */
export interface AtlasSheet {
  readonly layer: LayerWithChannels;
  readonly request: RenderRequest;
  readonly resolved: ResolvedRequest;
}

/**
 * What draws a network layer by layer, in the network's order, each with the method and the preset
 * that suit it. Nothing is drawn yet.
 *
 * @throws RequestError listing the problems of its layers, the first `MAX_ENTRIES_TOLD`
 */
export async function planAtlas(
  network: AnalysedNetwork,
  { layers: references, channels }: AtlasSelection,
): Promise<readonly AtlasSheet[]> {
  const range = parseRange(channels);
  if (range === null || range.first < 1 || range.last < range.first) {
    throw new RequestError([`channels: given '${channels}'; wanted a range such as "1:64"`]);
  }
  const suggestionOf = suggestionsOf(network);
  const problems: string[] = [];
  const sheets: AtlasSheet[] = [];
  for (const reference of new Set(references ?? learnedLayers(network, range.first))) {
    if (problems.length >= MAX_ENTRIES_TOLD) break;
    try {
      const layer = requestedLayer({ layer: reference }, network);
      const last = Math.min(range.last, layer.channels);
      const { fields } = suggestionOf(layer);
      const request = parseRequest({
        network: network.description.id,
        layer: layer.index,
        // where a layer that was named has none of them, the request says so itself
        channels: `${range.first}:${Math.max(range.first, last)}`,
        verbose: false,
        ...fields,
      });
      sheets.push({ layer, request, resolved: await resolveRequest(request, network, null) });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // which layer it is stands before
      const told = error.problems.map((problem) => problem.replace(/^layer: /, ""));
      problems.push(...told.map((problem) => `layer '${reference}': ${problem}`));
    }
  }
  if (problems.length > 0) throw new RequestError(problems);
  // one layer may have been named twice, by its name and by its index
  const once = new Map(sheets.map((sheet) => [sheet.layer.index, sheet]));
  return [...once.values()].toSorted((a, b) => a.layer.index - b.layer.index);
}

/** Seconds that all images of an atlas take one CPU core together, by estimate. */
export function atlasSeconds(sheets: readonly AtlasSheet[]): number {
  return sheets.reduce(
    (sum, { resolved: { seconds, channels } }) =>
      seconds === null ? sum : sum + secondsOnCores(channels.length, seconds),
    0,
  );
}

/** Indices of the layers that an atlas has by itself. */
function learnedLayers(
  { description, layers, problems }: AnalysedNetwork,
  firstChannel: number,
): readonly number[] {
  const learned = layers
    .filter(hasChannels)
    .filter((layer) => mixesChannels(layer) && !problems.has(layer.index));
  if (learned.length === 0) {
    throw new RequestError([
      `layers: none of network '${description.id}' mixes channels with weights and can be rendered; name some`,
    ]);
  }
  const most = Math.max(...learned.map(({ channels }) => channels));
  if (most < firstChannel) {
    throw new RequestError([
      `channels: given ${firstChannel} and more; wanted channels 1 to ${most}, which is as many as any layer has`,
    ]);
  }
  return learned.filter(({ channels }) => channels >= firstChannel).map(({ index }) => index);
}
