import type { ElementObjective } from "../parts.ts";
import { emitRowSums } from "./row-sums.ts";
import { emitSelected } from "./selected.ts";

/**
 * Single elements of the layer, such as a neuron: a channel at one place of its map.
 *
 *     L = sum over all elements of w a,  dL/da = w,  activation = L
 *
 * Source: `neuron` in Lucid's optvis/objectives.py.
 */
export const neuron: ElementObjective = (graph, y, weights) => ({
  activation: emitRowSums(graph, emitSelected(graph, y, weights)),
  cotangent: weights,
});
