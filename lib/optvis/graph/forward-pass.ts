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
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import type { LayerPass } from "./layer-pass.ts";

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

/** How a network's nodes are written that no gradient is asked of. */
export interface ForwardOptions {
  /** Network input = image * scale, per plane. */
  readonly scale: readonly number[];
  readonly provider: Provider;
}

/**
 * The layers of a pass, one behind the other, of an image [N, planes, H, W], pixels less the
 * network's mean; operators without a gradient may be on the way.
 */
export function emitForwardPass(
  graph: GraphBuilder,
  image: Value,
  pass: LayerPass,
  { scale, provider }: ForwardOptions,
): readonly [first: Value, ...others: Value[]] {
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
  return [valueOf(pass.layer), ...(pass.others ?? []).map(valueOf)];
}
