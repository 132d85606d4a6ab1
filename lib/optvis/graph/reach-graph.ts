import { vjp } from "../../autodiff/vjp.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import type { AttributedLayer } from "./attribution-graph.ts";
import { selectionInput } from "./differentiable-graph.ts";
import type { LayerPass } from "./layer-pass.ts";
import { emitObjective } from "./objective/objective.ts";

/**
 * How far back a score of one image leads, at each place of layers before it; for the CPU.
 *
 * Inputs as `attributionGraph` has them. An output for each layer, `reach_0` for the first: the
 * largest |d(score)/d(value)| over the channels, of the layer's shape without theirs, [1, ...]; none
 * for a layer that the score does not depend on.
 */
export function reachGraph(pass: LayerPass, layers: readonly AttributedLayer[]): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const selection = selectionInput(graph, pass, "mean");
  const stops = layers.map(({ value }) => value);
  const { layer, pullback } = vjp(graph, pass, { image, stops, provider: "cpu" });
  const { cotangent } = emitObjective(graph, layer, selection, "mean");
  const reached: [string, Value][] = [];
  pullback(cotangent, (stop, _, gradient) => {
    const index = stops.indexOf(stop);
    const axis = graph.ints([layers[index]!.channelAxis ?? 1]);
    const largest = graph.emit("ReduceMax", [graph.emit("Abs", [gradient]), axis], { keepdims: 0 });
    reached.push([`reach_${index}`, largest]);
    return gradient;
  });
  return graph.build(`reach of ${pass.layerName}`, reached);
}
