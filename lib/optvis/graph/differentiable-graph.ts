import type { ForwardPass } from "../../autodiff/forward-trace.ts";
import { formsOf } from "../../autodiff/forms/index.ts";
import { vjp } from "../../autodiff/vjp.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { selectChannel } from "./select-channel.ts";
import { emitObjective, type Objective } from "./objectives.ts";

/** One layer of a network at one image size, ready to be differentiated. */
export interface LayerPass extends ForwardPass {
  /** [N, 3, H, W] */
  readonly imageShape: readonly [n: number, c: number, h: number, w: number];
  /** Axis 1 of the layer's output. */
  readonly channels: number;
}

export interface ActivationAndGradient {
  /** [N] */
  readonly activation: Value;
  /** dObjective/dImage, [N, 3, H, W]. */
  readonly gradient: Value;
}

/**
 * Emits forward and backward pass: each image's activation on its selected channel, and the
 * gradient of its objective.
 *
 * @param image [N, 3, H, W] in network input units
 * @param selection [N, C], one-hot rows
 */
export function emitActivationAndGradient(
  graph: GraphBuilder,
  { image, selection }: { readonly image: Value; readonly selection: Value },
  pass: LayerPass,
  { objective, provider }: { readonly objective: Objective; readonly provider: Provider },
): ActivationAndGradient {
  const { computesSelectedChannelOnly } = formsOf(provider, graph);
  const selected = computesSelectedChannelOnly ? selectChannel(graph, pass, selection) : null;
  const inputs = { image, replacements: selected?.replacements ?? new Map<Value, Value>() };
  const { layer, pullback } = vjp(graph, inputs, pass, provider);
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
  const { activation, gradient } = emitActivationAndGradient(
    graph,
    { image, selection },
    pass,
    options,
  );
  return graph.build(`differentiable ${pass.layerName}`, [
    ["activation", activation],
    ["gradient", gradient],
  ]);
}

/**
 * `value` times one factor per colour; the network reads (pixel - mean) * scale.
 *
 * @param scale per plane, in the network's channel order
 */
export function emitColourScale(
  graph: GraphBuilder,
  value: Value,
  scale: readonly number[],
): Value {
  if (scale.every((factor) => factor === 1)) return value;
  return graph.emit("Mul", [value, graph.constant(floatTensor([1, scale.length, 1, 1], scale))]);
}
