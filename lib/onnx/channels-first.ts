import { imageCandidates } from "./image-input.ts";
import type { Graph, Node, ValueInfo } from "./model.ts";
import { freshName, namesIn } from "./names.ts";
import { intsAttribute, standardNode } from "./node.ts";

/** From [N, H, W, C] to [N, C, H, W], and back. */
const TO_CHANNELS_FIRST = [0, 3, 1, 2];
const TO_CHANNELS_LAST = [0, 2, 3, 1];

/** Colours of an image; a last axis of this length tells that channels come last. */
const COLOURS = 3;

/**
 * The graph with its image as [N, 3, H, W] where the file has [N, H, W, 3], as exports of Keras and
 * TensorFlow do; any other graph as it is.
 *
 * Such a file usually transposes the image first thing, for ONNX convolutions want channels first:
 * that node becomes an Identity. Whatever else reads the image gets it transposed.
 */
export function withChannelsFirst(graph: Graph): Graph {
  const image = imageWithChannelsLast(graph);
  if (image === null) return graph;
  const { name, type, shape } = image;
  const channelsLast = freshName(namesIn(graph), `${name}_channels_last`);
  const nodes = graph.nodes.map((node): Node => {
    if (!node.inputs.includes(name)) return node;
    if (isToChannelsFirst(node)) return { ...node, op: "Identity", attributes: {} };
    return { ...node, inputs: node.inputs.map((value) => (value === name ? channelsLast : value)) };
  });
  const transpose = standardNode({
    op: "Transpose",
    name: channelsLast,
    inputs: [name],
    outputs: [channelsLast],
    attributes: { perm: TO_CHANNELS_LAST },
  });
  const isRead = nodes.some(({ inputs }) => inputs.includes(channelsLast));
  return {
    ...graph,
    inputs: graph.inputs.map((input) =>
      input.name === name
        ? { name, type, shape: TO_CHANNELS_FIRST.map((axis) => shape[axis] ?? null) }
        : input,
    ),
    nodes: isRead ? [transpose, ...nodes] : nodes,
  };
}

type ShapedInput = ValueInfo & { readonly shape: readonly (number | null)[] };

/** The graph's image, if its last axis is the colours and its second is not. */
function imageWithChannelsLast(graph: Graph): ShapedInput | null {
  const [image, ...others] = imageCandidates(graph);
  if (!image?.shape || others.length > 0) return null;
  const { name, type, shape } = image;
  return shape[3] === COLOURS && shape[1] !== COLOURS ? { name, type, shape } : null;
}

function isToChannelsFirst(node: Node): boolean {
  if (node.op !== "Transpose" || node.domain !== "") return false;
  return intsAttribute(node, "perm", []).join() === TO_CHANNELS_FIRST.join();
}
