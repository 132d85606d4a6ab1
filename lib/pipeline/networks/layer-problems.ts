import { surveyGradients } from "../../autodiff/survey-gradients.ts";
import { LayerNotFoundError } from "../../networks/errors.ts";
import { findLayer } from "../../networks/find-layer.ts";
import type { Layer, LayerWithChannels } from "../../networks/layers.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";

/**
 * Why a layer's channels cannot be rendered, by the layer's 1-based index; no entry for a layer
 * whose channels can.
 *
 * @param graph the network that has the layers, at its own image size
 */
export function layerProblems(
  { graph, input, facts, problems, unbatched }: StaticGraph,
  layers: readonly Layer[],
): ReadonlyMap<number, string> {
  const nodes = graph.nodes.filter(
    ({ outputs }) => !outputs.some((output) => problems.has(output)),
  );
  const network = { nodes, initializers: graph.initializers, input };
  const withoutGradient = surveyGradients(network, facts.get(input)!.shape);
  const problemOf = ({ type, value, shape, channels, parts, batchAxis }: Layer): string | null => {
    if (type === "Input") return "it is the image itself";
    if (shape?.includes(0)) return "it is empty at this image size; choose another layer";
    const problem =
      problems.get(value) ??
      (parts > 1 || batchAxis > 0 ? undefined : unbatched.get(value)) ??
      withoutGradient.get(value);
    return (
      problem?.message ??
      (channels === null ? "it has no channels; choose another layer, or give channelAxis" : null)
    );
  };
  return new Map(
    layers.flatMap((layer) => {
      const problem = problemOf(layer);
      return problem === null ? [] : [[layer.index, problem]];
    }),
  );
}

interface LayersAndProblems {
  readonly layers: readonly Layer[];
  /** As `layerProblems` found them. */
  readonly problems: ReadonlyMap<number, string>;
}

/**
 * The layer with a 1-based index or a name, if it has channels.
 *
 * @throws LayerNotFoundError if no layer answers to it, or it has no channels to render
 */
export function findLayerWithChannels(
  { layers, problems }: LayersAndProblems,
  reference: string | number,
): LayerWithChannels {
  const layer = findLayer(layers, reference);
  if (layer.type === "Input") {
    throw new LayerNotFoundError(
      `layer 1 is the image itself; choose one of 2 to ${layers.length}`,
    );
  }
  const { channels } = layer;
  if (channels !== null) return { ...layer, channels };
  const problem = problems.get(layer.index)!;
  throw new LayerNotFoundError(`layer '${layer.name}' cannot be rendered: ${problem}`);
}
