import { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { describeNode, requiredInput, stringAttribute } from "../node.ts";
import { floatTensor, toNumbers } from "../tensor.ts";
import type { Operator } from "./operator.ts";
import { type Rewriting, withoutAttributes } from "./upgrade.ts";

/** Upsample (scales an attribute at 7, an input at 9; gone at 10) is what became Resize. */
export const upsample: Operator = {
  upgrade: (node, rewriting) => {
    const attribute = node.attributes["scales"];
    if (typeof attribute !== "object" || !("floats" in attribute)) {
      return [asResize(node, rewriting, requiredInput(node, 1))];
    }
    const { floats } = attribute;
    const scales = floatTensor([floats.length], floats);
    const hint = `${node.outputs[0]}_scales`;
    return [asResize(node, rewriting, rewriting.constant(scales, hint))];
  },
};

/**
 * Upsample and Resize-10 take the pixel at floor(x / scale) when they enlarge, at its ceiling when
 * they shrink. Source: ONNX Runtime, `ResizeNearestMode::SIMPLE`.
 */
export function asResize(node: Node, { constantOf }: Rewriting, scales: Value): Node {
  const constant = constantOf(scales);
  const known = constant && constant.type !== "opaque" ? toNumbers(constant) : null;
  const shrinks = known?.some((scale) => scale < 1) ?? false;
  const enlarges = known?.some((scale) => scale > 1) ?? false;
  const mode = stringAttribute(node, "mode", "nearest");
  if (mode === "nearest" && (!known || (shrinks && enlarges))) {
    throw new ModelError(
      `${describeNode(node)}: scales must be constants that all enlarge or all shrink; ` +
        `export the model with opset 11 or later`,
    );
  }
  return {
    ...withoutAttributes(node, "scales"),
    op: "Resize",
    inputs: [requiredInput(node, 0), "", scales],
    attributes: {
      mode,
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: shrinks ? "ceil" : "floor",
    },
  };
}
