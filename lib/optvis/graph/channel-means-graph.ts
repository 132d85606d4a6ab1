import { UnsupportedGradientError } from "../../autodiff/errors.ts";
import { valueFinder } from "../../autodiff/forward-trace.ts";
import { formsOf } from "../../autodiff/forms/index.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { padsBeforeConv } from "../../autodiff/rewrites/pad-before-conv.ts";
import { vjpContext, type VjpRule } from "../../autodiff/rule.ts";
import { convVjp } from "../../autodiff/rules/conv.ts";
import { lrnVjp } from "../../autodiff/rules/lrn.ts";
import { padVjp } from "../../autodiff/rules/pad.ts";
import { resizeVjp } from "../../autodiff/rules/resize.ts";
import { reshapeTo } from "../../autodiff/shaping.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Node, Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
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
export interface ChannelMeans {
  /** Network input = image * scale, per plane. */
  readonly scale: readonly number[];
  /** What lies outside the image, per plane, counted as its pixels are. */
  readonly greys: readonly number[];
  readonly provider: Provider;
}

/**
 * Where ONNX Runtime is slow with a node as it is (LRN), does not take it (a dilated Conv of auto_pad
 * SAME, a Resize of the channels too) or makes another of it (a Pad before a MaxPool).
 */
const AS_IN_AN_ASCENT: ReadonlyMap<string, VjpRule> = new Map([
  ["Conv", convVjp],
  ["LRN", lrnVjp],
  ["Pad", padVjp],
  ["Resize", resizeVjp],
]);

/** Mean of each channel's map, [N, C]. */
function emitMeans(
  graph: GraphBuilder,
  image: Value,
  pass: LayerPass,
  { scale, provider }: Omit<ChannelMeans, "greys">,
): Value {
  const forms = formsOf(provider, graph, pass.derived);
  const factors = graph.constant(floatTensor([1, scale.length, 1, 1], scale));
  const scope = new Map([[pass.input, graph.emit("Mul", [image, factors])]]);
  const valueOf = valueFinder(graph, pass.initializers, scope);
  const fusible = padsBeforeConv(pass.nodes);
  const emit = (node: Node): readonly Value[] => {
    const { op, domain, attributes, outputs } = node;
    const inputs = node.inputs.map(valueOf);
    const rule = fusible.get(node) ?? (domain === "" ? AS_IN_AN_ASCENT.get(op) : undefined);
    try {
      // nothing is asked of the way back
      const none = { isActive: () => false, isRectified: () => false };
      if (rule) return rule(vjpContext({ graph, node, inputs, forms, ...none })).outputs;
    } catch (error) {
      if (!(error instanceof UnsupportedGradientError)) throw error;
    }
    return graph.emitMany(op, inputs, attributes, outputs.length);
  };
  for (const node of pass.nodes) {
    const values = emit(node);
    node.outputs.forEach((name, i) => name && scope.set(name, values[i]!));
  }
  const rows = reshapeTo(graph, valueOf(pass.layer), [pass.imageShape[0], pass.channels, -1]);
  return graph.emit("ReduceMean", [rows, graph.ints([2])], { keepdims: 0 });
}
