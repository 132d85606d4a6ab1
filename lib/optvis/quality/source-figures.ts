/** What a layer's channels are: classes with a probability each, or features. */
export type ChannelKind =
  /** Outputs that softmax makes probabilities. */
  | "logits"
  /** Outputs of which the sigmoid makes each a probability by itself. */
  | "multi-label logits"
  | "probabilities"
  | "features";

/** What the network that a picture was drawn from sees in it. */
export interface SourceFigures {
  /** Mean of the channel's map. */
  readonly activation: number;
  /** Of the class, 0 to 1; `null` where channels are no classes. */
  readonly probability: number | null;
  /**
   * Place of the own channel among the layer's, 1 for the most activated; one that ties is behind.
   */
  readonly rank: number;
  /**
   * Mean over the changed copies: of the class's probability, or of the share of the other channels
   * that the own one is above; 0 to 1.
   */
  readonly robustness: number;
}

/**
 * The figures from each channel's activation in the picture and in its changed copies.
 *
 * @param place of the own channel, 0-based
 * @param picture [C]
 * @param copies each [C]
 * @returns `null` where an activation is not finite, so that there is nothing to compare
 */
export function sourceFigures(
  place: number,
  kind: ChannelKind,
  picture: Float32Array,
  copies: readonly Float32Array[],
): SourceFigures | null {
  if (![picture, ...copies].every((activations) => activations.every(Number.isFinite))) return null;
  const { length } = picture;
  const share = (activations: Float32Array) =>
    length === 1 ? 1 : channelsBelow(activations, place) / (length - 1);
  const probability = (activations: Float32Array) => probabilities(activations, kind)[place]!;
  const perCopy = copies.map(kind === "features" ? share : probability);
  return {
    activation: picture[place]!,
    probability: kind === "features" ? null : probability(picture),
    rank: length - channelsBelow(picture, place),
    robustness: perCopy.reduce((sum, value) => sum + value, 0) / copies.length,
  };
}

function channelsBelow(activations: Float32Array, place: number): number {
  const own = activations[place]!;
  return activations.filter((activation) => activation < own).length;
}

/** Probabilities of the classes: softmax of logits, or the sigmoid of each. */
export function probabilities(activations: Float32Array, kind: ChannelKind): Float64Array {
  if (kind === "multi-label logits") {
    return Float64Array.from(activations, (value) => 1 / (1 + Math.exp(-value)));
  }
  if (kind !== "logits") return Float64Array.from(activations);
  const largest = activations.reduce((most, value) => Math.max(most, value), -Infinity);
  const exponentials = Float64Array.from(activations, (value) => Math.exp(value - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}
