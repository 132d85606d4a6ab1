import { reshapeTo } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import { channelsSecond } from "../layer-pass.ts";
import { emitRowSums } from "./row-sums.ts";

/** Several images of one target that are to differ. */
export interface Diversity {
  /** m: so many images, one after another in the batch, belong together. */
  readonly images: number;
  /** Where they are to differ: a value of the network on the way to the layer. */
  readonly value: Value;
  /** Which axis of it the channels lie along. @default 1 */
  readonly channelAxis?: number | undefined;
  /** How hard they push apart where they are alike, as a share of what the objective pulls. */
  readonly weight: number;
}

/** Keeps a length of zero from dividing. */
const SMALLEST_LENGTH = 1e-20;

/**
 * How alike each image is to the others of its group in what it is made of, wherever that lies: the
 * cosine of their Gram matrices, of channels with channels over the P places of the map.
 *
 *     G_i = F_i F_i^T / P,  H_i = G_i / |G_i|,  c_i = mean over j != i of <H_i, H_j>
 *
 *     dc_i/dF_i = 2 S_i F_i / P,  S_i = (mean over j != i of H_j - c_i H_i) / |G_i|
 *
 * F_i: [C, P]. c_i is between 0 and 1.
 *
 * Source: the Gram matrices of Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional
 * Neural Networks", 2016; the term is `diversity` in Lucid's optvis/objectives.py.
 *
 * @param y [N, C, ...], N a multiple of m
 * @returns `likeness` c, [N]; `gradient` dc_i/dF_i, of y's shape
 */
function emitLikeness(
  graph: GraphBuilder,
  y: Value,
  images: number,
): { readonly likeness: Value; readonly gradient: Value } {
  const shape = graph.shapeOf(y);
  const [n = 1, channels = 1, ...spatial] = shape;
  const pixels = sizeOf(spatial);
  const { sub, mul, div } = arithmetic(graph);
  const f = reshapeTo(graph, y, [n, channels, pixels]);
  const transposed = graph.emit("Transpose", [f], { perm: [0, 2, 1] });
  const gram = mul(graph.emit("MatMul", [f, transposed]), 1 / pixels);
  const length = reshapeTo(graph, emitLengths(graph, gram), [n, 1]);
  const rows = reshapeTo(graph, gram, [n, channels * channels]);
  const h = div(rows, length);

  const groups = reshapeTo(graph, h, [n / images, images, channels * channels]);
  const sum = graph.emit("ReduceSum", [groups, graph.ints([1])], { keepdims: 1 });
  const others = mul(sub(sum, groups), 1 / (images - 1));
  const mean = reshapeTo(graph, others, [n, channels * channels]);
  const likeness = emitRowSums(graph, mul(h, mean));

  const along = mul(reshapeTo(graph, likeness, [n, 1]), h);
  const s = div(sub(mean, along), length);
  const product = graph.emit("MatMul", [reshapeTo(graph, s, [n, channels, channels]), f]);
  return { likeness, gradient: reshapeTo(graph, mul(product, 2 / pixels), shape) };
}

/**
 * Takes the likeness off the objective, at the value where it is measured:
 *
 *     g_i <- g_i - weight c_i |g_i| d_i / |d_i|,  d_i = dc_i/dF_i
 *
 * The push is measured in what the objective pulls, so that one weight serves every layer, and ends
 * as the images part.
 *
 * @param cotangent g, what the objective asks of y
 */
export function emitApart(
  graph: GraphBuilder,
  y: Value,
  cotangent: Value,
  { images, weight, channelAxis = 1 }: Diversity,
): Value {
  const [n = 1, ...rest] = graph.shapeOf(y);
  const perm = channelsSecond([0, ...rest.map((_, i) => i + 1)], channelAxis);
  const transposed = (value: Value, by: readonly number[]) =>
    channelAxis === 1 ? value : graph.emit("Transpose", [value], { perm: by });
  const found = emitLikeness(graph, transposed(y, perm), images);
  const { likeness } = found;
  const gradient = transposed(
    found.gradient,
    perm.map((_, axis) => perm.indexOf(axis)),
  );
  const { sub, mul, div } = arithmetic(graph);
  const pull = mul(likeness, emitLengths(graph, cotangent));
  const scale = mul(div(pull, emitLengths(graph, gradient)), weight);
  const column = reshapeTo(graph, scale, [n, ...rest.map(() => 1)]);
  return sub(cotangent, mul(column, gradient));
}

/** Euclidean length of all that belongs to each image: [N], never quite zero. */
function emitLengths(graph: GraphBuilder, value: Value): Value {
  const squares = emitRowSums(graph, arithmetic(graph).mul(value, value));
  const length = graph.emit("Sqrt", [squares]);
  return graph.emit("Max", [length, graph.scalar(SMALLEST_LENGTH)]);
}
