import type { ForwardPass } from "../../autodiff/forward-trace.ts";
import { linearPart } from "../../networks/circuit/linear-part.ts";
import { linkedChannels, middleOf } from "../../networks/circuit/linked-channel.ts";
import { linksOfMap } from "../../networks/circuit/links-of-map.ts";
import { LayerNotFoundError } from "../../networks/errors.ts";
import { findLayer } from "../../networks/find-layer.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "../../networks/layers.ts";
import { layersBehind } from "../../networks/layers-behind.ts";
import { stridesOf } from "../../onnx/operators/elements.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../onnx/tensor.ts";
import { AscentEngine } from "../../optvis/ascent/engine.ts";
import { floatOutput } from "../../optvis/ascent/outputs.ts";
import { atOwnSize } from "../../optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../optvis/graph/vjp-graph.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { circuitLink, nameOf } from "../networks/circuit.ts";
import {
  type ChannelReference,
  type NamedCircuit,
  namedChannel,
} from "../request/named-circuit.ts";
import { RequestError } from "../request/request.ts";

/** What a channel is made of further back. */
export interface ExpandedReference extends ChannelReference {
  /** Name or 1-based index of a layer before it; 1 is the image. */
  readonly from: string | number;
}

/** Of `NamedCircuit` what leads to the channel; its sources are the channels of one layer. */
export type ExpandedCircuit = Omit<NamedCircuit, "useCount" | "uses">;

/**
 * The channels of a layer further back that a channel is made of, by all the weights between them
 * multiplied out; see `linearPart`. Each kernel covers all that the channel sees of the layer, from
 * a place in the middle.
 *
 * @throws RequestError for a layer or channel that is not there, or of which nothing comes of `from`;
 *   ModelError, UnsupportedGradientError for what is on the way
 */
export async function expandedWeights(
  network: AnalysedNetwork,
  { from: reference, ...asked }: ExpandedReference,
): Promise<ExpandedCircuit> {
  const { layers, model } = network;
  const { layer, channel, label } = namedChannel(network, asked);
  const from = sourceLayer(layers, layer, reference);
  const graph = atOwnSize(model);
  const part = linearPart(graph, from.value, layer.value);
  const slope = await slopeOf(
    { ...part, input: from.value, layer: layer.value, layerName: layer.name },
    {
      imageShape: graph.facts.get(from.value)!.shape,
      layerShape: graph.facts.get(layer.value)!.shape,
    },
    middleOf(graph, layer, channel).place,
  );
  const links = linksOfMap(slope, from);
  if (links.length === 0) {
    throw new RequestError([
      `from: given ${reference}; all weights from '${from.name}' to channel ${channel} of '${layer.name}' are 0; choose another layer`,
    ]);
  }
  const sources = linkedChannels(links);
  return {
    layer: nameOf(layer),
    channel,
    label,
    weighing: layers.filter(({ node }) => part.weighted.has(node?.output ?? "")).map(nameOf),
    count: sources.length,
    sources: sources.map((source) => circuitLink(source, model, Infinity)),
  };
}

/** @throws RequestError for a layer that is not there, or that another does not come of */
function sourceLayer(
  layers: readonly Layer[],
  layer: Layer,
  reference: string | number,
): LayerWithChannels {
  const from = layerNamed(layers, reference);
  if (
    !hasChannels(from) ||
    !layersBehind(from, layers).some(({ index }) => index === layer.index)
  ) {
    throw new RequestError([
      `from: given ${reference}; '${layer.name}' is not made of channels of '${from.name}'; choose a layer before it`,
    ]);
  }
  return from;
}

/** @throws RequestError if there is none */
function layerNamed(layers: readonly Layer[], reference: string | number): Layer {
  try {
    return findLayer(layers, reference);
  } catch (error) {
    if (error instanceof LayerNotFoundError) throw new RequestError([`from: ${error.message}`]);
    throw error;
  }
}

interface Shapes {
  /** Of what the pass begins with. */
  readonly imageShape: readonly number[];
  readonly layerShape: readonly number[];
}

/** Of one element of the layer of a linear pass, along all that the pass begins with. */
async function slopeOf(
  pass: ForwardPass,
  { imageShape, layerShape }: Shapes,
  place: readonly number[],
): Promise<FloatTensor> {
  const graph = vjpGraph({ ...pass, imageShape }, "cpu");
  await using engine = new AscentEngine({ threads: 1 });
  const outputs = await engine.evaluate(
    { key: graph.name, provider: "cpu", recipe: { kind: "graph", graph } },
    // of what is linear the slope is the same everywhere
    { image: allZeros(imageShape), cotangent: oneAt(place, layerShape) },
  );
  return floatOutput(outputs, "gradient");
}

const allZeros = (shape: readonly number[]) => floatTensor(shape, new Float32Array(sizeOf(shape)));

/** All 0 but one element, at a place. */
function oneAt(place: readonly number[], shape: readonly number[]): FloatTensor {
  const strides = stridesOf(shape);
  const at = place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
  const { data } = allZeros(shape);
  return floatTensor(shape, data.fill(1, at, at + 1));
}
