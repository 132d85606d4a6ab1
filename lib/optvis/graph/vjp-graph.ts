import type { ForwardPass } from "../../autodiff/forward-trace.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { vjp } from "../../autodiff/vjp.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph } from "../../onnx/model.ts";

/** A pass, and the shape of what it begins with: the image's, or another value's. */
export interface ShapedPass extends ForwardPass {
  readonly imageShape: readonly number[];
}

/**
 * A layer and its vector-Jacobian product, plain ONNX. Inputs `image`, of `imageShape`, and
 * `cotangent`, of the layer's shape; outputs `value`, the layer, and `gradient` = J^T cotangent,
 * of the image's.
 *
 * @throws UnsupportedGradientError naming operator, node and layer.
 */
export function vjpGraph(pass: ShapedPass, provider: Provider): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const { layer, pullback } = vjp(graph, pass, { image, provider });
  const cotangent = graph.input("cotangent", "float32", graph.shapeOf(layer));
  return graph.build(`vjp ${pass.layerName}`, [
    ["value", layer],
    ["gradient", pullback(cotangent)],
  ]);
}
