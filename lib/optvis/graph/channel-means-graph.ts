import { formsOf } from "../../autodiff/forms/index.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { vjpContext } from "../../autodiff/rule.ts";
import { lrnVjp } from "../../autodiff/rules/lrn.ts";
import { reshapeTo } from "../../autodiff/shaping.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Graph, Node, Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import type { LayerPass } from "./layer-pass.ts";

/**
 * What a layer makes of images, forward alone, so of operators without a gradient too; an LRN is
 * computed as in an ascent, which is much faster. Input `image` [N, planes, H, W], pixels less the
 * network's mean; output `means` [N, C], the mean of each channel's map.
 *
 * @param scale network input = image * scale, per plane
 */
export function channelMeansGraph(
  pass: LayerPass,
  { scale, provider }: { readonly scale: readonly number[]; readonly provider: Provider },
): Graph {
  const graph = new GraphBuilder();
  const forms = formsOf(provider, graph, pass.derived);
  const image = graph.input("image", "float32", pass.imageShape);
  const factors = graph.constant(floatTensor([1, scale.length, 1, 1], scale));
  const scope = new Map<Value, Value>([
    ["", ""],
    [pass.input, graph.emit("Mul", [image, factors])],
  ]);
  const valueOf = (name: Value): Value => {
    const known = scope.get(name);
    if (known !== undefined) return known;
    const tensor = pass.initializers.get(name);
    if (!tensor) throw new Error(`internal: '${name}' is neither produced nor a constant`);
    const constant = graph.constant(tensor);
    scope.set(name, constant);
    return constant;
  };
  const emit = (node: Node): readonly Value[] => {
    const { op, domain, attributes, outputs } = node;
    const inputs = node.inputs.map(valueOf);
    if (op !== "LRN" || domain !== "" || graph.shapeOf(inputs[0]!).length !== 4) {
      return graph.emitMany(op, inputs, attributes, outputs.length);
    }
    // nothing is asked of the way back
    const none = { isActive: () => false, isRectified: () => false };
    return lrnVjp(vjpContext({ graph, node, inputs, forms, ...none })).outputs;
  };
  for (const node of pass.nodes) {
    const values = emit(node);
    node.outputs.forEach((name, i) => name && scope.set(name, values[i]!));
  }
  const rows = reshapeTo(graph, valueOf(pass.layer), [pass.imageShape[0], pass.channels, -1]);
  const means = graph.emit("ReduceMean", [rows, graph.ints([2])], { keepdims: 0 });
  return graph.build(`channel means of ${pass.layerName}`, [["means", means]]);
}
