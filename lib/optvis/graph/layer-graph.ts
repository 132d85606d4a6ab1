import { vjp } from "../../autodiff/vjp.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph } from "../../onnx/model.ts";
import type { LayerPass } from "./layer-pass.ts";

/**
 * A layer, plain ONNX for the CPU, computed as an ascent computes it. Input `image` [N, planes, H,
 * W]; output `value`, the layer.
 */
export function layerGraph(pass: LayerPass): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const { layer } = vjp(graph, pass, { image, provider: "cpu" });
  return graph.build(`layer ${pass.layerName}`, [["value", layer]]);
}
