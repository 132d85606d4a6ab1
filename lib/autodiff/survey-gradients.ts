import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Node, Value } from "../onnx/model.ts";
import { flatLayer, obstacleTo } from "./errors.ts";
import { type ForwardPass, ForwardTrace } from "./forward-trace.ts";
import { formsOf } from "./forms/index.ts";

/**
 * Why channels of a value cannot be rendered, for every value of a network that cannot: an operator
 * without a gradient on the way to it. Walks the network once.
 *
 * @param network all its nodes, as if each were a layer
 * @param imageShape [N, C, H, W]
 */
export function surveyGradients(
  network: Omit<ForwardPass, "layer" | "layerName">,
  imageShape: readonly number[],
): ReadonlyMap<Value, Error> {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", imageShape);
  const pass = { ...network, layer: "", layerName: "" };
  // a rule covers the same modes in the forms of every provider
  const trace = new ForwardTrace(graph, pass, { image, forms: formsOf("cpu", graph) });
  const obstacles = new Map<Value, Error>();
  const flat = new Map<Value, Error>();
  for (const node of network.nodes) {
    const obstacle = firstOf(obstacles, node) ?? obstacleTo(() => trace.visit(node));
    for (const output of node.outputs) {
      if (obstacle) obstacles.set(output, obstacle);
      // a mask or a computed weight: no layer itself, and no obstacle to those that read it
      else if (!trace.isActive(output)) flat.set(output, firstOf(flat, node) ?? flatLayer(node));
    }
  }
  return new Map([...flat, ...obstacles]);
}

function firstOf(problems: ReadonlyMap<Value, Error>, { inputs }: Node): Error | null {
  const input = inputs.find((value) => problems.has(value));
  return (input !== undefined && problems.get(input)) || null;
}
