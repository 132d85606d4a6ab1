import { type Attributes, float, type Node, type Value } from "../model.ts";
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  nodeError,
  requiredInput,
  standardNode,
  stringAttribute,
} from "../node.ts";
import { bentByGelu, swish } from "./elementwise.ts";
import { multiHeadAttention, packedAttention } from "./fused-attention.ts";
import { TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from "./layout.ts";
import { groupNormalization, rmsNormalised } from "./normalisation.ts";
import type { Operator, Operators } from "./operator.ts";
import { Emitter, type Rewriting, type Upgrade } from "./upgrade.ts";

/**
 * Operators of ONNX Runtime's own domain, into which its optimiser fuses several when a model is
 * saved optimised, as these several again.
 *
 * Source: ONNX Runtime 1.30, docs/ContribOperators.md.
 */

/** The parameters of an activation, in the order that FusedConv lists them in. */
const ACTIVATIONS: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Sigmoid: [],
  Tanh: [],
  HardSwish: [],
  Softplus: [],
  Softsign: [],
  Elu: ["alpha"],
  LeakyRelu: ["alpha"],
  ThresholdedRelu: ["alpha"],
  HardSigmoid: ["alpha", "beta"],
  Selu: ["alpha", "gamma"],
  Clip: ["min", "max"],
};

/** The activation of `x` as the last node. @param parameters by name; absent ones are defaults */
function activated(
  emitter: Emitter,
  node: Node,
  x: Value,
  parameters: Readonly<Record<string, number>>,
): readonly Node[] {
  const op = stringAttribute(node, "activation", "");
  if (op === "Clip") {
    const [min = -Infinity, max = Infinity] = [parameters["min"], parameters["max"]];
    return emitter.ending("Clip", [x, emitter.scalar(min), emitter.scalar(max)]);
  }
  if (!ACTIVATIONS[op]) throw nodeError(node, `activation '${op}' is not known`);
  const attributes = Object.entries(parameters).map(
    ([name, value]) => [name, float(value)] as const,
  );
  return emitter.ending(op, [x], Object.fromEntries(attributes));
}

const CONV_ATTRIBUTES = ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];

/** Those of a node's attributes that are named. */
function only(node: Node, names: readonly string[]): Attributes {
  return Object.fromEntries(
    Object.entries(node.attributes).filter(([name]) => names.includes(name)),
  );
}

/** Y = activation(conv(X, W) + B + Z), B and Z optional. */
const conv: Upgrade = (node, rewriting) => {
  const [x, w, b = "", z = ""] = [
    requiredInput(node, 0),
    requiredInput(node, 1),
    ...node.inputs.slice(2),
  ];
  const inputs = b ? [x, w, b] : [x, w];
  const attributes = only(node, CONV_ATTRIBUTES);
  const isActivated = stringAttribute(node, "activation", "") !== "";
  if (!z && !isActivated) return new Emitter(node, rewriting).ending("Conv", inputs, attributes);
  const emitter = new Emitter(lastOf(node), rewriting);
  const y = leading(emitter, rewriting, { ...node, op: "Conv", inputs, attributes });
  if (!isActivated) return emitter.ending("Add", [y, z]);
  const names = ACTIVATIONS[stringAttribute(node, "activation")] ?? [];
  const given = floatsAttribute(node, "activation_params", []);
  const parameters = Object.fromEntries(
    names.slice(0, given.length).map((name, i) => [name, given[i]!]),
  );
  return activated(emitter, node, z ? emitter.emit("Add", [y, z]) : y, parameters);
};

/** Y = activation(alpha A' B' + beta C). */
const gemm: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(lastOf(node), rewriting);
  const attributes = only(node, ["alpha", "beta", "transA", "transB"]);
  const y = leading(emitter, rewriting, { ...node, op: "Gemm", attributes });
  const names = ACTIVATIONS[stringAttribute(node, "activation")] ?? [];
  const given = names.filter((name) => `activation_${name}` in node.attributes);
  const parameters = given.map(
    (name) => [name, floatAttribute(node, `activation_${name}`)] as const,
  );
  return activated(emitter, node, y, Object.fromEntries(parameters));
};

/** The node that others were fused into, which has kept its name: the convolution, say. */
function leading(emitter: Emitter, { fresh }: Rewriting, node: Node): Value {
  const output = fresh(`${node.outputs[0]}_${node.op}`);
  emitter.add({ ...node, domain: "", outputs: [output] });
  return output;
}

/**
 * With the name of the last of those that were fused, as its output tells it: PyTorch calls what
 * '/act/Relu' makes '/act/Relu_output_0'.
 */
function lastOf(node: Node): Node {
  return { ...node, name: node.outputs[0]!.replace(/_output_0$/, "") };
}

/**
 * Y = alpha A' B'. `transBatch` has the rows of a matrix in the first axis, before the batches, and
 * `trans` turns the last two axes after that.
 */
const matMul: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const turned = (index: number, letter: string) => {
    const x = requiredInput(node, index);
    const isTurned = intAttribute(node, `trans${letter}`, 0) === 1;
    const isBehind = intAttribute(node, `transBatch${letter}`, 0) === 1;
    if (!isTurned && !isBehind) return x;
    const rank = ranked(node, rewriting, x);
    // a vector is not turned
    if (rank < 2) return x;
    const axes = [...Array(rank).keys()];
    const batched = isBehind ? [...axes.slice(1, -1), 0, rank - 1] : axes;
    const perm = isTurned ? [...batched.slice(0, -2), batched.at(-1)!, batched.at(-2)!] : batched;
    return emitter.emit("Transpose", [x], { perm });
  };
  const inputs = [turned(0, "A"), turned(1, "B")];
  const alpha = floatAttribute(node, "alpha", 1);
  if (alpha === 1) return emitter.ending("MatMul", inputs);
  return emitter.ending("Mul", [emitter.emit("MatMul", inputs), emitter.scalar(alpha)]);
};

function ranked(node: Node, { factsOf }: Rewriting, value: Value): number {
  const rank = factsOf(value)?.shape.length;
  if (rank !== undefined) return rank;
  throw nodeError(node, `input '${value}' is of unknown shape; use the model as it was exported`);
}

/** Gelu of X + bias, the bias optional. @param approximate as Gelu's attribute of this name */
const gelu = (approximate: "none" | "tanh"): Operator => ({
  upgrade: (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const [x, bias] = [requiredInput(node, 0), node.inputs[1]];
    return bentByGelu(emitter, bias ? emitter.emit("Add", [x, bias]) : x, approximate);
  },
});

/** X + bias + skip. */
const biasAdd: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const sum = emitter.emit("Add", [requiredInput(node, 0), requiredInput(node, 1)]);
  return emitter.ending("Add", [sum, requiredInput(node, 2)]);
};

/**
 * Layer normalisation, or RMS normalisation, of X + skip + bias. The sum itself is the output after
 * the two statistics, which nothing reads at inference.
 */
function skipNormalization(kind: "layer" | "rms"): Upgrade {
  return (node, rewriting) => {
    const [x, skip, gamma] = [0, 1, 2].map((index) => requiredInput(node, index));
    const optional = node.inputs.slice(3);
    const [beta = "", bias = ""] = kind === "layer" ? optional : ["", ...optional];
    const [y = "", mean = "", deviation = "", total = ""] = node.outputs;
    if (mean || deviation) throw nodeError(node, "its statistics are read, want its output alone");
    const emitter = new Emitter({ ...node, outputs: [y] }, rewriting);
    const added = emitter.emit("Add", [x!, skip!]);
    const sum = bias ? emitter.emit("Add", [added, bias]) : added;
    if (total) emitter.pass(sum, total);
    const epsilon = floatAttribute(node, "epsilon", 1e-12);
    if (kind === "rms") return rmsNormalised(emitter, [sum, gamma!], { axes: [-1], epsilon });
    const inputs = beta ? [sum, gamma!, beta] : [sum, gamma!];
    return emitter.ending("LayerNormalization", inputs, { axis: -1, epsilon: float(epsilon) });
  };
}

/**
 * Groups of channels to mean 0 and deviation 1, then a scale and bias for each channel, then X
 * sigmoid(X) if `activation` is 1. X: [N, H, W, C], or [N, C, H, W] if `channels_last` is 0.
 */
const groupNorm: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const [x, gamma, beta] = [0, 1, 2].map((index) => requiredInput(node, index));
  const isLast = intAttribute(node, "channels_last", 1) === 1;
  const first = isLast ? emitter.emit("Transpose", [x!], { perm: TO_CHANNELS_FIRST }) : x!;
  const z = rewriting.fresh(`${node.outputs[0]}_normalised`);
  const attributes = {
    num_groups: intAttribute(node, "groups"),
    epsilon: float(floatAttribute(node, "epsilon", 1e-5)),
  };
  const inner = { op: "GroupNormalization", inputs: [first, gamma!, beta!], outputs: [z] };
  const asOf21 = { ...rewriting, opset: 21 };
  emitter.add(...groupNormalization(standardNode({ ...inner, attributes }), asOf21));
  const isActivated = intAttribute(node, "activation", 0) === 1;
  const y = isActivated ? emitter.emit("Mul", [z, emitter.emit("Sigmoid", [z])]) : z;
  if (!isLast) return emitter.ending("Identity", [y]);
  return emitter.ending("Transpose", [y], { perm: TO_CHANNELS_LAST });
};

/** A convolution of X [N, H, W, C] with W [M, kH, kW, C / group]. */
const nhwcConv: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const first = (index: number) =>
    emitter.emit("Transpose", [requiredInput(node, index)], { perm: TO_CHANNELS_FIRST });
  const inputs = [first(0), first(1), ...node.inputs.slice(2, 3)];
  const y = emitter.emit("Conv", inputs, only(node, CONV_ATTRIBUTES));
  return emitter.ending("Transpose", [y], { perm: TO_CHANNELS_LAST });
};

/** Maxima of integers [N, H, W, C]. */
const nhwcMaxPool: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const x = emitter.emit("Transpose", [requiredInput(node, 0)], { perm: TO_CHANNELS_FIRST });
  const y = emitter.emit("MaxPool", [x], node.attributes);
  return emitter.ending("Transpose", [y], { perm: TO_CHANNELS_LAST });
};

/**
 * The domain of blocked layouts: a value is the same with its channels in blocks, which matters to
 * nobody who reads it by its axes.
 */
const UNBLOCKED = ["MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"];

const plain: Upgrade = (node) => [{ ...node, domain: "" }];

/** Into blocks or out of them. @param perm where the other side has its channels last */
function reordered(perm: readonly number[]): Upgrade {
  return (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const inputs = [requiredInput(node, 0)];
    if (intAttribute(node, "channels_last", 0) === 0) return emitter.ending("Identity", inputs);
    return emitter.ending("Transpose", inputs, { perm });
  };
}

/** Its weights are in blocks too. */
const blockedConv: Upgrade = (node) => {
  throw nodeError(
    node,
    "its weights are laid out for one kind of processor, in blocks whose " +
      "length the file does not say; use the model as it was exported, or save it with " +
      "ORT_ENABLE_EXTENDED in place of ORT_ENABLE_ALL",
  );
};

/** What ONNX Runtime's optimiser makes of several operators. */
export const fusions: Operators = {
  "com.microsoft.FusedConv": { upgrade: conv },
  "com.microsoft.NhwcConv": { upgrade: nhwcConv },
  "com.microsoft.NhwcMaxPool": { upgrade: nhwcMaxPool },
  "com.microsoft.nchwc.Conv": { upgrade: blockedConv },
  "com.microsoft.nchwc.ReorderInput": { upgrade: reordered(TO_CHANNELS_FIRST) },
  "com.microsoft.nchwc.ReorderOutput": { upgrade: reordered(TO_CHANNELS_LAST) },
  ...Object.fromEntries(UNBLOCKED.map((op) => [`com.microsoft.nchwc.${op}`, { upgrade: plain }])),
  "com.microsoft.FusedGemm": { upgrade: gemm },
  "com.microsoft.FusedMatMul": { upgrade: matMul },
  "com.microsoft.TransposeMatMul": { upgrade: matMul },
  "com.microsoft.Gelu": gelu("none"),
  "com.microsoft.BiasGelu": gelu("none"),
  "com.microsoft.FastGelu": gelu("tanh"),
  "com.microsoft.QuickGelu": { upgrade: swish(1.702) },
  "com.microsoft.BiasAdd": { upgrade: biasAdd },
  "com.microsoft.GroupNorm": { upgrade: groupNorm },
  "com.microsoft.SkipLayerNormalization": { upgrade: skipNormalization("layer") },
  "com.microsoft.SkipSimplifiedLayerNormalization": { upgrade: skipNormalization("rms") },
  "com.microsoft.Attention": { upgrade: packedAttention },
  "com.microsoft.MultiHeadAttention": { upgrade: multiHeadAttention },
};
