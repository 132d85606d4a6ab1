import { channelAxes, NO_CHANNELS } from "../onnx/channel-axis.ts";
import { subgraphsOf, valuesRead } from "../onnx/graph-order.ts";
import type { Graph, Model, Node, Value } from "../onnx/model.ts";
import { firstOutput, operatorsNamed, requiredInput } from "../onnx/node.ts";
import type { StaticGraph } from "../onnx/static-graph.ts";
import { axisInFront, sizeOf } from "../onnx/tensor.ts";
import { LayerNamer } from "./layer-names.ts";
import { type LayerNode, layerNode } from "./layer-node.ts";
import { modulePaths } from "./module-paths.ts";
import { isWholeAgain } from "./parted-channels.ts";
import { type ReceptiveField, receptiveFields } from "./receptive-field.ts";
import { weightOrigins } from "./weight-origins.ts";

/** One row of the layer table. */
export interface Layer {
  /** 1-based, as `deepDreamImage` counts: 1 is the input. */
  readonly index: number;
  readonly name: string;
  /** ONNX operator; "Input" for the first. */
  readonly type: string;
  /**
   * Whether the file has its weights or values as integers; it is looked at with the numbers that
   * these stand for, unrounded.
   */
  readonly quantised: boolean;
  /** The output tensor. */
  readonly value: Value;
  /**
   * Activation size, [N, C, ...], the batch in front wherever it lies; `null` if it cannot be told
   * (see `StaticGraph.problems`).
   */
  readonly shape: readonly number[] | null;
  /**
   * Length of `channelAxis`; `null` where there is none, the output is empty, or axis 0 is neither
   * the batch nor places of each image.
   */
  readonly channels: number | null;
  /** Which axis of the output the channels lie along; see `channelAxes`. */
  readonly channelAxis: number;
  /**
   * How many places each image has in axis 0, one after the other: windows of tokens, or the tokens
   * themselves. 1 where axis 0 is the batch.
   */
  readonly parts: number;
  /** Axis of the output tensor along which the images lie: 1 of tokens [T, N, C], else 0. */
  readonly batchAxis: number;
  /** What a place looks at, axis by axis of `shape`; see `receptiveFields`. */
  readonly receptiveField: ReceptiveField;
  /** Trained tensors, under their names in the file. */
  readonly learnables: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly learnableCount: number;
  /** Other names it answers to. */
  readonly aliases: readonly string[];
  /** Indices of the layers that it reads, in ascending order. */
  readonly inputs: readonly number[];
  /** `null` for the image. */
  readonly node: LayerNode | null;
  /** What it is part of, `layer1.0`, as its name says it; empty where it does not. */
  readonly module: string;
}

/** A layer that has channels to render. */
export type LayerWithChannels = Layer & { readonly channels: number };

export function hasChannels(layer: Layer): layer is LayerWithChannels {
  return layer.channels !== null;
}

/** Extents of a layer's places, [rows, columns] of maps; `null` where its shape cannot be told. */
export function extentsOf({ shape, channelAxis }: Layer): readonly number[] | null {
  return shape && shape.slice(1).toSpliced(channelAxis - 1, 1);
}

/** Operators that only move data to another shape or type: no layers in the author's eyes. */
const PLUMBING = operatorsNamed(
  "Reshape Flatten Squeeze Unsqueeze Shape Size Constant Identity Cast CastLike",
);

/** Those that put values into a sequence or take one out, which may be any of several. */
const SEQUENCE_PLUMBING = operatorsNamed(
  "SequenceConstruct SequenceInsert SequenceErase SequenceAt SequenceLength SplitToSequence",
);

/** Which inputs of an operator may hold trained tensors. */
const LEARNABLE_INPUTS: ReadonlyMap<string, readonly number[]> = new Map([
  ["Conv", [1, 2]],
  ["ConvTranspose", [1, 2]],
  ["Gemm", [0, 1, 2]],
  ["MatMul", [0, 1]],
  ["BatchNormalization", [1, 2]],
  ["InstanceNormalization", [1, 2]],
  ["LayerNormalization", [1, 2]],
  ["PRelu", [1]],
  // an LSTM's peepholes too
  ["LSTM", [1, 2, 3, 7]],
  ["GRU", [1, 2, 3]],
  ["RNN", [1, 2, 3]],
  ["Add", [0, 1]],
  ["Sub", [0, 1]],
  ["Mul", [0, 1]],
  ["Div", [0, 1]],
]);

/**
 * The network's layers as its author thinks of them: the input, then every operator on image data
 * that is not shape plumbing, in graph order. The indices do not depend on the image size.
 */
export function layerTable(model: Model, graph: StaticGraph): readonly Layer[] {
  const carriesImage = imageValues(model.graph, graph.input);
  const origin = weightOrigins(model.graph);
  const axes = channelAxes(graph);
  const fields = receptiveFields(graph);
  const rounded = model.graph.nodes.filter(({ quantised }) => quantised === "rounding");
  const roundedValues = new Set(rounded.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const namer = new LayerNamer();
  const paths = modulePaths(model.graph.nodes.filter(isLayer));
  const layers: GrowingLayer[] = [inputLayer(graph, fields)];
  /** Position in `layers` of the layer that a value is, whatever its shape. */
  const layerOf = new Map<Value, number>();
  /** Index of the layer whose data a value is, the image's too. */
  const readFrom = new Map<Value, number>([[graph.input, 1]]);

  for (const node of model.graph.nodes) {
    if (!isOnImage(node)) continue;
    const inputs = new Set(valuesRead(node).flatMap((value) => readFrom.get(value) ?? []));
    if (isPlumbing(node)) passOn(node, inputs);
    else addLayer(node, inputs);
  }
  return layers;

  function passOn(node: Node, [feeding = 1]: Iterable<number>): void {
    for (const output of node.outputs) readFrom.set(output, feeding);
    const read = [requiredInput(node, 0), ...valuesRead(node)];
    const source = layerOf.get(read.find((value) => layerOf.has(value)) ?? "");
    if (source === undefined || SEQUENCE_PLUMBING.has(node.op)) return;
    for (const output of node.outputs) layerOf.set(output, source);
    const layer = layers[source]!;
    // the tensor is the same data after plumbing, so the layer answers to that name too
    layer.aliases.push(...[node.name, ...node.outputs].filter(Boolean));
    const value = firstOutput(node);
    const whole = activationOf(value);
    if (isWholeAgain(layer, whole, layers)) layers[source] = { ...layer, value, ...whole };
  }

  function addLayer(node: Node, inputs: Iterable<number>): void {
    const learnables = learnablesOf(node);
    const value = firstOutput(node);
    const made = layerNode(node, graph, readFrom);
    const names = namer.name(node, learnables[0]?.name ?? null, paths.get(node) ?? null);
    layerOf.set(value, layers.length);
    for (const output of node.outputs) readFrom.set(output, layers.length + 1);
    layers.push({
      index: layers.length + 1,
      ...names,
      aliases: [...names.aliases],
      inputs: [...inputs].toSorted((a, b) => a - b),
      type: node.op,
      quantised:
        node.quantised === "operator" ||
        [...node.inputs, ...node.outputs].some((each) => roundedValues.has(each)),
      value,
      ...activationOf(value),
      node: made,
      learnables,
      learnableCount: learnables.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    });
  }

  function activationOf(value: Value) {
    return activation(graph, value, { channelAxis: axes.get(value) ?? 1, fields });
  }

  function isOnImage(node: Node): boolean {
    // a branch reads what is around it
    const ends = [valuesRead(node), node.outputs];
    return ends.every((values) => values.some((value) => carriesImage.has(value)));
  }

  function isLayer(node: Node): boolean {
    return isOnImage(node) && !isPlumbing(node);
  }

  function learnablesOf(node: Node): Layer["learnables"] {
    const indices = LEARNABLE_INPUTS.get(node.op) ?? [];
    return indices.flatMap((index) => {
      const value = node.inputs[index];
      const facts = value ? graph.facts.get(value) : undefined;
      if (!value || !facts || carriesImage.has(value)) return [];
      const name = origin(value);
      if (!name || facts.type !== "float32") return [];
      // one number in arithmetic, repeated or not, is a constant of the formula, not trained
      const { shape } = graph.facts.get(name) ?? facts;
      const isTrained = index > 1 || sizeOf(shape) > 1 || node.op.startsWith("Conv");
      return isTrained ? [{ name, shape: facts.shape }] : [];
    });
  }
}

/** An If, too, whose branches hold nothing else: exporters write a squeeze so. */
function isPlumbing(node: Node): boolean {
  const { op, quantised } = node;
  if (op === "If") return subgraphsOf(node).every(({ nodes }) => nodes.every(isPlumbing));
  return PLUMBING.has(op) || SEQUENCE_PLUMBING.has(op) || quantised === "rounding";
}

/** While the table is made, plumbing after a layer adds to its aliases. */
type GrowingLayer = Layer & { readonly aliases: string[] };

function inputLayer(graph: StaticGraph, fields: Fields): GrowingLayer {
  return {
    index: 1,
    name: graph.input,
    type: "Input",
    quantised: false,
    value: graph.input,
    ...activation(graph, graph.input, { channelAxis: 1, fields }),
    node: null,
    learnables: [],
    learnableCount: 0,
    aliases: [],
    inputs: [],
    module: "",
  };
}

type Fields = ReturnType<typeof receptiveFields>;

interface KnownOfValues {
  readonly channelAxis: number;
  readonly fields: Fields;
}

function activation(graph: StaticGraph, value: Value, { channelAxis, fields }: KnownOfValues) {
  const own = graph.facts.get(value)?.shape ?? null;
  const isBatched = !graph.unbatched.has(value);
  const batchAxis = isBatched ? 0 : (graph.batchAxes.get(value) ?? 0);
  const parts = isBatched || batchAxis > 0 ? 1 : graph.parts.get(value);
  const shape = own && axisInFront(own, batchAxis);
  const field = fields.get(value);
  const isMap = channelAxis !== NO_CHANNELS && parts !== undefined && !shape?.includes(0);
  // the batch goes from behind it to the front
  const axis = Math.max(channelAxis + (channelAxis < batchAxis ? 1 : 0), 1);
  return {
    shape,
    parts: parts ?? 1,
    batchAxis,
    channelAxis: axis,
    receptiveField: field === undefined ? [] : axisInFront(field, batchAxis),
    channels: isMap ? (shape?.[axis] ?? null) : null,
  };
}

/** Values computed from the image's pixels, not only from its size. */
function imageValues(graph: Graph, image: Value): ReadonlySet<Value> {
  const reached = new Set<Value>([image]);
  for (const node of graph.nodes) {
    if (node.op === "Shape" || node.op === "Size") continue;
    if (!valuesRead(node).some((value) => reached.has(value))) continue;
    for (const output of node.outputs) if (output) reached.add(output);
  }
  return reached;
}
