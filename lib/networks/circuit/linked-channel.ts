import { ModelError } from "../../onnx/errors.ts";
import type { Value } from "../../onnx/model.ts";
import { describeNode, firstOutput } from "../../onnx/node.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import type { Layer, LayerWithChannels } from "../layers.ts";
import type { Origin } from "./follow.ts";
import type { Element } from "./passed-on.ts";

/** A channel at the other end of weights. */
export interface LinkedChannel {
  /** Whose channel it is; the first layer is the image. */
  readonly layer: Layer;
  /** 1-based. */
  readonly channel: number;
  /** [rows, columns] of the kernel. */
  readonly kernelSize: readonly [rows: number, columns: number];
  /** Row by row, as the channel that is made sees it from its own place; above 0 excites. */
  readonly kernel: Float64Array;
  /** The kernel's L2 norm. */
  readonly strength: number;
  /** Of the squares of all weights that are listed: 0 to 1. */
  readonly share: number;
}

/** One weight, or the weights of one kernel, between two channels. */
export interface Link {
  /** The channel at the other end. */
  readonly layer: Layer;
  /** 1-based. */
  readonly channel: number;
  readonly kernel: readonly number[];
  /** [...spatial axes]; empty of one number, which has a place of the map it is read from. */
  readonly kernelShape: readonly number[];
  /** Indices of what is read along the axes that are not its channels'. */
  readonly place: readonly number[];
}

/** An element's layer and channel. */
export type Owner = Pick<Link, "layer" | "channel" | "place">;

/** Which layer each node makes; the image's is under its own name. */
export function makersOf(layers: readonly Layer[], { input }: StaticGraph) {
  return new Map(layers.map((layer): [Value, Layer] => [layer.node?.output ?? input, layer]));
}

type Made = Pick<Origin, "node" | "value" | "place">;

/** Whose channel an element is. @throws ModelError of one that is no channel of a layer */
export function ownerOf(made: Made, makers: ReadonlyMap<Value, Layer>): Owner {
  const owner = makerOf(made, makers);
  if (owner.layer.channels === null) throw noChannel(made);
  return owner;
}

/**
 * The same where the layer may have no channels to render, as a matrix of tokens one below the other.
 */
export function makerOf(made: Made, makers: ReadonlyMap<Value, Layer>): Owner {
  const { node, value, place } = made;
  const layer = makers.get(node === null ? value : firstOutput(node));
  if (layer?.value !== value) throw noChannel(made);
  const { channelAxis } = layer;
  return { layer, channel: place[channelAxis]! + 1, place: place.toSpliced(channelAxis, 1) };
}

function noChannel({ node, value }: Made): ModelError {
  const what = node === null ? `the constant '${value}'` : describeNode(node);
  return new ModelError(`what the channel is made of is no channel of a layer, at ${what}`);
}

/** A place in the middle of a layer's channel. @param channel 1-based */
export function middleOf(
  { facts }: Pick<StaticGraph, "facts">,
  { value, channelAxis }: Pick<LayerWithChannels, "value" | "channelAxis">,
  channel: number,
): Element {
  const shape = facts.get(value)?.shape ?? [];
  const place = shape.map((length, axis) =>
    axis === channelAxis ? channel - 1 : Math.floor(length / 2),
  );
  return { value, place };
}

/** All weights of each channel together, the channel with the largest first. */
export function linkedChannels(links: readonly Link[]): readonly LinkedChannel[] {
  const grouped = new Map<string, Link[]>();
  for (const link of links) {
    const key = `${link.layer.index} ${link.channel} ${link.kernelShape.join("x")}`;
    const group = grouped.get(key);
    if (group) group.push(link);
    else grouped.set(key, [link]);
  }
  const kernels = [...grouped.values()].map((group) => {
    const { layer, channel } = group[0]!;
    return { layer, channel, ...kernelOf(group) };
  });
  const squares = kernels.map(({ kernel }) => kernel.reduce((sum, each) => sum + each * each, 0));
  const all = squares.reduce((sum, square) => sum + square, 0);
  return kernels
    .map((each, i) => ({
      ...each,
      strength: Math.sqrt(squares[i]!),
      share: all > 0 ? squares[i]! / all : 0,
    }))
    .toSorted((a, b) => b.strength - a.strength);
}

/** All weights of one channel. Where each has a place of a map, they lie as these do. */
function kernelOf(links: readonly Link[]): Pick<LinkedChannel, "kernel" | "kernelSize"> {
  const { kernelShape } = links[0]!;
  if (kernelShape.length > 0) {
    const columns = kernelShape.at(-1)!;
    const kernel = new Float64Array(sizeOf(kernelShape));
    for (const link of links) link.kernel.forEach((weight, i) => (kernel[i]! += weight));
    return { kernel, kernelSize: [kernel.length / columns, columns] };
  }
  const rowOf = ({ place }: Link) => place.slice(0, -1).join();
  const columnOf = ({ place }: Link) => place.at(-1) ?? 0;
  const rows = [...new Set(links.map(rowOf))];
  const columns = [...new Set(links.map(columnOf))].toSorted((a, b) => a - b);
  const kernel = new Float64Array(rows.length * columns.length);
  for (const link of links) {
    const at = rows.indexOf(rowOf(link)) * columns.length + columns.indexOf(columnOf(link));
    kernel[at]! += link.kernel[0]!;
  }
  return { kernel, kernelSize: [rows.length, columns.length] };
}
