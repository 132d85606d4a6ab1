import { ModelError } from "../../onnx/errors.ts";
import { describeNode } from "../../onnx/node.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import type { Layer, LayerWithChannels } from "../layers.ts";
import { Follower, type Origin } from "./follow.ts";
import {
  type Link,
  type LinkedChannel,
  linkedChannels,
  makerOf,
  makersOf,
  middleOf,
  ownerOf,
} from "./linked-channel.ts";
import { type NodeWeights, weightsOfNode } from "./weights-of-node.ts";

/** What a channel is made of: a sum over channels before it, each slid over by a kernel. */
export interface ChannelWeights {
  /** The layers that have the weights: one, or those that are added up. */
  readonly weighing: readonly Layer[];
  /** The strongest first. */
  readonly sources: readonly LinkedChannel[];
}

/**
 * The weights between a channel and those that it is made of.
 *
 * A channel is followed back to the convolution or matrix that makes it, through what passes
 * channels on: activation functions, pools, normalisations, joins and moves. So are the channels of
 * that one's input, to the layers that make them. Where layers are added, as in a residual block,
 * what each of them is made of counts, and one that is bent before it is added counts as it is. The
 * weights have the factors of normalisations on the way, where these are constant. Constants among
 * the channels, as planes of coordinates are, count no more than a bias.
 *
 * Source: Olah et al., "Zoom In: An Introduction to Circuits", Distill, 2020.
 *
 * @param graph the network at the size that `layers` is of
 * @param channel 1-based
 * @throws ModelError where the channel is the image's or a constant, or made in another way
 */
export function channelWeights(
  graph: StaticGraph,
  layers: readonly Layer[],
  layer: LayerWithChannels,
  channel: number,
): ChannelWeights {
  const follower = new Follower(graph);
  const makers = makersOf(layers, graph);
  const weighing = new Set<Layer>();
  const links: Link[] = [];
  const origin = follower.origin(middleOf(graph, layer, channel));
  for (const { made, weights } of termsOf(follower, origin)) {
    if (weights === null) {
      links.push({ ...ownerOf(made, makers), kernel: [made.factor], kernelShape: [] });
      continue;
    }
    weighing.add(makerOf(made, makers).layer);
    const { inputsOf, kernelOf, kernelShape } = weights;
    const sources = inputsOf(made).map((input) => follower.origin(input));
    const isOfConstants = sources.every(({ value }) => follower.isConstant(value));
    for (const [i, source] of sources.entries()) {
      if (follower.isConstant(source.value) && !isOfConstants) continue;
      const factor = made.factor * source.factor;
      const kernel = kernelOf(made, i).map((weight) => weight * factor);
      links.push({ ...ownerOf(source, makers), kernel, kernelShape });
    }
  }
  return { weighing: [...weighing], sources: linkedChannels(links) };
}

/** A summand of a channel. */
interface Term {
  readonly made: Origin;
  /** What makes it; `null`: it counts as it is. */
  readonly weights: NodeWeights | null;
}

function termsOf(follower: Follower, origin: Origin): readonly Term[] {
  const { node } = origin;
  if (node === null) {
    const what = follower.isConstant(origin.value)
      ? `the constant '${origin.value}' at the place that is looked at`
      : "the image's own";
    throw new ModelError(`the channel is ${what}: nothing makes it`);
  }
  const weights = weightsOfNode(node, follower.facts);
  if (weights !== null) return [{ made: origin, weights }];
  if (node.op !== "Add" && node.op !== "Sum") {
    throw new ModelError(
      `${describeNode(node)} makes the channel, which has no weights for it; choose a channel of a convolution or of a matrix`,
    );
  }
  return node.inputs
    .filter((value) => !follower.isConstant(value))
    .map((value): Term => {
      const own = follower.origin({ value, place: origin.place });
      const isWeighted = own.node !== null && !own.isBent;
      return {
        made: { ...own, factor: origin.factor * own.factor },
        weights: isWeighted ? weightsOfNode(own.node, follower.facts) : null,
      };
    });
}
