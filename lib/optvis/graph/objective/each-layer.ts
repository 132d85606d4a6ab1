import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import type { MapObjective } from "./names.ts";
import { emitObjective } from "./objective.ts";

/** Of several layers. */
interface ValuesOfEach {
  /** [N]: those of the layers, added up. */
  readonly activation: Value;
  /** dObjective/dY of each, in their order. */
  readonly cotangents: readonly Value[];
}

/**
 * An objective on each of several layers, each with a map and a mean of its own, added up:
 *
 *     L = sum over layers l of L_l,  dL/dY_l = dL_l/dY_l
 *
 * Source: the sums of objectives in Lucid's optvis/objectives.py.
 *
 * @param layers each [N, C_l, ...]
 * @param selection [N, sum of C_l]: the weights of one layer's channels after another's
 */
export function emitOnEachLayer(
  graph: GraphBuilder,
  layers: readonly Value[],
  selection: Value,
  objective: MapObjective,
): ValuesOfEach {
  const counts = layers.map((y) => graph.shapeOf(y)[1]!);
  const attributes = { axis: 1 };
  const parts = graph.emitMany("Split", [selection, graph.ints(counts)], attributes, layers.length);
  const found = layers.map((y, i) => emitObjective(graph, y, parts[i]!, objective));
  return {
    activation: found
      .map(({ activation }) => activation)
      .reduce((sum, activation) => graph.emit("Add", [sum, activation])),
    cotangents: found.map(({ cotangent }) => cotangent),
  };
}
