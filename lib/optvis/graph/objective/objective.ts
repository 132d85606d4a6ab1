import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import type { ObjectiveGradient, ObjectiveValues } from "../parts.ts";
import { direction } from "./direction.ts";
import { layer } from "./layer.ts";
import { mean } from "./mean.ts";
import { isOnMap, type MapObjective, type Objective } from "./names.ts";
import { neuron } from "./neuron.ts";
import { rectified } from "./rectified.ts";
import { emitOnWeightedMap } from "./weighted-map.ts";

const GRADIENTS: Readonly<Record<MapObjective, ObjectiveGradient>> = { mean, rectified };

/**
 * Emits the objective of each image, on what its row of `selection` weighs.
 *
 * @param y [N, C, ...]: the layer's output
 * @param selection of `selectionShape`
 */
export function emitObjective(
  graph: GraphBuilder,
  y: Value,
  selection: Value,
  objective: Objective,
): ObjectiveValues {
  if (isOnMap(objective)) return emitOnWeightedMap(graph, y, selection, GRADIENTS[objective]);
  if (objective === "neuron") return neuron(graph, y, selection);
  if (objective === "layer") return layer(graph, y, selection);
  return direction(objective.cosinePower)(graph, y, selection);
}
