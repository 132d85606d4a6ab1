import type { Provider } from "../../autodiff/provider.ts";
import { reshapeTo } from "../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { intAttribute, requiredInput } from "../../onnx/node.ts";
import { floatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { LayerPass } from "./layer-pass.ts";

/** Where `selectChannel` is of use: not on a GPU, whose batches hold an image per channel. */
export const SELECTS_CHANNEL: Readonly<Record<Provider, boolean>> = {
  cpu: true,
  cuda: false,
  webgpu: false,
};

/** What the layer's own node reads instead of its weights, so that it computes one map only. */
export interface SelectedChannel {
  /** Values of the graph in place of the network's weight and bias. */
  readonly replacements: ReadonlyMap<Value, Value>;
  /** [1, 1]: the selection among the channels that are left. */
  readonly selection: Value;
}

/**
 * Cuts the layer's convolution down to the selected channel or sum of channels, forward and
 * backward.
 *
 *     W' = selection W,  b' = selection b        W: [C, ...] as rows, one per channel
 *
 * The objective looks at one map, and a convolution is linear in its weights: with GoogLeNet's
 * conv1 it saves 63 of 64 parts of the work. For one image alone, since each image has its own
 * channel.
 *
 * @param selection [1, C]
 * @returns `null` where the layer is not a plain convolution with constant weights.
 */
export function selectChannel(
  graph: GraphBuilder,
  pass: LayerPass,
  selection: Value,
): SelectedChannel | null {
  const node = pass.nodes.at(-1);
  if (pass.imageShape[0] !== 1 || node?.op !== "Conv" || intAttribute(node, "group", 1) !== 1) {
    return null;
  }
  const bias = node.inputs[2];
  const names = [requiredInput(node, 1), ...(bias ? [bias] : [])];
  // a weight that other nodes read too must stay whole for them
  const isShared = pass.nodes.some((n) => n !== node && n.inputs.some((i) => names.includes(i)));
  const tensors = names.map((name) => pass.initializers.get(name));
  if (isShared || tensors.some((tensor) => tensor?.type !== "float32")) return null;

  const replacements = new Map<Value, Value>();
  names.forEach((name, i) => {
    const tensor = tensors[i]!;
    const [channels = 1, ...rest] = tensor.shape;
    const rows = reshapeTo(graph, graph.constant(tensor), [channels, sizeOf(rest)]);
    const row = graph.emit("MatMul", [selection, rows]);
    replacements.set(name, reshapeTo(graph, row, [1, ...rest]));
  });
  return { replacements, selection: graph.constant(floatTensor([1, 1], [1])) };
}
