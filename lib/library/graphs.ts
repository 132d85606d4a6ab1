import type { Provider } from "../autodiff/provider.ts";
import { findLayer } from "../networks/find-layer.ts";
import type { Graph } from "../onnx/model.ts";
import { differentiableGraph as objectiveGraph } from "../optvis/graph/differentiable-graph.ts";
import { type ImageShape, imageShapeOf, layerPass } from "../optvis/graph/layer-pass.ts";
import type { Objective } from "../optvis/graph/objective/names.ts";
import { vjpGraph } from "../optvis/graph/vjp-graph.ts";
import { checkOptions, graphOptions } from "../pipeline/request/library-options.ts";
import type { Network } from "./network.ts";

export interface VjpOptions {
  /** Name, or 1-based index in `network.layers`. */
  readonly layer: string | number;
  /** [N, planes, H, W]. @default one image of the network's own size */
  readonly image?: ImageShape;
  /** Execution provider of ONNX Runtime that the graph is written for. @default cpu */
  readonly provider?: Provider;
}

/**
 * The vector-Jacobian product of a layer with respect to the image, as a graph of plain ONNX
 * operators that any runtime takes.
 *
 * Inputs: `image` [N, planes, H, W], as the network sees it: (pixel - mean) * scale, in its channel
 * order; `cotangent`, of the layer's shape. Outputs: `value`, the layer; `gradient`, of the
 * image's, the sum over the layer's elements of cotangent * d(value)/d(image). A layer in whose
 * leading axis each image has several places, as windows of tokens, is [N, places, ...] here.
 *
 * @throws LayerNotFoundError; ShapeMismatchError if the network does not take such images;
 *   UnsupportedGradientError naming the operator that has no gradient; RequestError for options
 *   that are none, as plain JavaScript may give them
 */
export function vjp(network: Network, options: VjpOptions): Graph {
  checkOptions(graphOptions, { network, ...options });
  const { parts } = findLayer(network.analysed.layers, options.layer);
  // as the layer is, whichever axis has its channels
  const asItIs = { ...options, channelAxis: parts > 1 ? 0 : 1 };
  return vjpGraph(passTo(network, asItIs), options.provider ?? "cpu");
}

export interface ObjectiveGraphOptions extends VjpOptions {
  readonly objective?: Objective;
  /** Of the layer's output, along which its channels lie. @default that of `network.layers` */
  readonly channelAxis?: number;
}

/**
 * The objective that an ascent raises, with its gradient with respect to the image, as a graph of
 * plain ONNX operators. One graph serves every channel of the layer.
 *
 * Inputs: `image` as for `vjp`; `selection` [N, C], a one-hot row for each image. Outputs:
 * `activation` [N], the mean of the selected channel's map; `gradient`, that of the
 * objective (`mean`: of the activation; `rectified`: of what exceeds it).
 *
 * @throws as `vjp`
 */
export function differentiableGraph(
  network: Network,
  { objective = "rectified", ...options }: ObjectiveGraphOptions,
): Graph {
  checkOptions(graphOptions, { network, objective, ...options });
  const provider = options.provider ?? "cpu";
  return objectiveGraph(passTo(network, options), { objective, provider });
}

function passTo(
  { input, analysed }: Network,
  { layer: reference, image, channelAxis }: ObjectiveGraphOptions,
) {
  const shape = image ?? imageShapeOf(analysed.model.model, 1, input);
  const layer = findLayer(analysed.layers, reference);
  const target = channelAxis === undefined ? layer : { ...layer, channelAxis };
  return layerPass(analysed.model.model, target, shape);
}
