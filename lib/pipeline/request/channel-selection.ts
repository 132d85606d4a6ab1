import { ClassNameError } from "../../networks/errors.ts";
import { classChannel, classNamesOf, whyNoLabels } from "../../networks/labels.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import { MAX_CHANNEL_INDEX, MAX_ENTRIES_TOLD } from "../limits.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { type ChannelRange, channelsIn, formatRange, parseRange } from "./channel-ranges.ts";
import type { RenderRequest } from "./request.ts";

/** What a selection is resolved against. */
export interface LayerChannels {
  /** For messages. */
  readonly layerName: string;
  readonly count: number;
  /** Class name of each channel, where the layer feeds the classifier. */
  readonly classNames: readonly string[] | null;
  /** Why they have none, where they have none. */
  readonly whyUnnamed: string;
}

/** The channels of a layer, by their class names where they have some. */
export function layerChannels(
  layer: LayerWithChannels,
  { layers, labels, description }: Pick<AnalysedNetwork, "layers" | "labels" | "description">,
): LayerChannels {
  return {
    layerName: layer.name,
    // a flattened layer may have more; their keys would be too long to sort
    count: Math.min(layer.channels, MAX_CHANNEL_INDEX),
    classNames: classNamesOf(layer, layers, labels),
    whyUnnamed:
      labels === null
        ? whyNoLabels(description)
        : `layer '${layer.name}' does not feed the classifier, so its channels have no class names`,
  };
}

export interface SelectedChannels {
  /** 1-based, in the request's order; not all of them where there are problems. */
  readonly channels: readonly number[];
  readonly problems: readonly string[];
}

/**
 * The channels that a request's `channels` names. Nothing is guessed: a channel out of range, named
 * twice, or a class name that no channel or several answer to is a problem.
 */
export function selectChannels(
  selection: NonNullable<RenderRequest["channels"]>,
  layer: LayerChannels,
): SelectedChannels {
  if (selection === "all")
    return { channels: channelsIn({ first: 1, last: layer.count }), problems: [] };
  const terms = typeof selection === "string" ? [selection] : selection;
  const channels: number[] = [];
  const problems: string[] = [];
  for (const [i, term] of terms.entries()) {
    const where = typeof selection === "string" ? "channels" : `channels[${i}]`;
    const resolved = resolveTerm(term, where, layer);
    if (!Array.isArray(resolved)) problems.push(resolved.problem);
    else for (const channel of resolved) channels.push(channel);
    // more channels than there are: some are given twice, and thousands of ranges would fill memory
    if (problems.length === MAX_ENTRIES_TOLD || channels.length > layer.count) break;
  }
  const repeated = repeatedOf(channels);
  if (repeated.length > 0) {
    const named = repeated.slice(0, MAX_ENTRIES_TOLD).join(", ");
    problems.push(`channels: given ${named} more than once; wanted each channel once`);
  }
  return { channels, problems };
}

/** The one channel that a number or a class's name means. */
export function selectChannel(
  name: number | string,
  where: string,
  layer: LayerChannels,
): { readonly channel: number } | { readonly problem: string } {
  const range = rangeOf(name);
  if (range !== null && range.first !== range.last) {
    return {
      problem: `${where}: given '${name}'; wanted one channel of layer '${layer.layerName}'`,
    };
  }
  const resolved =
    range === null
      ? resolveClass(`${name}`, where, layer, `a channel from 1 to ${layer.count}`)
      : checkRange(range, where, layer);
  return Array.isArray(resolved) ? { channel: resolved[0]! } : resolved;
}

function repeatedOf(channels: readonly number[]): number[] {
  const seen = new Set<number>();
  const repeated = new Set<number>();
  for (const channel of channels) (seen.has(channel) ? repeated : seen).add(channel);
  return [...repeated];
}

type Term = number[] | { readonly problem: string };

function resolveTerm(term: number | string, where: string, layer: LayerChannels): Term {
  const range = rangeOf(term);
  if (range !== null) return checkRange(range, where, layer);
  const name = `${term}`;
  const wanted = `channels 1 to ${layer.count}, or a range, 1:${layer.count}`;
  const resolved = resolveClass(name, where, layer, wanted);
  const parts = Array.isArray(resolved) ? [] : severalIn(name, layer);
  if (parts.length === 0) return resolved;
  const each = parts.map((part) => `'${part}'`);
  return { problem: `${where}: given '${term}'; wanted each by itself, ${each.join(" and ")}` };
}

/** @returns `null` for a name: in quotes digits alone may be a class's */
function rangeOf(term: number | string): ChannelRange | null {
  if (typeof term === "number") return { first: term, last: term };
  return term.includes(":") ? parseRange(term) : null;
}

/** What a term names that was meant as a list: a class's name may have commas too. */
function severalIn(term: string, layer: LayerChannels): readonly string[] {
  const parts = term.split(",").map((part) => part.trim());
  const isChannel = (part: string) =>
    Array.isArray(resolveTerm(/^\d+$/.test(part) ? Number(part) : part, "", layer));
  return parts.length > 1 && parts.every(isChannel) ? parts : [];
}

function checkRange(range: ChannelRange, where: string, layer: LayerChannels): Term {
  const given = formatRange(range);
  if (range.last < range.first)
    return { problem: `${where}: given ${given}; wanted start:end with start first` };
  if (range.first >= 1 && range.last <= layer.count) return channelsIn(range);
  return {
    problem: `${where}: given ${given}; wanted channels 1 to ${layer.count} of layer '${layer.layerName}'`,
  };
}

/** @param wanted where classes have no names */
function resolveClass(name: string, where: string, layer: LayerChannels, wanted: string): Term {
  const given = `${where}: given '${name}'`;
  if (layer.classNames === null) {
    return { problem: `${given}; ${layer.whyUnnamed}; wanted ${wanted}` };
  }
  try {
    return [classChannel(layer.classNames, name)];
  } catch (error) {
    if (error instanceof ClassNameError) return { problem: `${given}; ${error.message}` };
    throw error;
  }
}
