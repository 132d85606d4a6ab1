import { DataType, elementTypeOf } from "../element-type.ts";
import { ModelError } from "../errors.ts";
import { float, type Node } from "../model.ts";
import {
  describeNode,
  floatAttribute,
  intAttribute,
  intsAttribute,
  requiredInput,
  stringAttribute,
} from "../node.ts";
import { filled, floatTensor, intsTensor } from "../tensor.ts";
import { makeNode, type Rewriting, type Upgrade, withoutAttributes } from "./upgrade.ts";

/** Operators of opset 19 to 21 in terms of opset 18, and those that ONNX Runtime has no kernel of. */

/** Every floating-point type is float32 here, so that a half-precision export computes in float32. */
const cast: Upgrade = (node) => {
  const to = intAttribute(node, "to");
  const held = elementTypeOf(to) === "float32" ? DataType.float : to;
  return [{ ...node, attributes: { to: held } }];
};

const castLike: Upgrade = (node) => [withoutAttributes(node, "saturate")];

const averagePool: Upgrade = (node) => {
  if (intsAttribute(node, "dilations", []).some((dilation) => dilation !== 1)) {
    throw notInOpset18(node, "a dilated average pool");
  }
  return [withoutAttributes(node, "dilations")];
};

const pad: Upgrade = (node) => {
  if (stringAttribute(node, "mode", "constant") === "wrap") {
    throw notInOpset18(node, "mode 'wrap'");
  }
  return [node];
};

/**
 * Gelu (20):
 *
 *     Y = X / 2 * (1 + erf(X / sqrt(2)))
 *     Y = X / 2 * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 X^3)))    for approximate = "tanh"
 */
const gelu: Upgrade = (node, rewriting) => {
  const x = requiredInput(node, 0);
  const [y] = node.outputs;
  const nodes: Node[] = [];
  const emit = (op: string, ...inputs: readonly string[]) => {
    const output = rewriting.fresh(`${y}_${op}`);
    nodes.push(makeNode(output, op, inputs, [output]));
    return output;
  };
  const scalar = (value: number) => rewriting.constant(floatTensor([], [value]), `${y}_constant`);

  const bend =
    stringAttribute(node, "approximate", "none") === "tanh"
      ? emit("Tanh", emit("Mul", cubic(), scalar(Math.sqrt(2 / Math.PI))))
      : emit("Erf", emit("Mul", x, scalar(Math.SQRT1_2)));
  const gate = emit("Add", bend, scalar(1));
  const half = emit("Mul", x, scalar(0.5));
  return [...nodes, makeNode(node.name, "Mul", [half, gate], node.outputs)];

  function cubic(): string {
    const cube = emit("Mul", emit("Mul", x, x), x);
    return emit("Add", x, emit("Mul", cube, scalar(0.044715)));
  }
};

/**
 * GroupNormalization (18, 21): each group of channels to mean 0 and deviation 1, then a scale and
 * bias for each group (18) or channel (21).
 *
 * A group is one channel of an InstanceNormalization over [N, groups, rest].
 */
const groupNormalization: Upgrade = (node, rewriting) => {
  const [x, scale, bias] = [0, 1, 2].map((index) => requiredInput(node, index));
  const y = node.outputs[0]!;
  const groups = intAttribute(node, "num_groups");
  const perGroup = rewriting.opset < 21;
  const [grouped, normalised, shape, flat] = ["grouped", "normalised", "shape", "flat"].map(
    (part) => rewriting.fresh(`${y}_${part}`),
  );
  const ones = () => rewriting.constant(floatTensor([groups], filled(groups, 1)), `${y}_ones`);
  const zeros = () => rewriting.constant(floatTensor([groups], filled(groups, 0)), `${y}_zeros`);
  const target = rewriting.constant(intsTensor([0, groups, -1]), `${y}_groups`);
  const epsilon = float(floatAttribute(node, "epsilon", 1e-5));
  const nodes = [
    makeNode(`${y}_group`, "Reshape", [x!, target], [grouped!]),
    makeNode(
      node.name,
      "InstanceNormalization",
      [grouped!, perGroup ? scale! : ones(), perGroup ? bias! : zeros()],
      [normalised!],
      { epsilon },
    ),
    makeNode(`${y}_shape`, "Shape", [x!], [shape!]),
    makeNode(`${y}_ungroup`, "Reshape", [normalised!, shape!], [perGroup ? y : flat!]),
  ];
  return perGroup ? nodes : [...nodes, ...perChannel(node, rewriting, flat!)];
};

/** flat * scale + bias, channel by channel. */
function perChannel(node: Node, rewriting: Rewriting, flat: string): readonly Node[] {
  const y = node.outputs[0]!;
  const rank = rewriting.rankOf(requiredInput(node, 0)) ?? 4;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const spatial = rewriting.constant(intsTensor(axes), `${y}_axes`);
  const [scale, bias, scaled] = ["scale", "bias", "scaled"].map((part) =>
    rewriting.fresh(`${y}_${part}`),
  );
  return [
    makeNode(scale!, "Unsqueeze", [requiredInput(node, 1), spatial], [scale!]),
    makeNode(bias!, "Unsqueeze", [requiredInput(node, 2), spatial], [bias!]),
    makeNode(scaled!, "Mul", [flat, scale!], [scaled!]),
    makeNode(`${y}_add`, "Add", [scaled!, bias!], [y]),
  ];
}

/** Renamed at opset 11. */
const scatter: Upgrade = (node) => [{ ...node, op: "ScatterElements" }];

function notInOpset18(node: Node, what: string): ModelError {
  return new ModelError(
    `${describeNode(node)}: ${what} has no counterpart in opset 18; export the model with opset 18`,
  );
}

export const laterOpsets: Readonly<Record<string, Upgrade>> = {
  Cast: cast,
  CastLike: castLike,
  AveragePool: averagePool,
  Pad: pad,
  Gelu: gelu,
  GroupNormalization: groupNormalization,
  Scatter: scatter,
};
