import { type GradientObstacle, obstacleTo } from "../../autodiff/errors.ts";
import { type AtStop, vjp } from "../../autodiff/vjp.ts";
import type { Provider } from "../../autodiff/provider.ts";
import type { ReluWay } from "../../autodiff/rewrites/index.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Model, Value } from "../../onnx/model.ts";
import { type ImageShape, type LayerPass, layerPass, type TargetLayer } from "./layer-pass.ts";
import { type Diversity, emitApart } from "./objective/diversity.ts";
import { emitOnEachLayer } from "./objective/each-layer.ts";
import { isOnMap, type Objective, selectionShape } from "./objective/names.ts";
import { emitObjective } from "./objective/objective.ts";
import type { ActivationAndGradient, ImageAndSelection } from "./parts.ts";
import { SELECTS_CHANNEL, selectChannel } from "./select-channel.ts";

/** What a gradient is taken of, and what the graph is written for. */
export interface ObjectiveOptions {
  readonly objective: Objective;
  /** @default images that know nothing of each other */
  readonly diversity?: Diversity | null | undefined;
  /** @default gradient */
  readonly relu?: ReluWay | undefined;
  readonly provider: Provider;
}

/**
 * Emits forward and backward pass: each image's activation on what it selects, and the gradient of
 * its objective.
 *
 * @param image [N, planes, H, W] in network input units
 * @param selection of the objective's `selectionShape`
 */
export function emitActivationAndGradient(
  graph: GraphBuilder,
  { image, selection }: ImageAndSelection,
  pass: LayerPass,
  { objective, diversity, relu, provider }: ObjectiveOptions,
): ActivationAndGradient {
  const isOfSeveral = pass.others !== undefined && pass.others.length > 0;
  const canSelect = SELECTS_CHANNEL[provider] && isOnMap(objective) && !isOfSeveral;
  const selected = canSelect ? selectChannel(graph, pass, selection) : null;
  const replacements = selected?.replacements ?? new Map<Value, Value>();
  const stops = diversity ? [diversity.value] : [];
  const options = { image, replacements, provider, stops, relu };
  const { layer, others, pullback } = vjp(graph, pass, options);
  const atStop: AtStop = (_, value, asked) =>
    diversity ? emitApart(graph, value, asked, diversity) : asked;
  if (isOfSeveral) {
    if (!isOnMap(objective)) throw new Error("internal: several layers without maps of channels");
    const found = emitOnEachLayer(graph, [layer, ...others], selection, objective);
    const [first, ...rest] = found.cotangents;
    return { activation: found.activation, gradient: pullback(first!, atStop, rest) };
  }
  const rows = selected?.selection ?? selection;
  const { activation, cotangent } = emitObjective(graph, layer, rows, objective);
  return { activation, gradient: pullback(cotangent, atStop) };
}

/**
 * The differentiable graph of a layer, plain ONNX: inputs `image` [N, planes, H, W] and
 * `selection`, of the objective's `selectionShape` (for the objectives on a map [N, C]); outputs
 * `activation` [N] and `gradient` [N, planes, H, W].
 *
 * @throws UnsupportedGradientError naming operator, node and layer.
 */
export function differentiableGraph(pass: LayerPass, options: ObjectiveOptions): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const selection = selectionInput(graph, pass, options.objective);
  const values = { image, selection };
  const { activation, gradient } = emitActivationAndGradient(graph, values, pass, options);
  return graph.build(`differentiable ${pass.layerName}`, [
    ["activation", activation],
    ["gradient", gradient],
  ]);
}

/** Declares the graph's input `selection`. */
export function selectionInput(
  graph: GraphBuilder,
  { layerShape }: LayerPass,
  objective: Objective,
): Value {
  return graph.input("selection", "float32", selectionShape(objective, layerShape));
}

/** Of one model: its layers at the sizes of some usual requests. */
const MOST_FOUND = 2_000;

/** What was found of a model, by layer and shape: each request asks it again, an atlas of all. */
const found = new WeakMap<Model, Map<string, GradientObstacle | null>>();

/** Why no gradient reaches images of this shape from the layer, or `null` if one does. */
export function gradientObstacle(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
): GradientObstacle | null {
  const ofModel = found.get(model) ?? new Map<string, GradientObstacle | null>();
  found.set(model, ofModel);
  const { name, value, channelAxis, parts, batchAxis } = layer;
  const key = JSON.stringify([name, value, channelAxis, parts, batchAxis, imageShape]);
  const known = ofModel.get(key);
  if (known !== undefined) return known;
  const obstacle = obstacleTo(() => {
    const pass = layerPass(model, layer, imageShape);
    differentiableGraph(pass, { objective: "mean", provider: "cpu" });
  });
  // requests may name any number of sizes
  if (ofModel.size >= MOST_FOUND) ofModel.clear();
  ofModel.set(key, obstacle);
  return obstacle;
}
