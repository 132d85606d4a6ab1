import { reshapeTo } from "../../autodiff/shaping.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { emitForwardPass, type ForwardOptions } from "./forward-pass.ts";
import type { LayerPass } from "./layer-pass.ts";
import { emitLoop } from "./loop.ts";
import { affineInput, emitAffineCrop } from "./transforms/affine-crop.ts";

/**
 * What a layer makes of an image, seen through some affine maps one after the other; forward alone,
 * so of operators without a gradient too.
 *
 * Inputs: `image` [N, planes, H, W], pixels less the network's mean; `views`, how many maps there
 * are, int64; `affine` [views, N, 2, 3], see transforms/affine-crop.ts. Output `means`
 * [views, N, C], the mean of each channel's map.
 */
export function channelMeansGraph(
  pass: LayerPass,
  { scale, greys, provider }: ChannelMeans,
): Graph {
  const [n, planes, height, width] = pass.imageShape;
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  const views = graph.input("views", "int64", []);
  const affine = affineInput(graph, n);
  // outside a crop's canvas is zero
  const offsets = graph.constant(floatTensor([1, planes, 1, 1], greys));
  const canvas = graph.emit("Sub", [image, offsets]);
  const size = { height, width };
  const crop = {
    canvasSize: size,
    cropSize: size,
    offsets: greys,
    surround: "grey",
    provider,
  } as const;
  const { scans } = emitLoop(graph, {
    prefix: "view_",
    iterations: views,
    carried: [],
    outer: [canvas, affine.value],
    body: (body, view) => {
      const { seen } = emitAffineCrop(body, canvas, affine.at(body, view), crop);
      return { carried: [], scanned: [emitMeans(body, seen, pass, { scale, provider })] };
    },
  });
  return graph.build(`channel means of ${pass.layerName}`, [["means", scans[0]]]);
}

/** How `channelMeansGraph` is written. */
export interface ChannelMeans extends ForwardOptions {
  /** What lies outside the image, per plane, counted as its pixels are. */
  readonly greys: readonly number[];
}

/** Mean of each channel's map, [N, C]. */
function emitMeans(
  graph: GraphBuilder,
  image: Value,
  pass: LayerPass,
  written: ForwardOptions,
): Value {
  const [layer] = emitForwardPass(graph, image, pass, written);
  const rows = reshapeTo(graph, layer, [pass.imageShape[0], pass.channels, -1]);
  return graph.emit("ReduceMean", [rows, graph.ints([2])], { keepdims: 0 });
}
