import { ModelError } from "../errors.ts";
import { describeNode, intAttribute } from "../node.ts";
import { type Upgrade, withoutAttributes } from "./upgrade.ts";

/** Operators that behave otherwise in training: we look at the network as it is used. */

/** Ratio (an attribute, an input from 12 on) and training mode do not matter: data passes through. */
const dropout: Upgrade = (node) => [
  { ...withoutAttributes(node, "ratio", "seed", "is_test"), inputs: node.inputs.slice(0, 1) },
];

/** Before 14 more than one output meant training; an inference export may still list them. */
const batchNormalization: Upgrade = (node) => {
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

export const inferenceMode: Readonly<Record<string, Upgrade>> = {
  Dropout: dropout,
  BatchNormalization: batchNormalization,
};
