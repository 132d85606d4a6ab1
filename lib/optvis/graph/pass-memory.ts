import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { PassRecipe } from "./graph-recipe.ts";
import { isParted } from "./layer-pass.ts";

const FLOAT_BYTES = 4;

/** What is kept on the way forward is met again on the way back, by a gradient of its size. */
const WAYS = 2;

/**
 * Bytes of all that a pass from image to layer and back computes. ONNX Runtime uses some of them
 * again for others, and keeps about as much for a session.
 *
 * @throws as `layerPass`
 */
export function passBytes({ model, layer, imageShape }: PassRecipe): number {
  const graph = specialise(model, imageShape);
  const elements = cutAt(graph, layer.value, isParted(layer))
    .flatMap(({ outputs }) => outputs)
    .reduce((sum, output) => sum + sizeOf(graph.facts.get(output)?.shape ?? []), 0);
  return WAYS * FLOAT_BYTES * elements;
}
