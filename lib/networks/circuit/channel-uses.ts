import type { Facts } from "../../onnx/facts.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { firstOutput } from "../../onnx/node.ts";
import { countTo, stridesOf } from "../../onnx/operators/elements.ts";
import { readersByValue } from "../../onnx/readers.ts";
import type { StaticGraph } from "../../onnx/static-graph.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "../layers.ts";
import { Follower } from "./follow.ts";
import {
  type Link,
  type LinkedChannel,
  linkedChannels,
  makerOf,
  makersOf,
  middleOf,
  type Owner,
} from "./linked-channel.ts";
import type { Element } from "./passed-on.ts";
import { type NodeWeights, weightsOfNode } from "./weights-of-node.ts";

/**
 * The weights between a channel and those that are made of it: `channelWeights` the other way round.
 * Where it is added to others, the sum's channel is one of them, by what it is multiplied by on the way, mostly 1.
 *
 * @param graph the network at the size that `layers` is of
 * @param channel 1-based
 * @returns the strongest first; none where nothing reads the channel
 * @throws ModelError of what is no channel of a layer once it is followed back
 */
export function channelUses(
  graph: StaticGraph,
  layers: readonly Layer[],
  layer: LayerWithChannels,
  channel: number,
): readonly LinkedChannel[] {
  const follower = new Follower(graph);
  const makers = makersOf(layers, graph);
  const own = makerOf(follower.origin(middleOf(graph, layer, channel)), makers);
  const links: Link[] = [];
  for (const node of readersOf(graph, follower, own.layer.value)) {
    const made = makers.get(firstOutput(node));
    const weights = weightsOfNode(node, graph.facts) ?? summed(node, graph.facts);
    if (made?.value !== firstOutput(node) || !hasChannels(made) || weights === null) continue;
    const { groupOf, inputsOf, kernelOf, kernelShape } = weights;
    const readBy = new Map<number, readonly Read[]>();
    for (const i of countTo(made.channels)) {
      const output = middleOf(graph, made, i + 1);
      const group = groupOf(output);
      const reads = readBy.get(group) ?? readsOf(own, inputsOf(output), follower);
      readBy.set(group, reads);
      for (const { input, factor, place } of reads) {
        const kernel = kernelOf(output, input).map((weight) => weight * factor);
        links.push({ layer: made, channel: i + 1, place, kernel, kernelShape });
      }
    }
  }
  return linkedChannels(links);
}

/** Nodes that make something new of a value, at once or behind what passes it on. */
function readersOf({ graph, facts }: StaticGraph, follower: Follower, value: Value): Set<Node> {
  const readers = readersByValue(graph.nodes);
  const found = new Set<Node>();
  // a set is walked on to what is added to it
  const values = new Set([value]);
  for (const each of values) {
    for (const node of readers.get(each) ?? []) {
      const isPassed = weightsOfNode(node, facts) === null && follower.passesOn(node);
      if (!isPassed) found.add(node);
      else for (const output of node.outputs) values.add(output);
    }
  }
  return found;
}

/** Where a node reads the channel. */
interface Read {
  /** Of the inputs that one output is made of. */
  readonly input: number;
  /** What the channel is multiplied by on the way. */
  readonly factor: number;
  /** Indices of the place that is read along the axes that are not the channels'. */
  readonly place: readonly number[];
}

function readsOf(
  { layer: { value, channelAxis }, channel }: Owner,
  inputs: readonly Element[],
  follower: Follower,
): readonly Read[] {
  return inputs.flatMap((element, input) => {
    const { factor, ...source } = follower.origin(element);
    if (source.value !== value || source.place[channelAxis] !== channel - 1) return [];
    return [{ input, factor, place: source.place.toSpliced(channelAxis, 1) }];
  });
}

/** A sum of values of one shape; `null` of any other node. */
function summed({ op, domain, inputs }: Node, facts: Facts): NodeWeights | null {
  if (domain !== "" || (op !== "Add" && op !== "Sum")) return null;
  const shapes = inputs.map((value) => facts.get(value)?.shape ?? []);
  if (new Set(shapes.map((shape) => shape.join())).size > 1) return null;
  const strides = stridesOf(shapes[0]!);
  return {
    kernelShape: [],
    groupOf: ({ place }) => place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0),
    inputsOf: ({ place }) => inputs.map((value) => ({ value, place })),
    kernelOf: () => [1],
  };
}
