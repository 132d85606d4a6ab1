import { UnsupportedGradientError } from "../../autodiff/errors.ts";
import { vjp } from "../../autodiff/vjp.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { ModelError } from "../../onnx/errors.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Model, Value } from "../../onnx/model.ts";
import { type ImageShape, type LayerPass, layerPass, type TargetLayer } from "./layer-pass.ts";
import type { Objective } from "./objective/names.ts";
import { emitObjective } from "./objective/objective.ts";
import type { ActivationAndGradient, ImageAndSelection } from "./parts.ts";
import { SELECTS_CHANNEL, selectChannel } from "./select-channel.ts";

/**
 * Emits forward and backward pass: each image's activation on its selected channel, and the
 * gradient of its objective.
 *
 * @param image [N, 3, H, W] in network input units
 * @param selection [N, C], one-hot rows
 */
export function emitActivationAndGradient(
  graph: GraphBuilder,
  { image, selection }: ImageAndSelection,
  pass: LayerPass,
  { objective, provider }: { readonly objective: Objective; readonly provider: Provider },
): ActivationAndGradient {
  const selected = SELECTS_CHANNEL[provider] ? selectChannel(graph, pass, selection) : null;
  const replacements = selected?.replacements ?? new Map<Value, Value>();
  const { layer, pullback } = vjp(graph, pass, { image, replacements, provider });
  const rows = selected?.selection ?? selection;
  const { activation, cotangent } = emitObjective(graph, layer, rows, objective);
  return { activation, gradient: pullback(cotangent) };
}

/**
 * The differentiable graph of a layer, plain ONNX: inputs `image` [N, 3, H, W] and `selection`
 * [N, C]; outputs `activation` [N] and `gradient` [N, 3, H, W].
 *
 * @throws UnsupportedGradientError naming operator, node and layer.
 */
export function differentiableGraph(
  pass: LayerPass,
  options: { readonly objective: Objective; readonly provider: Provider },
): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const selection = graph.input("selection", "float32", [pass.imageShape[0], pass.channels]);
  const values = { image, selection };
  const { activation, gradient } = emitActivationAndGradient(graph, values, pass, options);
  return graph.build(`differentiable ${pass.layerName}`, [
    ["activation", activation],
    ["gradient", gradient],
  ]);
}

/** Why no gradient reaches images of this shape from the layer, or `null` if one does. */
export function gradientObstacle(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
): UnsupportedGradientError | ModelError | null {
  try {
    const pass = layerPass(model, layer, imageShape);
    differentiableGraph(pass, { objective: "mean", provider: "cpu" });
    return null;
  } catch (error) {
    if (error instanceof UnsupportedGradientError || error instanceof ModelError) return error;
    throw error;
  }
}
