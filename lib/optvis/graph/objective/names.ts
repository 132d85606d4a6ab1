/** What an ascent can raise on a map of channels; each has a file of its name. */
export const OBJECTIVES = ["rectified", "mean"] as const;

export type MapObjective = (typeof OBJECTIVES)[number];

/**
 * What an ascent raises; each has a file of its name. The first two look at a map, which
 * `selection` [N, C] weighs together from the channels. `layer` looks at all the channels that
 * `selection` [N, C] has weights for. `neuron` and `direction` take a selection of the layer's own
 * shape, a weight for each element.
 */
export type Objective =
  | MapObjective
  | "layer"
  | "neuron"
  | {
      readonly kind: "direction";
      /** How much the angle counts besides the length; 0: not at all. */
      readonly cosinePower: number;
    };

/** Whether the objective is one on a map. */
export function isOnMap(objective: Objective): objective is MapObjective {
  return OBJECTIVES.some((each) => each === objective);
}

/**
 * Shape of the weights that an objective reads.
 *
 * @param layerShape [N, C, ...]
 */
export function selectionShape(
  objective: Objective,
  layerShape: readonly number[],
): readonly number[] {
  return isOnMap(objective) || objective === "layer" ? layerShape.slice(0, 2) : layerShape;
}
