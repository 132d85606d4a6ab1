import type { ForwardPass } from "../../lib/autodiff/forward-trace.ts";
import { vjp, type VjpOptions } from "../../lib/autodiff/vjp.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import type { Graph, Node } from "../../lib/onnx/model.ts";

/** A pass from `x` to `y`. */
export function passOf(nodes: readonly Node[], more: Partial<ForwardPass> = {}): ForwardPass {
  return { nodes, initializers: new Map(), input: "x", layer: "y", layerName: "y", ...more };
}

interface GradientGraph {
  /** Of the layer, `y`, and its pullback, `dx`, from the image `x` and `dy`. */
  readonly graph: Graph;
  /** Of `y` and `dy`. */
  readonly layerShape: readonly number[];
}

/** @param imageShape [N, C, H, W] */
export function gradientGraph(
  pass: ForwardPass,
  imageShape: readonly number[],
  options: Omit<VjpOptions, "image">,
): GradientGraph {
  const graph = new GraphBuilder();
  const image = graph.input("x", "float32", imageShape);
  const { layer, pullback } = vjp(graph, pass, { image, ...options });
  const layerShape = graph.shapeOf(layer);
  const dX = pullback(graph.input("dy", "float32", layerShape));
  const outputs = [
    ["y", layer],
    ["dx", dX],
  ] as const;
  return { graph: graph.build("gradient", outputs), layerShape };
}
