import { type ImageAxes, imageAxes } from "./image-axes.ts";
import { imageCandidates } from "./image-input.ts";
import { elementTypeOf } from "./element-type.ts";
import { valuesRead } from "./graph-order.ts";
import { withNames } from "./inline-body.ts";
import type { Graph, Node, Value, ValueInfo } from "./model.ts";
import { freshName, namesIn } from "./names.ts";
import { intsAttribute, standardNode } from "./node.ts";
import { TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from "./operators/layout.ts";
import { isStandard } from "./readers.ts";
import { intsTensor } from "./tensor.ts";

/** Colours of an image; an axis of this length tells where they are. */
const COLOURS = 3;
/** As many planes as most images have at most. */
const FEW_PLANES = 4;
/** No network takes an image this small, so an axis that is shorter is not one of places. */
const LEAST_PLACES = 8;

type ShapedInput = ValueInfo & { readonly shape: readonly (number | null)[] };

/**
 * The graph with its image as [N, C, H, W] of floats, whatever the file has: [N, H, W, C] as
 * exports of Keras and TensorFlow do, [N, H, W] of one plane, [C, H, W] of one image, or bytes that
 * it makes floats itself. Any other graph as it is.
 *
 * Such a file usually transposes the image first thing, for ONNX convolutions want channels first:
 * that node becomes an Identity. Whatever else reads the image gets it as the file has it.
 */
export function withChannelsFirst(graph: Graph): Graph {
  const [image, ...others] = imageCandidates(graph);
  if (!image?.shape || others.length > 0) return graph;
  const { name, type, shape } = image;
  const floats = type === "float32" ? graph : ofFloats(graph, name);
  if (floats === null) return graph;
  const axes = imageAxes(floats, image);
  const shaped = { ...image, type: "float32", shape } as const;
  if (shape.length === 3) return withPlaneAxis(floats, shaped, axes);
  if (hasChannelsLast(shape, axes)) return transposed(floats, shaped);
  return type === "float32" ? graph : withInput(floats, shaped);
}

/** Whether operators say so; else whether the last axis is short, and those before it are long. */
function hasChannelsLast(shape: readonly (number | null)[], axes: ImageAxes | null): boolean {
  if (axes?.planeAxis === 3) return true;
  const [, second = null, third = null, last = null] = shape;
  if (axes?.planeAxis === 1 || second === COLOURS) return false;
  if (last === COLOURS) return true;
  const isOfPlaces = (length: number | null) => length === null || length >= LEAST_PLACES;
  return last !== null && last <= FEW_PLANES && isOfPlaces(second) && isOfPlaces(third);
}

/** The image transposed back for whatever wants it with channels last. */
function transposed(graph: Graph, image: ShapedInput): Graph {
  const { name, shape } = image;
  const last = freshName(namesIn(graph), `${name}_channels_last`);
  const replaced = reading(graph, name, last, isToChannelsFirst);
  const attributes = { perm: TO_CHANNELS_LAST };
  const transpose = standardNode({ op: "Transpose", inputs: [name], outputs: [last], attributes });
  const first = TO_CHANNELS_FIRST.map((axis) => shape[axis] ?? null);
  const isRead = replaced.some((node) => valuesRead(node).includes(last));
  const nodes = isRead ? [transpose, ...replaced] : replaced;
  return withInput({ ...graph, nodes }, { ...image, shape: first });
}

/** An image of three axes as one of four, and back for whatever reads it. */
function withPlaneAxis(graph: Graph, image: ShapedInput, axes: ImageAxes | null): Graph {
  const { name, shape } = image;
  const [a = null, b = null, c = null] = shape;
  const isToldSingle = axes?.batchAxis === null && axes.planeAxis !== null;
  const isSingle = isToldSingle || (axes === null && a === COLOURS);
  const isLast = isToldSingle && axes.planeAxis === 2;
  const [squeezed, ofFour] = isSingle
    ? [0, isLast ? [1, c, a, b] : [1, a, b, c]]
    : [1, [a, 1, b, c]];
  const taken = namesIn(graph);
  const ofFile = freshName(taken, `${name}_of_file`);
  const axis = freshName(taken, `${name}_axis`);
  const first = isLast ? freshName(taken, `${name}_first`) : ofFile;
  const squeeze = standardNode({ op: "Squeeze", inputs: [name, axis], outputs: [first] });
  const attributes = { perm: [1, 2, 0] };
  const last = standardNode({ op: "Transpose", inputs: [first], outputs: [ofFile], attributes });
  const nodes = [squeeze, ...(isLast ? [last] : []), ...reading(graph, name, ofFile)];
  const initializers = new Map([...graph.initializers, [axis, intsTensor([squeezed])] as const]);
  return withInput({ ...graph, nodes, initializers }, { ...image, shape: ofFour });
}

/**
 * The graph whose nodes read `value` in place of the image; those of `becomesIdentity` nothing
 * else.
 */
function reading(
  graph: Graph,
  image: Value,
  value: Value,
  becomesIdentity: (node: Node) => boolean = () => false,
): readonly Node[] {
  const renaming = new Map([[image, value]]);
  return graph.nodes.map((node) => {
    if (!valuesRead(node).includes(image)) return node;
    return becomesIdentity(node) ? asIdentity(node) : withNames(node, renaming);
  });
}

const asIdentity = (node: Node): Node => ({ ...node, op: "Identity", attributes: {} });

/**
 * An image of bytes as one of floats, where nothing reads it but casts to floats, which then do
 * nothing; `null` where something else does.
 */
function ofFloats(graph: Graph, image: Value): Graph | null {
  const readers = graph.nodes.filter((node) => valuesRead(node).includes(image));
  const isCast = (node: Node) =>
    isStandard(node, "Cast") && elementTypeOf(Number(node.attributes["to"])) === "float32";
  if (!readers.every(isCast)) return null;
  const nodes = graph.nodes.map((node) => (readers.includes(node) ? asIdentity(node) : node));
  return { ...graph, nodes };
}

function withInput(graph: Graph, image: ValueInfo): Graph {
  const inputs = graph.inputs.map((input) => (input.name === image.name ? image : input));
  return { ...graph, inputs };
}

function isToChannelsFirst(node: Node): boolean {
  if (!isStandard(node, "Transpose")) return false;
  return intsAttribute(node, "perm", []).join() === TO_CHANNELS_FIRST.join();
}
