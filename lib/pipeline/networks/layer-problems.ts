import { surveyGradients } from "../../autodiff/survey-gradients.ts";
import { LayerNotFoundError } from "../../networks/errors.ts";
import { findLayer, type Layer, type LayerWithChannels } from "../../networks/layers.ts";
import { specialise } from "../../onnx/static-graph.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";

/**
 * Why a layer's channels cannot be rendered, by the layer's 1-based index; no entry for a layer
 * whose channels can.
 */
export function layerProblems({
  model: { model, inputSize },
  layers,
}: AnalysedNetwork): ReadonlyMap<number, string> {
  const imageShape = [1, 3, inputSize.height, inputSize.width] as const;
  const { graph, input, problems, unbatched } = specialise(model, imageShape);
  const nodes = graph.nodes.filter(
    ({ outputs }) => !outputs.some((output) => problems.has(output)),
  );
  const network = { nodes, initializers: graph.initializers, input };
  const withoutGradient = surveyGradients(network, imageShape);
  const problemOf = ({ type, value, channels }: Layer): string | null => {
    if (type === "Input") return "it is the image itself";
    const problem = problems.get(value) ?? unbatched.get(value) ?? withoutGradient.get(value);
    return (
      problem?.message ?? (channels === null ? "it has no channels; choose another layer" : null)
    );
  };
  return new Map(
    layers.flatMap((layer) => {
      const problem = problemOf(layer);
      return problem === null ? [] : [[layer.index, problem]];
    }),
  );
}

/**
 * The layer with a 1-based index or a name, if it has channels.
 *
 * @throws LayerNotFoundError if no layer answers to it, or it has no channels to render
 */
export function findLayerWithChannels(
  network: AnalysedNetwork,
  reference: string | number,
): LayerWithChannels {
  const { layers } = network;
  const layer = findLayer(layers, reference);
  if (layer.type === "Input") {
    throw new LayerNotFoundError(
      `layer 1 is the image itself; choose one of 2 to ${layers.length}`,
    );
  }
  const { channels } = layer;
  if (channels !== null) return { ...layer, channels };
  const problem = layerProblems(network).get(layer.index)!;
  throw new LayerNotFoundError(`layer '${layer.name}' cannot be rendered: ${problem}`);
}
