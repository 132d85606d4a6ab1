import { UnsupportedGradientError } from "../errors.ts";
import { requireConstant } from "../constant-inputs.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Dropout at inference: Y = X.
 *
 *     dX = dY
 *
 * X, Y: any shape; the optional second output, the mask, has no gradient.
 *
 * Source: ONNX operator Dropout-13.
 *
 * @throws UnsupportedGradientError in training mode, which drops elements at random.
 */
export const dropoutVjp: VjpRule = (context) => {
  const { graph, node, inputs } = context;
  const [isTraining = 0] = requireConstant(context, 2, "training_mode");
  if (isTraining !== 0) {
    throw new UnsupportedGradientError(
      node,
      "training_mode is true",
      "export the model in evaluation mode",
    );
  }
  return {
    outputs: graph.emitMany("Dropout", inputs, node.attributes, node.outputs.length),
    isRectified: context.isRectified(0),
    pullback: ([dY = null]) => inputs.map((_, i) => (i === 0 ? dY : null)),
  };
};
