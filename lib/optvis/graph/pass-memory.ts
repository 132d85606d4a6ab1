import { valuesRead } from "../../onnx/graph-order.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { PassRecipe } from "./graph-recipe.ts";

/** Of a float32. */
export const FLOAT_BYTES = 4;

/** What is kept on the way forward is met again on the way back, by a gradient of its size. */
const WAYS = 2;

/**
 * Bytes of all that a pass from image to layer and back computes. ONNX Runtime uses some of them
 * again for others, and keeps about as much for a session.
 *
 * @throws as `layerPass`
 */
export function passBytes(recipe: PassRecipe): number {
  const { nodes, bytesOf } = wayForward(recipe);
  return WAYS * bytesOf(nodes.flatMap(({ outputs }) => outputs));
}

/**
 * Bytes of what lives at once, at most, on the way from image to layer alone: a value goes when the
 * last node that reads it is done.
 *
 * @throws as `layerPass`
 */
export function forwardBytes(recipe: PassRecipe): number {
  const { nodes, input, bytesOf } = wayForward(recipe);
  const lastUses = new Map<Value, Node>();
  for (const node of nodes) {
    for (const value of [...node.outputs, ...valuesRead(node)]) lastUses.set(value, node);
  }
  const computed = new Set([input, ...nodes.flatMap(({ outputs }) => outputs)]);
  let live = bytesOf([input]);
  let most = live;
  for (const node of nodes) {
    live += bytesOf(node.outputs);
    most = Math.max(most, live);
    const done = new Set([...node.outputs, ...valuesRead(node)]);
    live -= bytesOf([...done].filter((v) => computed.has(v) && lastUses.get(v) === node));
  }
  return most;
}

function wayForward({ model, layer, imageShape }: PassRecipe) {
  const graph = specialise(model, imageShape);
  const bytesOf = (values: readonly Value[]) =>
    values.reduce((sum, v) => sum + FLOAT_BYTES * sizeOf(graph.facts.get(v)?.shape ?? []), 0);
  return { nodes: cutAt(graph, layer), input: graph.input, bytesOf };
}
