import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode, intAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { axisAttribute, keepDims } from "./axes.ts";
import { sameAsInput } from "./elementwise.ts";
import { input } from "./inputs.ts";
import type { Infer, Operators } from "./operator.ts";
import { type Upgrade, withoutAttributes } from "./upgrade.ts";

/** X [N, C, ...]; every further input (scale, bias, mean, variance) is [C]. */
const perChannel: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
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
  return [{ type, shape }];
};

/** Before 14 more than one output meant training; an inference export may still list them. */
const atInference: Upgrade = (node) => {
  if (intAttribute(node, "spatial", 1) === 0) {
    throw new ModelError(
      `${describeNode(node)}: statistics for each position (spatial=0) are not supported; ` +
        `export the model with opset 9 or later`,
    );
  }
  if (intAttribute(node, "training_mode", 0) === 1) {
    throw new ModelError(
      `${describeNode(node)}: the model was exported in training mode; export it for inference`,
    );
  }
  const bare = withoutAttributes(node, "spatial", "training_mode", "momentum");
  return [{ ...bare, outputs: node.outputs.slice(0, 1) }];
};

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

const lrn: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  if (shape.length < 2) throw mismatch(node, `no channel axis in ${formatShape(shape)}`);
  return [{ type, shape }];
};

export const normalisations: Operators = {
  BatchNormalization: { infer: perChannel, upgrade: atInference },
  InstanceNormalization: { infer: perChannel },
  LayerNormalization: { infer: layerNormalization },
  LRN: { infer: lrn },
  LpNormalization: { infer: sameAsInput },
  MeanVarianceNormalization: { infer: sameAsInput },
};
