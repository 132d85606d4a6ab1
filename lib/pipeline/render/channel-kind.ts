import { classNamesOf } from "../../networks/labels.ts";
import { extentsOf, type Layer } from "../../networks/layers.ts";
import { layersBehind } from "../../networks/layers-behind.ts";
import type { ChannelKind } from "../../optvis/quality/source-figures.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import type { ExaminationTask } from "./renderer.ts";

/** Operators whose outputs are probabilities. */
const PROBABILITIES: ReadonlySet<string> = new Set(["Softmax", "Sigmoid"]);

/**
 * What the layer's channels are. They are classes where the classes' names are its channels', or
 * where nothing but operators without weights lies between the layer and the softmax that ends the
 * network, or nothing at all between it and such a sigmoid.
 */
export function channelKind({
  network,
  ...reference
}: Pick<ExaminationTask, "network" | "layer" | "channelAxis">): ChannelKind {
  const layer = requestedLayer(reference, network);
  const later = layersBehind(layer, network.layers);
  const isClass =
    classNamesOf(layer, network.layers, network.labels) !== null || endsInClasses(layer, later);
  if (!isClass) return "features";
  if (PROBABILITIES.has(layer.type)) return "probabilities";
  if (later.some((each) => isSigmoidOf(layer, each, later))) return "multi-label logits";
  // a sigmoid of something else of them: what that is of each would have to be computed
  const isUnknown = later.some(({ type }) => type === "Sigmoid") && !later.some(isSoftmax);
  return isUnknown ? "features" : "logits";
}

function endsInClasses(layer: Layer, later: readonly Layer[]): boolean {
  const isVector = extentsOf(layer)?.every((length) => length === 1) ?? false;
  const end = [layer, ...later].find(
    (each) =>
      isSoftmax(each) ||
      (each === layer ? isLastSigmoid(each, later) : isSigmoidOf(layer, each, later)),
  );
  // of what ends the network another may be made, such as which is the largest
  const keepsChannels = ({ index, learnableCount, channels }: Layer) =>
    learnableCount === 0 && (channels === layer.channels || index > end!.index);
  return isVector && end !== undefined && later.every(keepsChannels);
}

const isSoftmax = ({ type }: Layer) => type === "Softmax" || type === "LogSoftmax";

/** One that others read may be part of an activation, X Sigmoid(X). */
const isLastSigmoid = ({ type, index }: Layer, later: readonly Layer[]) =>
  type === "Sigmoid" && later.every(({ inputs }) => !inputs.includes(index));

const isSigmoidOf = ({ index }: Layer, end: Layer, later: readonly Layer[]) =>
  end.inputs.join() === `${index}` && isLastSigmoid(end, later);
