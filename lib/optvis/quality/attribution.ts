import type { Planes } from "../../image/raster.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { AscentEngine } from "../ascent/engine.ts";
import { asNetworkInput, toNetworkPlanes } from "../ascent/network-planes.ts";
import { floatOutput } from "../ascent/outputs.ts";
import { channelPlace } from "../ascent/task.ts";
import type { AttributedLayer } from "../graph/attribution-graph.ts";
import type { GraphRecipe, WithoutPass } from "../graph/graph-recipe.ts";
import { imageShapeOf, type NetworkModel, type TargetLayer } from "../graph/layer-pass.ts";
import type { ChannelKind } from "./source-figures.ts";
import type { Feeds } from "../runtime/session.ts";
import { passGraph } from "../runtime/session-graph.ts";

/** What each channel and each place of a layer has to do with a score. */
export interface Attribution {
  /** What has been shared out. */
  readonly score: number;
  /** [rows, columns] of the layer's map; `null` where a channel is no map. */
  readonly mapSize: readonly [rows: number, columns: number] | null;
  /** Contribution of each place, all channels together, [places]. */
  readonly places: Float64Array;
  /** The layer's channels, the one that contributes most first. */
  readonly channels: readonly ChannelContribution[];
}

export interface ChannelContribution {
  /** 1-based. */
  readonly channel: number;
  /** To the score, in its unit; negative where it speaks against. */
  readonly contribution: number;
  /** That of each place, [places], of which it is the sum. */
  readonly places: Float64Array;
}

/** A weighted sum of a layer's channels, each the mean of its map. */
export interface Score {
  readonly network: NetworkModel;
  readonly layer: TargetLayer;
  /** [C] */
  readonly weights: Float32Array;
}

/**
 * A channel's own score. Of logits it is what the channel's is above the mean of all: softmax does
 * not see what they have in common, and no more should what explains it.
 *
 * @param channel 1-based
 * @param count of the layer's channels
 * @returns [C]
 */
export function scoreWeights(channel: number, count: number, kind: ChannelKind): Float32Array {
  const weights = new Float32Array(count).fill(kind === "logits" ? -1 / count : 0);
  weights[channelPlace(channel)]! += 1;
  return weights;
}

/** A score of an image, and its slope along a layer before it. */
export interface ScoreSlope {
  readonly score: number;
  /** What the layer makes of the image, a: [C, ...]. */
  readonly value: FloatTensor;
  /** d(score)/da, of the same shape. */
  readonly gradient: FloatTensor;
}

/**
 * @param image planes of 0..255, of a size that the network takes; red, green and blue if they are
 *   colours
 * @throws ModelError where the score does not depend on the layer; UnsupportedGradientError;
 *   RuntimeError
 */
export async function scoreSlope(
  engine: Pick<AscentEngine, "evaluate">,
  score: Score,
  to: AttributedLayer,
  image: Planes,
): Promise<ScoreSlope> {
  const outputs = await evaluated(engine, score, image, { kind: "attribution", to });
  const ofTheImage = (name: string) => {
    const { shape, data } = floatOutput(outputs, name);
    return floatTensor(shape.slice(1), data);
  };
  return {
    score: floatOutput(outputs, "score").data[0]!,
    value: ofTheImage("value"),
    gradient: ofTheImage("gradient"),
  };
}

/**
 * Shares a score out among the elements of a layer before it: gradient times activation.
 *
 *     s_cp = a_cp dS/da_cp
 *
 * Summed over places p it is what channel c contributes, summed over channels what place p does
 * (HiResCAM). Behind an average pool and one linear layer all of them add up to the score less its
 * bias, and the places are Grad-CAM's map but for a factor; further from the end the shares are
 * those of the network's linear part there.
 *
 * Sources: Olah et al., "The Building Blocks of Interpretability", Distill, 2018; Draelos and Carin,
 * "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks",
 * 2020; Selvaraju et al., "Grad-CAM", ICCV 2017.
 *
 * Takes, and throws, what `scoreSlope` does.
 */
export async function attribute(...asked: Parameters<typeof scoreSlope>): Promise<Attribution> {
  const { score, value, gradient } = await scoreSlope(...asked);
  return { score, ...contributions(value.shape, value.data, gradient.data) };
}

/**
 * How strongly a score depends on each place of layers before it: the largest |slope| of the place's
 * channels. It is 0 where nothing leads from there to the score, as from the patches of a
 * transformer that reads the class token alone.
 *
 * @returns [places] of each layer in turn
 * @throws as `scoreSlope`
 */
export async function reach(
  engine: Pick<AscentEngine, "evaluate">,
  score: Score,
  layers: readonly AttributedLayer[],
  image: Planes,
): Promise<readonly Float32Array[]> {
  const outputs = await evaluated(engine, score, image, { kind: "reach", layers });
  return layers.map((_, index) => {
    const name = `reach_${index}`;
    return name in outputs ? floatOutput(outputs, name).data : new Float32Array();
  });
}

/** Runs a graph of the score once. */
async function evaluated(
  engine: Pick<AscentEngine, "evaluate">,
  { network, layer, weights }: Score,
  image: Planes,
  recipe: WithoutPass<Extract<GraphRecipe, { kind: "attribution" | "reach" }>>,
): Promise<Feeds> {
  const shape = imageShapeOf(network.model, 1, image);
  const graph = passGraph({ network, layer }, shape, "cpu", recipe);
  return engine.evaluate(
    { ...graph, keepsMemory: false },
    {
      image: floatTensor(shape, asNetworkInput(toNetworkPlanes(image, network), network)),
      selection: floatTensor([1, weights.length], weights),
    },
  );
}

/** @param shape of both, [C, ...] */
function contributions(
  [count = 1, ...spatial]: readonly number[],
  value: Float32Array,
  gradient: Float32Array,
): Omit<Attribution, "score"> {
  const shares = Float64Array.from(value, (each, i) => each * gradient[i]!);
  const length = sizeOf(spatial);
  const channels = Array.from({ length: count }, (_, c): ChannelContribution => {
    const places = shares.subarray(c * length, (c + 1) * length);
    return { channel: c + 1, contribution: places.reduce((sum, share) => sum + share, 0), places };
  });
  const all = new Float64Array(length);
  shares.forEach((share, i) => (all[i % length]! += share));
  return {
    mapSize: mapSizeOf([count, ...spatial]),
    places: all,
    channels: channels.toSorted((a, b) => b.contribution - a.contribution),
  };
}

/** [rows, columns] of a map [C, rows, columns]; `null` for what is none. */
export function mapSizeOf([, ...spatial]: readonly number[]): Attribution["mapSize"] {
  const [rows, columns, ...more] = spatial;
  const isMap = rows !== undefined && columns !== undefined && more.length === 0;
  return isMap ? [rows, columns] : null;
}
