import { float, type Node, type Value } from "../model.ts";
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
    const [x, scale, bias] = [0, 1, 2].map((index) => requiredInput(node, index));
    const y = node.outputs[0]!;
    const groups = intAttribute(node, "num_groups");
    const isPerGroup = rewriting.opset < 21;
    const [grouped, normalised, shape, flat] = ["grouped", "normalised", "shape", "flat"].map(
      (part) => rewriting.fresh(`${y}_${part}`),
    );
    const all = (value: number, hint: string) =>
      rewriting.constant(floatTensor([groups], filled(groups, value)), `${y}_${hint}`);
    const target = rewriting.constant(intsTensor([0, groups, -1]), `${y}_groups`);
    const nodes = [
      standardNode({
        op: "Reshape",
        name: `${y}_group`,
        inputs: [x!, target],
        outputs: [grouped!],
      }),
      standardNode({
        op: "InstanceNormalization",
        name: node.name,
        inputs: [grouped!, ...(isPerGroup ? [scale!, bias!] : [all(1, "ones"), all(0, "zeros")])],
        outputs: [normalised!],
        attributes: { epsilon: float(floatAttribute(node, "epsilon", 1e-5)) },
      }),
      standardNode({ op: "Shape", name: `${y}_shape`, inputs: [x!], outputs: [shape!] }),
      standardNode({
        op: "Reshape",
        name: `${y}_ungroup`,
        inputs: [normalised!, shape!],
        outputs: [isPerGroup ? y : flat!],
      }),
    ];
    return isPerGroup ? nodes : [...nodes, ...perChannel(node, rewriting, flat!)];
  },
};

/** flat * scale + bias, channel by channel. */
function perChannel(node: Node, rewriting: Rewriting, flat: Value): readonly Node[] {
  const y = node.outputs[0]!;
  const rank = rewriting.rankOf(requiredInput(node, 0)) ?? 4;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const spatial = rewriting.constant(intsTensor(axes), `${y}_axes`);
  const [scale, bias, scaled] = ["scale", "bias", "scaled"].map((part) =>
    rewriting.fresh(`${y}_${part}`),
  );
  const emit = (op: string, name: string, inputs: readonly Value[], output = name) =>
    standardNode({ op, name, inputs, outputs: [output] });
  return [
    emit("Unsqueeze", scale!, [requiredInput(node, 1), spatial]),
    emit("Unsqueeze", bias!, [requiredInput(node, 2), spatial]),
    emit("Mul", scaled!, [flat, scale!]),
    emit("Add", `${y}_add`, [scaled!, bias!], y),
  ];
}
