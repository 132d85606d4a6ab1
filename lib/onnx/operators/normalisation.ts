import { mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { sameAsInput } from "./elementwise.ts";
import { input } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

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

/** Y, and the mean and inverse deviation, whose normalised axes have length 1. */
const layerNormalization: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const axis = axisAttribute(node, shape.length, -1);
  const statistics = shape.map((length, i) => (i < axis ? length : 1));
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

export const normalisations: Readonly<Record<string, Operator>> = {
  BatchNormalization: { infer: perChannel },
  InstanceNormalization: { infer: perChannel },
  LayerNormalization: { infer: layerNormalization },
  LRN: { infer: lrn },
  LpNormalization: { infer: sameAsInput },
  MeanVarianceNormalization: { infer: sameAsInput },
};
