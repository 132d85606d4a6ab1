import type { Layer } from "../../networks/layers.ts";
import type { ChannelKind } from "../../optvis/quality/source-figures.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import { classNamesOf } from "../request/resolve-request.ts";
import type { ExaminationTask } from "./renderer.ts";

/** Operators whose outputs are probabilities. */
const PROBABILITIES: ReadonlySet<string> = new Set(["Softmax", "Sigmoid"]);

/**
 * What the layer's channels are. They are classes where the classes' names are its channels', or
 * where nothing but operators without weights lies between the layer and the softmax that ends the
 * network.
 */
export function channelKind({
  network,
  ...reference
}: Pick<ExaminationTask, "network" | "layer" | "channelAxis">): ChannelKind {
  const layer = requestedLayer(reference, network);
  const isClass =
    classNamesOf(layer, network.layers, network.labels) !== null ||
    feedsSoftmax(layer, network.layers.slice(layer.index));
  if (!isClass) return "features";
  return PROBABILITIES.has(layer.type) ? "probabilities" : "logits";
}

function feedsSoftmax(layer: Layer, later: readonly Layer[]): boolean {
  const isSoftmax = ({ type }: Layer) => type === "Softmax" || type === "LogSoftmax";
  const keepsChannels = ({ learnableCount, channels }: Layer) =>
    learnableCount === 0 && channels === layer.channels;
  const places = layer.shape?.slice(1).toSpliced(layer.channelAxis - 1, 1);
  const isVector = places?.every((length) => length === 1) ?? false;
  return isVector && later.every(keepsChannels) && [layer, ...later].some(isSoftmax);
}
