import type { ForwardPass } from "../../autodiff/forward-trace.ts";
import type { PlaneKind } from "../../image/picture.ts";
import type { Size } from "../../image/raster.ts";
import { ShapeMismatchError } from "../../onnx/errors.ts";
import { imageInputOf } from "../../onnx/image-input.ts";
import type { Model, Node, Value } from "../../onnx/model.ts";
import { standardNode } from "../../onnx/node.ts";
import { specialise, type StaticGraph } from "../../onnx/static-graph.ts";
import { cutAt, type LayerValue } from "../../onnx/subgraph.ts";
import { axisInFront, intsTensor, type Tensor } from "../../onnx/tensor.ts";

/** What an ascent needs to know of a network. */
export interface NetworkModel {
  readonly model: Model;
  /** Names the exact weights, such as their SHA-256; two models never share one. */
  readonly fingerprint: string;
  /** Size the network was made for; the only one it accepts where its head has a fixed size. */
  readonly inputSize: Size;
  /** Network input = centred pixel * scale, per plane in the network's channel order. */
  readonly scale: readonly number[];
  /** Taken off the pixels 0..255, per plane in the network's channel order. */
  readonly mean: readonly number[];
  /**
   * Which of red (0), green (1) and blue (2) each of the network's planes is; `null`: no colour.
   */
  readonly planes: readonly (number | null)[];
}

/** What an ascent needs to know of a layer. */
export interface TargetLayer extends LayerValue {
  /** As people know it, for messages. */
  readonly name: string;
  /** Which axis of the output the channels lie along, the batch in front. @default 1 */
  readonly channelAxis?: number;
  readonly joined?: readonly CountedLayer[];
}

/** A layer whose channels are counted; of joined layers all of them, one layer's after another's. */
export interface CountedLayer extends TargetLayer {
  readonly channels: number;
}

/** [N, planes, H, W] */
export type ImageShape = readonly [n: number, c: number, h: number, w: number];

/** Whether a network's planes are red, green and blue, in whatever order. */
export function isOfColours(planes: readonly (number | null)[]): planes is readonly number[] {
  return planes.every((colour) => colour !== null);
}

/** How people are shown a network's planes. */
export function planeKind(planes: readonly (number | null)[]): PlaneKind {
  return isOfColours(planes) ? "colours" : "planes";
}

/** Shape of `n` of a network's images. */
export function imageShapeOf({ graph }: Model, n: number, { height, width }: Size): ImageShape {
  return [n, imageInputOf(graph).planes, height, width];
}

/** A network's graph for one image of the size that it was made for. */
export function atOwnSize({ model, inputSize }: NetworkModel): StaticGraph {
  return specialise(model, imageShapeOf(model, 1, inputSize));
}

/** A layer of a network, or several joined, at one image size, ready to be differentiated. */
export interface LayerPass extends ForwardPass {
  readonly imageShape: ImageShape;
  /** Axis 1 of the layer's output; of several those of all. */
  readonly channels: number;
  /** Of the layer's output, [N, channels, ...]; of several [N, channels]. */
  readonly layerShape: readonly number[];
}

/**
 * The part of a network from image to layer, at one image size.
 *
 * @throws ShapeMismatchError if the network does not take images of that size; ModelError if an
 *   operator on the way is not known.
 */
export function layerPass(model: Model, layer: TargetLayer, imageShape: ImageShape): LayerPass {
  const graph = specialise(model, imageShape);
  const nodes = cutAt(graph, layer);
  const [n] = imageShape;
  const [first, ...others] = (layer.joined ?? [layer]).map((each) => outputOf(graph, each, n));
  const outputs = [first!, ...others];
  const channels = outputs.reduce((sum, { shape }) => sum + shape[1]!, 0);
  return {
    nodes: [...nodes, ...outputs.flatMap((output) => output.nodes)],
    initializers: new Map([...graph.graph.initializers, ...outputs.flatMap(({ sizes }) => sizes)]),
    derived: model.derived,
    input: graph.input,
    layer: first!.value,
    others: others.map(({ value }) => value),
    layerName: layer.name,
    imageShape,
    channels,
    layerShape: others.length === 0 ? first!.shape : [n, channels],
  };
}

/** A layer's output as objectives look at it, and the nodes that make it so. */
interface Output {
  readonly value: Value;
  /** [N, channels, ...] */
  readonly shape: readonly number[];
  readonly nodes: readonly Node[];
  /** Constants that they read. */
  readonly sizes: readonly (readonly [Value, Tensor])[];
}

function outputOf(graph: StaticGraph, layer: TargetLayer, images: number): Output {
  const isOfParts = (layer.parts ?? 1) > 1;
  const own = isOfParts ? byImage(graph, layer.value, images) : batchFirst(graph, layer);
  const { value, nodes, sizes, shape: made } = own;
  const channelAxis = (layer.channelAxis ?? 1) + (isOfParts ? 1 : 0);
  const isFirst = channelAxis === 1 || made === undefined;
  if (!isFirst && (channelAxis < 1 || made[channelAxis] === undefined)) {
    throw new ShapeMismatchError(
      `layer '${layer.name}' of [${made.join(", ")}] has no axis ${channelAxis} for channels; wanted one of 1 to ${made.length - 1}`,
    );
  }
  const shape = isFirst ? made : channelsSecond(made, channelAxis);
  if (shape?.[1] === undefined) {
    throw new ShapeMismatchError(
      `layer '${layer.name}' has shape [${shape?.join(", ") ?? "?"}] where [N, channels, ...] is wanted; choose another layer`,
    );
  }
  if (isFirst) return { value, shape, nodes, sizes };
  // of tokens [N, T, C], the mean over tokens of a feature
  const turned = transposed(value, channelsSecond([...shape.keys()], channelAxis));
  return { value: turned.name, shape, nodes: [...nodes, turned], sizes };
}

/** With the batch in front; its shape may not be known. */
type BatchFirst = Omit<Output, "shape"> & { readonly shape: readonly number[] | undefined };

/** As it is, or [T, N, ...] as [N, T, ...]. */
function batchFirst({ facts }: StaticGraph, { value, batchAxis = 0 }: TargetLayer): BatchFirst {
  const own = facts.get(value)?.shape;
  if (batchAxis === 0 || own === undefined) return { value, shape: own, nodes: [], sizes: [] };
  const turned = transposed(value, axisInFront([...own.keys()], batchAxis));
  return { value: turned.name, shape: axisInFront(own, batchAxis), nodes: [turned], sizes: [] };
}

/** [N * parts, ...], windows of tokens say, as [N, parts, ...]. */
function byImage({ facts }: StaticGraph, layer: Value, images: number): BatchFirst {
  const [leading = 0, ...rest] = facts.get(layer)!.shape;
  const shape = [images, leading / images, ...rest];
  const [value, sizes] = [`${layer}_by_image`, `${layer}_by_image_shape`];
  const reshape = standardNode({ op: "Reshape", inputs: [layer, sizes], outputs: [value] });
  return { value, shape, nodes: [reshape], sizes: [[sizes, intsTensor(shape)]] };
}

/** The layer's shape behind the batch, [C, ...], where the network sees one image of that size. */
export function mapShapeAt(model: Model, layer: TargetLayer, size: Size): readonly number[] {
  return layerPass(model, layer, imageShapeOf(model, 1, size)).layerShape.slice(1);
}

/** The items of a list of axes with that of the channels second. */
export function channelsSecond(axes: readonly number[], channelAxis: number): readonly number[] {
  return axes.toSpliced(channelAxis, 1).toSpliced(1, 0, axes[channelAxis]!);
}

/** A value with its axes in another order, under a name of its own. */
function transposed(value: Value, perm: readonly number[]): Node {
  const outputs = [`${value}_axes_${perm.join("_")}`];
  return standardNode({ op: "Transpose", inputs: [value], outputs, attributes: { perm } });
}

/**
 * Why the network does not take images of this shape as far as the layer, or `null` if it does.
 *
 * @throws ModelError for what another shape would not mend.
 */
export function shapeMismatch(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
): ShapeMismatchError | null {
  try {
    layerPass(model, layer, imageShape);
    return null;
  } catch (error) {
    if (error instanceof ShapeMismatchError) return error;
    throw error;
  }
}
