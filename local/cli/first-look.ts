import { classNamesOf } from "../../lib/networks/labels.ts";
import { hasChannels, type LayerWithChannels } from "../../lib/networks/layers.ts";
import { activatedValues } from "../../lib/onnx/activated-values.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { START_SECONDS } from "../../lib/pipeline/rates.ts";
import { completeRequest } from "../../lib/pipeline/request/complete-request.ts";
import {
  type LayerRole,
  layerRoles,
  mixesChannels,
} from "../../lib/pipeline/request/layer-role.ts";
import { parseLocalRequest } from "../../lib/pipeline/request/request.ts";
import { suggestionsOf } from "../../lib/pipeline/request/suggestion.ts";
import type { RecipeFields } from "../../lib/pipeline/request/suggestion-schema.ts";
import { type Drawing, drawingOf, workSeconds } from "../../lib/pipeline/request/work-seconds.ts";

/** A layer for the first look at a network, and how much of it is drawn. */
export interface LayerToSee {
  readonly layer: LayerWithChannels;
  /** 1-based, evenly spaced over the layer's. */
  readonly channels: readonly number[];
  /** Fewer than the method's own where not even two images would fit the time. */
  readonly fields: RecipeFields;
  /** Whether that is the network's own recipe. */
  readonly isOwn: boolean;
  /** About how long it takes, in seconds of one core. */
  readonly coreSeconds: number;
}

/** Of all that is drawn: a minute, less the starts. */
const LOOK_SECONDS = 55;
/**
 * Of the time, by what a layer sees: classes take longest, and first convolutions nearly nothing.
 */
const SHARES: Readonly<Record<LayerRole, number>> = { first: 0.06, middle: 0.17, whole: 0.6 };
/** Sheets that are full at four tiles a row, or three, or two. */
const COUNTS = [16, 12, 9, 6, 4, 2] as const;
/** With fewer, nothing has become of the noise. */
const LEAST_ITERATIONS = 16;
/** How far into the layers to choose from the middle ones are. */
const MIDDLES = [0.45, 0.75] as const;

/**
 * Chooses what to look at first: an early convolution, two from the middle, and the last layer, or
 * that of the named classes where a network ends in others too, as far as it has them; of each as
 * many channels as can be drawn in about a minute.
 *
 * Those from the middle go through an activation function, if enough do: it tells channels apart, each
 * by itself. A transformer's keys, queries and what it adds to its tokens mean something in sums
 * alone, and their channels look alike (Ghiasi et al., "What do Vision Transformers Learn?", 2022).
 *
 * @param cores that draw at once
 * @returns in the order of the network; none where no layer can be rendered
 */
export function firstLook(network: AnalysedNetwork, cores: number): readonly LayerToSee[] {
  const { layers, problems, model, labels } = network;
  const renderable = layers.filter(hasChannels).filter(({ index }) => !problems.has(index));
  const roleOf = layerRoles(model.model.graph);
  const learned = renderable.filter(mixesChannels);
  const candidates = learned.length > 0 ? learned : renderable;
  const last =
    candidates.findLast((layer) => classNamesOf(layer, layers, labels) !== null) ??
    candidates.findLast((layer) => roleOf(layer) === "whole") ??
    candidates.at(-1);
  if (last === undefined) return [];
  const before = candidates.filter(({ index }) => index < last.index);
  const maps = before.filter((layer) => roleOf(layer) !== "whole");
  const activated = activatedValues(model.model.graph);
  const neurons = maps.filter(({ value }) => activated.has(value));
  const among = neurons.length >= MIDDLES.length ? neurons : maps;
  const middles = MIDDLES.flatMap((share) => among[Math.floor(share * among.length)] ?? []);
  const chosen = [...new Set([...maps.slice(0, 1), ...middles, last])];
  const suggestionOf = suggestionsOf(network);
  return chosen.map((layer) => {
    const role = roleOf(layer);
    const { fields, isOwn } = suggestionOf(layer);
    // with deepdream a level less deep
    const recipe = fields.method === "deepdream" ? { pyramidLevels: 1, ...fields } : fields;
    const budget = LOOK_SECONDS * cores * SHARES[role];
    return { ...howMuch(layer, recipe, network.model, { budget, cores }), isOwn };
  });
}

/** @param budget in seconds of one core */
function howMuch(
  layer: LayerWithChannels,
  fields: RecipeFields,
  network: NetworkModel,
  { budget, cores }: { readonly budget: number; readonly cores: number },
): Omit<LayerToSee, "isOwn"> {
  const channels = [1];
  const request = parseLocalRequest({ network: "any", layer: layer.index, channels, ...fields });
  const complete = completeRequest(request, { channels }, { network, layer });
  const drawing = drawingOf(complete, network.inputSize);
  const secondsOf = (numIterations: number) =>
    imageSeconds(network, layer, { ...drawing, numIterations });
  const { numIterations } = drawing;
  const [card, seconds] = [secondsOf(0), secondsOf(numIterations)];
  const iterationSeconds = (seconds - card) / numIterations;
  const fitting = COUNTS.find((count) => count * seconds <= budget);
  const count = Math.min(layer.channels, fitting ?? COUNTS.at(-1)!);
  const affordable = Math.floor((budget / count - card) / iterationSeconds);
  const fewer = fitting === undefined ? Math.max(LEAST_ITERATIONS, affordable) : numIterations;
  const steps = Math.min(fewer, numIterations);
  return {
    layer,
    channels: evenly(count, layer.channels),
    fields: { ...fields, ...(steps < numIterations && { numIterations: steps }) },
    coreSeconds: cores * START_SECONDS + count * (card + steps * iterationSeconds),
  };
}

/** Of an image, one of several of a session; 0 where its request will say why there can be none. */
function imageSeconds(network: NetworkModel, layer: LayerWithChannels, drawing: Drawing): number {
  try {
    return workSeconds(network, layer, drawing).channel;
  } catch (error) {
    if (error instanceof ModelError) return 0;
    throw error;
  }
}

/** `count` of 1 to `total`, as far from each other as from the ends. */
function evenly(count: number, total: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count) + 1);
}
