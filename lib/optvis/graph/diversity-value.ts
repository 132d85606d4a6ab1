import type { Model, Value } from "../../onnx/model.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { type ImageShape, isParted, type TargetLayer } from "./layer-pass.ts";

/**
 * Fewer places are no statement of what an image is made of: 7x7 and 14x14 are common at the end of
 * a network, 1x1 is what the classifier sees.
 */
const FEWEST_PLACES = 4;

/**
 * Where images of one target are to differ: in the layer itself where it is a map, else in the last
 * map before it.
 *
 * @returns `null` if there is none
 * @throws ModelError as `layerPass`
 */
export function diversityValue(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
): Value | null {
  const graph = specialise(model, imageShape);
  const isMap = (value: Value) => {
    const shape = graph.unbatched.has(value) ? undefined : graph.facts.get(value)?.shape;
    return shape !== undefined && shape.length > 2 && sizeOf(shape.slice(2)) >= FEWEST_PLACES;
  };
  const nodes = cutAt(graph, layer.value, isParted(layer)).toReversed();
  return nodes.flatMap(({ outputs }) => outputs).find(isMap) ?? null;
}
