import { ModelError } from "../../onnx/errors.ts";
import type { Value } from "../../onnx/model.ts";
import { describeNode, firstOutput } from "../../onnx/node.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { Layer, LayerWithChannels } from "../layers.ts";
import { Follower, type Origin } from "./follow.ts";
import { type Weighted, weightsOfNode } from "./weights-of-node.ts";

/** What a channel is made of: a sum over channels before it, each slid over by a kernel. */
export interface ChannelWeights {
  /** The layers that have the weights: one, or those that are added up. */
  readonly weighing: readonly Layer[];
  /** The strongest first. */
  readonly sources: readonly SourceChannel[];
}

/** A channel that another one is made of. */
export interface SourceChannel {
  /** Whose channel it is; the first layer is the image. */
  readonly layer: Layer;
  /** 1-based. */
  readonly channel: number;
  /** [rows, columns] of the kernel. */
  readonly kernelSize: readonly [rows: number, columns: number];
  /** Row by row, as the channel sees it from its own place; above 0 excites. */
  readonly kernel: Float64Array;
  /** The kernel's L2 norm. */
  readonly strength: number;
  /** Of the squares of all weights: 0 to 1. */
  readonly share: number;
}

/**
 * The weights between a channel and those that it is made of.
 *
 * A channel is followed back to the convolution or matrix that makes it, through what passes
 * channels on: activation functions, pools, normalisations, joins and moves. So are the channels of
 * that one's input, to the layers that make them. Where layers are added, as in a residual block,
 * what each of them is made of counts, and one that is bent before it is added counts as it is. The
 * weights have the factors of normalisations on the way, where these are constant.
 *
 * Source: Olah et al., "Zoom In: An Introduction to Circuits", Distill, 2020.
 *
 * @param graph the network at the size that `layers` is of
 * @param channel 1-based
 * @throws ModelError where the channel is the image's, or made in another way
 */
export function channelWeights(
  graph: StaticGraph,
  layers: readonly Layer[],
  layer: LayerWithChannels,
  channel: number,
): ChannelWeights {
  const follower = new Follower(graph);
  const makers = new Map(layers.map((each) => [each.node?.output ?? graph.input, each]));
  const weighing = new Set<Layer>();
  const parts: Part[] = [];
  const add = (origin: Origin, kernel: readonly number[], kernelShape: readonly number[]) =>
    parts.push({ ...ownerOf(origin, makers), kernel, kernelShape });
  for (const { origin, weighted } of termsOf(follower, originOf(follower, layer, channel))) {
    if (weighted === null) {
      add(origin, [origin.factor], []);
      continue;
    }
    weighing.add(ownerOf(origin, makers).layer);
    for (const { element, kernel, kernelShape } of weighted) {
      const source = follower.origin(element);
      const factor = origin.factor * source.factor;
      add(
        source,
        kernel.map((weight) => weight * factor),
        kernelShape,
      );
    }
  }
  return { weighing: [...weighing], sources: sourcesOf(parts) };
}

/** A summand of a channel. */
interface Term {
  readonly origin: Origin;
  /** What makes it; `null`: it counts as it is. */
  readonly weighted: readonly Weighted[] | null;
}

/** Where a place in the middle of a layer's channel comes from. */
function originOf(follower: Follower, layer: LayerWithChannels, channel: number): Origin {
  const shape = follower.facts.get(layer.value)?.shape ?? [];
  const place = shape.map((length, axis) =>
    axis === layer.channelAxis ? channel - 1 : Math.floor(length / 2),
  );
  return follower.origin({ value: layer.value, place });
}

function termsOf(follower: Follower, origin: Origin): readonly Term[] {
  const { node } = origin;
  if (node === null) throw new ModelError("the channel is the image's own: nothing makes it");
  const weighted = weightsOfNode(node, origin, follower.facts);
  if (weighted !== null) return [{ origin, weighted }];
  if (node.op !== "Add" && node.op !== "Sum") {
    throw new ModelError(
      `${describeNode(node)} makes the channel, which has no weights for it; choose a channel of a convolution or of a matrix`,
    );
  }
  return node.inputs
    .filter((value) => !follower.isConstant(value))
    .map((value): Term => {
      const own = follower.origin({ value, place: origin.place });
      const factor = origin.factor * own.factor;
      const summand = { ...own, factor };
      const isWeighted = own.node !== null && !own.isBent;
      return {
        origin: summand,
        weighted: isWeighted ? weightsOfNode(own.node, own, follower.facts) : null,
      };
    });
}

interface Owner {
  readonly layer: Layer;
  /** 1-based. */
  readonly channel: number;
  /** Indices along the other axes. */
  readonly place: readonly number[];
}

/** Whose channel an element is. @param makers layers by what their nodes make */
function ownerOf({ node, value, place }: Origin, makers: ReadonlyMap<Value, Layer>): Owner {
  const layer = makers.get(node === null ? value : firstOutput(node));
  if (layer?.value !== value || layer.channels === null) {
    const what = node === null ? `'${value}'` : describeNode(node);
    throw new ModelError(`what the channel is made of is no channel of a layer, at ${what}`);
  }
  const { channelAxis } = layer;
  return { layer, channel: place[channelAxis]! + 1, place: place.toSpliced(channelAxis, 1) };
}

/** What a channel contributes by one weight, or by the weights of one kernel. */
interface Part extends Owner, Pick<Weighted, "kernel" | "kernelShape"> {}

function sourcesOf(parts: readonly Part[]): readonly SourceChannel[] {
  const keyOf = ({ layer, channel, kernelShape }: Part) =>
    `${layer.index} ${channel} ${kernelShape.join("x")}`;
  const grouped = new Map<string, Part[]>();
  for (const part of parts) grouped.set(keyOf(part), [...(grouped.get(keyOf(part)) ?? []), part]);
  const kernels = [...grouped.values()].map((group) => ({ ...group[0]!, ...kernelOf(group) }));
  const squares = kernels.map(({ kernel }) => kernel.reduce((sum, each) => sum + each * each, 0));
  const all = squares.reduce((sum, square) => sum + square, 0);
  return kernels
    .map(({ layer, channel, kernel, kernelSize }, i) => ({
      layer,
      channel,
      kernel,
      kernelSize,
      strength: Math.sqrt(squares[i]!),
      share: all > 0 ? squares[i]! / all : 0,
    }))
    .toSorted((a, b) => b.strength - a.strength);
}

/** All weights of one channel. Where each has a place of the channel's map, they lie as these do. */
function kernelOf(parts: readonly Part[]): Pick<SourceChannel, "kernel" | "kernelSize"> {
  const [{ kernelShape }] = parts as readonly [Part];
  if (kernelShape.length > 0) {
    const columns = kernelShape.at(-1)!;
    const kernel = new Float64Array(sizeOf(kernelShape));
    for (const part of parts) part.kernel.forEach((weight, i) => (kernel[i]! += weight));
    return { kernel, kernelSize: [kernel.length / columns, columns] };
  }
  const rowOf = ({ place }: Part) => place.slice(0, -1).join();
  const columnOf = ({ place }: Part) => place.at(-1) ?? 0;
  const rows = [...new Set(parts.map(rowOf))];
  const columns = [...new Set(parts.map(columnOf))].toSorted((a, b) => a - b);
  const kernel = new Float64Array(rows.length * columns.length);
  for (const part of parts) {
    const at = rows.indexOf(rowOf(part)) * columns.length + columns.indexOf(columnOf(part));
    kernel[at]! += part.kernel[0]!;
  }
  return { kernel, kernelSize: [rows.length, columns.length] };
}
