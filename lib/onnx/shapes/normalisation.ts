import { intAttribute } from "../node.ts";
import { sameAsInput } from "./elementwise.ts";
import {
  formatShape,
  input,
  mismatch,
  normaliseAxis,
  type ShapeFunction,
} from "./shape-function.ts";

/** X [N, C, ...]; every further input (scale, bias, mean, variance) is [C]. */
const perChannel: ShapeFunction = (node, inputs) => {
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
const layerNormalization: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const axis = normaliseAxis(node, intAttribute(node, "axis", -1), shape.length);
  const statistics = shape.map((length, i) => (i < axis ? length : 1));
  return [
    { type, shape },
    { type: "float32", shape: statistics },
    { type: "float32", shape: statistics },
  ];
};

const lrn: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  if (shape.length < 2) throw mismatch(node, `no channel axis in ${formatShape(shape)}`);
  return [{ type, shape }];
};

export const normalisationShapes: Readonly<Record<string, ShapeFunction>> = {
  BatchNormalization: perChannel,
  InstanceNormalization: perChannel,
  LayerNormalization: layerNormalization,
  LRN: lrn,
  GroupNormalization: sameAsInput,
  LpNormalization: sameAsInput,
  MeanVarianceNormalization: sameAsInput,
};
