import { type Attributes, float, type Node, type Value } from "../model.ts";
import { floatAttribute, intAttribute, requiredInput, standardNode } from "../node.ts";
import { filled, floatTensor, intsTensor } from "../tensor.ts";
import type { Operator } from "./operator.ts";
import type { Rewriting } from "./upgrade.ts";

/**
 * GroupNormalization (opset 18, which ONNX Runtime has no kernel of, and 21): each group of
 * channels to mean 0 and deviation 1, then a scale and bias for each group (18) or channel (21).
 *
 * A group is one channel of an InstanceNormalization over [N, groups, rest].
 */
export const groupNormalization: Operator = {
  upgrade: (node, rewriting) => {
    const [x, scale, bias] = [
      requiredInput(node, 0),
      requiredInput(node, 1),
      requiredInput(node, 2),
    ];
    const y = node.outputs[0]!;
    const groups = intAttribute(node, "num_groups");
    const isPerGroup = rewriting.opset < 21;
    const fresh = (part: string) => rewriting.fresh(`${y}_${part}`);
    const [grouped, normalised, shape] = [fresh("grouped"), fresh("normalised"), fresh("shape")];
    const flat = fresh("flat");
    const all = (value: number, hint: string) =>
      rewriting.constant(floatTensor([groups], filled(groups, value)), `${y}_${hint}`);
    const target = rewriting.constant(intsTensor([0, groups, -1]), `${y}_groups`);
    const affine = isPerGroup ? [scale, bias] : [all(1, "ones"), all(0, "zeros")];
    const epsilon = float(floatAttribute(node, "epsilon", 1e-5));
    const nodes = [
      emit("Reshape", `${y}_group`, [x, target], grouped),
      emit("InstanceNormalization", node.name, [grouped, ...affine], normalised, { epsilon }),
      emit("Shape", `${y}_shape`, [x], shape),
      emit("Reshape", `${y}_ungroup`, [normalised, shape], isPerGroup ? y : flat),
    ];
    return isPerGroup ? nodes : [...nodes, ...perChannel(node, rewriting, flat)];
  },
};

/** flat * scale + bias, channel by channel. */
function perChannel(node: Node, rewriting: Rewriting, flat: Value): readonly Node[] {
  const y = node.outputs[0]!;
  const rank = rewriting.rankOf(requiredInput(node, 0)) ?? 4;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const spatial = rewriting.constant(intsTensor(axes), `${y}_axes`);
  const fresh = (part: string) => rewriting.fresh(`${y}_${part}`);
  const [scale, bias, scaled] = [fresh("scale"), fresh("bias"), fresh("scaled")];
  return [
    emit("Unsqueeze", scale, [requiredInput(node, 1), spatial], scale),
    emit("Unsqueeze", bias, [requiredInput(node, 2), spatial], bias),
    emit("Mul", scaled, [flat, scale], scaled),
    emit("Add", `${y}_add`, [scaled, bias], y),
  ];
}

function emit(
  op: string,
  name: string,
  inputs: readonly Value[],
  output: Value,
  attributes: Attributes = {},
): Node {
  return standardNode({ op, name, inputs, outputs: [output], attributes });
}
