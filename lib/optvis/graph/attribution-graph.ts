import { vjp } from "../../autodiff/vjp.ts";
import { ModelError } from "../../onnx/errors.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import { selectionInput } from "./differentiable-graph.ts";
import { channelsSecond, type LayerPass, type TargetLayer } from "./layer-pass.ts";
import { emitObjective } from "./objective/objective.ts";

/** The layer that a score is followed back to. */
export type AttributedLayer = Pick<TargetLayer, "value" | "name" | "channelAxis">;

/**
 * A score of one image, and its slope along a layer before it; for the CPU.
 *
 * Inputs: `image` [1, planes, H, W]; `selection` [1, C], the weights of the channels of `pass`'s
 * layer, of which the score is made. Outputs: `score` [1], the mean over places of their weighted
 * sum; `value`, the layer before, and `gradient`, d(score)/d(value), both [1, channels, ...].
 *
 * @throws UnsupportedGradientError naming operator, node and layer; ModelError where no slope leads
 *   back to the layer before
 */
export function attributionGraph(
  pass: LayerPass,
  { value, name, channelAxis = 1 }: AttributedLayer,
): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const selection = selectionInput(graph, pass, "mean");
  const { layer, pullback } = vjp(graph, pass, { image, stops: [value], provider: "cpu" });
  const { activation, cotangent } = emitObjective(graph, layer, selection, "mean");
  const inFront = (own: Value): Value => {
    if (channelAxis === 1) return own;
    const axes = [...graph.shapeOf(own).keys()];
    return graph.emit("Transpose", [own], { perm: channelsSecond(axes, channelAxis) });
  };
  const found: [string, Value][] = [];
  pullback(cotangent, (_, own, gradient) => {
    found.push(["value", inFront(own)], ["gradient", inFront(gradient)]);
    return gradient;
  });
  if (found.length === 0) {
    throw new ModelError(`layer '${pass.layerName}' does not depend on layer '${name}'`);
  }
  return graph.build(`attribution of ${pass.layerName}`, [["score", activation], ...found]);
}
