import { arithmetic } from "../arithmetic.ts";
import { float, type Node, type Value } from "../model.ts";
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
  requiredInput,
} from "../node.ts";
import { filled, floatTensor, formatShape } from "../tensor.ts";
import { axisAttribute, keepDims } from "./axes.ts";
import { sameAsInput } from "./elementwise.ts";
import { input, ofInputType } from "./inputs.ts";
import type { Infer, Operator, Operators } from "./operator.ts";
import {
  Emitter,
  notInOpset18,
  type Rewriting,
  type Upgrade,
  withoutAttributes,
} from "./upgrade.ts";

/** X [N, C, ...]; every further input (scale, bias, mean, variance) is [C]. */
const perChannel = ofInputType((node, inputs, shape) => {
  const channels = shape[1];
  inputs.slice(1).forEach((facts, i) => {
    if (facts && (facts.shape.length !== 1 || facts.shape[0] !== channels)) {
      throw mismatch(
        node,
        `input ${i + 1} has shape ${formatShape(facts.shape)}, wanted [${channels}] for ` +
          `channels of ${formatShape(shape)}`,
      );
    }
  });
  return shape;
});

/**
 * Before 14 more than one output meant training, before 7 if `is_test` did not say otherwise; from 7
 * on an inference export may still list them. Over constants training mode is weight standardisation
 * (NF-Nets, BiT), whose result is a constant.
 */
const atInference: Upgrade = (node, rewriting) => {
  const { opset } = rewriting;
  const hasStatistics = node.outputs.slice(1).some(Boolean);
  const isTraining =
    opset >= 14
      ? intAttribute(node, "training_mode", 0) === 1
      : hasStatistics && (opset >= 7 || intAttribute(node, "is_test", 0) === 0);
  const rank = rewriting.factsOf(requiredInput(node, 0))?.constant?.shape.length;
  if (isTraining && rank !== undefined) return standardised(node, rewriting, rank);
  if (intAttribute(node, "spatial", 1) === 0 && !hasNumberPerChannel(node, rewriting)) {
    throw nodeError(
      node,
      "statistics for each position (spatial=0) are not supported; " +
        "export the model with opset 9 or later",
    );
  }
  if (isTraining && (opset >= 14 || opset < 7)) {
    throw nodeError(node, "the model was exported in training mode; export it for inference");
  }
  const bare = withoutAttributes(node, "spatial", "training_mode", "is_test", "momentum");
  return [{ ...bare, outputs: node.outputs.slice(0, 1) }];
};

/** MXNet's converter writes spatial=0 also where there is one number for each channel. */
function hasNumberPerChannel(node: Node, { constantOf }: Rewriting): boolean {
  return constantOf(node.inputs[1] ?? "")?.shape.length === 1;
}

/** Y = S (X - mean) / sqrt(var + epsilon) + B, mean and var over all axes of X but the second. */
function standardised(node: Node, rewriting: Rewriting, rank: number): readonly Node[] {
  // the others are the statistics that training goes on with
  const first = { ...node, outputs: node.outputs.slice(0, 1) };
  const emitter = new Emitter(first, rewriting);
  const x = requiredInput(node, 0);
  const axes = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2)];
  const meanOf = (value: Value) => emitter.emit("ReduceMean", [value, emitter.ints(...axes)]);
  const alongChannels = (value: Value) => emitter.emit("Unsqueeze", [value, emitter.ints(...axes)]);
  const { add, sub, mul, div } = arithmetic(emitter);
  const centred = sub(x, meanOf(x));
  const variance = meanOf(mul(centred, centred));
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const deviation = emitter.emit("Sqrt", [add(variance, epsilon)]);
  const scaled = mul(div(centred, deviation), alongChannels(requiredInput(node, 1)));
  return emitter.ending("Add", [scaled, alongChannels(requiredInput(node, 2))]);
}

/** The axes of LayerNormalization's statistics: from `axis`, by default the last, to the end. */
export function layerNormalizedAxes(node: Node, rank: number): readonly number[] {
  const first = axisAttribute(node, rank, -1);
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

/** Y, and the mean and inverse deviation, whose normalised axes have length 1. */
const layerNormalization: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const statistics = keepDims(shape, layerNormalizedAxes(node, shape.length));
  return [
    { type, shape },
    { type: "float32", shape: statistics },
    { type: "float32", shape: statistics },
  ];
};

const lrn = ofInputType((node, _inputs, shape) => {
  if (shape.length < 2) throw mismatch(node, `no channel axis in ${formatShape(shape)}`);
  return shape;
});

/**
 * GroupNormalization (opset 18, which ONNX Runtime has no kernel of, and 21): each group of
 * channels to mean 0 and deviation 1, then a scale and bias for each group (18) or channel (21).
 *
 * A group is one channel of an InstanceNormalization over [N, groups, rest].
 */
export const groupNormalization: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const [x, scale, bias] = [0, 1, 2].map((index) => requiredInput(node, index));
  const groups = intAttribute(node, "num_groups");
  const isPerGroup = rewriting.opset < 21;
  const all = (value: number) => emitter.constant(floatTensor([groups], filled(groups, value)));
  const grouped = emitter.emit("Reshape", [x!, emitter.ints(0, groups, -1)]);
  const inputs = [grouped, ...(isPerGroup ? [scale!, bias!] : [all(1), all(0)])];
  const attributes = { epsilon: float(floatAttribute(node, "epsilon", 1e-5)) };
  if (isPerGroup) {
    const normalised = rewriting.fresh(`${node.outputs[0]}_InstanceNormalization`);
    const op = "InstanceNormalization";
    emitter.add({ ...node, op, inputs, outputs: [normalised], attributes });
    return emitter.ending("Reshape", [normalised, emitter.emit("Shape", [x!])]);
  }
  const normalised = emitter.emit("InstanceNormalization", inputs, attributes);
  const flat = emitter.emit("Reshape", [normalised, emitter.emit("Shape", [x!])]);
  const rank = rewriting.factsOf(x!)?.shape.length ?? 4;
  const spatial = emitter.ints(...Array.from({ length: rank - 2 }, (_, i) => i + 1));
  const alongChannels = (value: Value) => emitter.emit("Unsqueeze", [value, spatial]);
  const scaled = arithmetic(emitter).mul(flat, alongChannels(scale!));
  return emitter.ending("Add", [scaled, alongChannels(bias!)]);
};

/**
 * RMSNormalization (opset 23), and SimplifiedLayerNormalization, as which ONNX Runtime's optimiser
 * writes it: Y = X / sqrt(mean(X^2) + epsilon) * S, the mean over the axes from `axis` on.
 */
const rmsNormalization: Upgrade = (node, rewriting) => {
  // the others are statistics, for training
  const emitter = new Emitter({ ...node, outputs: node.outputs.slice(0, 1) }, rewriting);
  const [x, scale] = [requiredInput(node, 0), requiredInput(node, 1)];
  const first = intAttribute(node, "axis", -1);
  const rank = first < 0 ? 0 : rewriting.factsOf(x)?.shape.length;
  if (rank === undefined) throw notInOpset18(node, "an axis counted from the front");
  const axes = Array.from({ length: first < 0 ? -first : rank - first }, (_, i) => -1 - i);
  return rmsNormalised(emitter, [x, scale], {
    axes,
    epsilon: floatAttribute(node, "epsilon", 1e-5),
  });
};

/** X / sqrt(mean(X^2) + epsilon) * S over some axes, as the last of the nodes. */
export function rmsNormalised(
  emitter: Emitter,
  [x, scale]: readonly [Value, Value],
  { axes, epsilon }: { readonly axes: readonly number[]; readonly epsilon: number },
): readonly Node[] {
  const { add, mul, div } = arithmetic(emitter);
  const mean = emitter.emit("ReduceMean", [mul(x, x), emitter.ints(...axes)]);
  const deviation = emitter.emit("Sqrt", [add(mean, epsilon)]);
  return emitter.ending("Mul", [div(x, deviation), scale]);
}

/** Below any length that is not 0 by underflow: what is nowhere stays there. */
const SHORTEST = 1e-30;

/** Y = X / (sum of |X|^p)^(1 / p) along one axis, p 1 or 2. Source: LpNormalization-1. */
const lpNormalization: Operator = {
  infer: sameAsInput,
  upgrade: (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const [x, axis] = [requiredInput(node, 0), intAttribute(node, "axis", -1)];
    const op = intAttribute(node, "p", 2) === 1 ? "ReduceL1" : "ReduceL2";
    const length = emitter.emit(op, [x, emitter.ints(axis)]);
    return emitter.ending("Div", [x, emitter.emit("Max", [length, emitter.scalar(SHORTEST)])]);
  },
};

/**
 * Y = (X - mean) / (sqrt(var) + 1e-9), mean and var over `axes`; never over the batch, though that
 * is among them by default: a file is made for one image. Source: MeanVarianceNormalization-13.
 */
const meanVarianceNormalization: Operator = {
  infer: sameAsInput,
  upgrade: (node, rewriting) => {
    const emitter = new Emitter(node, rewriting);
    const x = requiredInput(node, 0);
    // before opset 9 an experiment, with other attributes
    const usual = intAttribute(node, "across_channels", 0) === 1 ? [1, 2, 3] : [2, 3];
    const axes = emitter.ints(...intsAttribute(node, "axes", usual).filter((axis) => axis !== 0));
    const meanOf = (value: Value) => emitter.emit("ReduceMean", [value, axes]);
    if (intAttribute(node, "normalize_variance", 1) === 0) {
      return emitter.ending("Sub", [x, meanOf(x)]);
    }
    const { add, sub, mul } = arithmetic(emitter);
    const centred = sub(x, meanOf(x));
    const deviation = emitter.emit("Sqrt", [meanOf(mul(centred, centred))]);
    return emitter.ending("Div", [centred, add(deviation, 1e-9)]);
  },
};

/**
 * Softmax, LogSoftmax and Hardmax before opset 13 see a matrix: the axes before `axis` (default 1)
 * are its rows, all others together its columns. From 13 on they work along one axis, so that only
 * `axis` = the last one means the same; otherwise the matrix is made and undone around the
 * operator.
 */
export const alongColumns: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 13) return [node];
  const [x, y] = [requiredInput(node, 0), node.outputs[0]!];
  const axis = intAttribute(node, "axis", 1);
  const bare = withoutAttributes(node, "axis");
  const alongLast = { ...bare, attributes: { ...bare.attributes, axis: -1 } };
  const rank = rewriting.factsOf(x)?.shape.length ?? null;
  if (axis === -1 || (rank !== null && axis === rank - 1)) return [alongLast];
  const emitter = new Emitter(node, rewriting);
  const matrix = emitter.emit("Flatten", [x], { axis });
  const result = rewriting.fresh(`${y}_result`);
  emitter.add({ ...alongLast, name: node.name || y, inputs: [matrix], outputs: [result] });
  return emitter.ending("Reshape", [result, emitter.emit("Shape", [x])]);
};

/** Operators that bring the input, or each part of it, to one scale. */
export const normalisations: Operators = {
  BatchNormalization: { infer: perChannel, upgrade: atInference },
  InstanceNormalization: { infer: perChannel },
  LayerNormalization: { infer: layerNormalization },
  GroupNormalization: { upgrade: groupNormalization },
  RMSNormalization: { upgrade: rmsNormalization },
  SimplifiedLayerNormalization: { upgrade: rmsNormalization },
  LRN: { infer: lrn },
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  Softmax: { infer: sameAsInput, upgrade: alongColumns },
  LogSoftmax: { infer: sameAsInput, upgrade: alongColumns },
  Hardmax: { infer: sameAsInput, upgrade: alongColumns },
};
