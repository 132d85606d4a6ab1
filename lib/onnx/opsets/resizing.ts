import { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { describeNode, stringAttribute } from "../node.ts";
import { floatTensor, sizeOf, toNumbers } from "../tensor.ts";
import { type Rewriting, type Upgrade, withoutAttributes } from "./upgrade.ts";

/** Upsample (7: scales attribute, 9: input; gone at 10) is what became Resize. */
const upsample: Upgrade = (node, rewriting) => {
  const attribute = node.attributes["scales"];
  if (typeof attribute !== "object" || !("floats" in attribute)) {
    return [asResize(node, node.inputs[1]!, rewriting)];
  }
  const { floats } = attribute;
  const scales = rewriting.constant(
    floatTensor([floats.length], floats),
    `${node.outputs[0]}_scales`,
  );
  return [asResize(node, scales, rewriting)];
};

const resize: Upgrade = (node, rewriting) => {
  if (rewriting.opset < 11) return [asResize(node, node.inputs[1]!, rewriting)];
  const coordinates = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  // the first went with opset 13, the second came with 19
  if (coordinates === "tf_half_pixel_for_nn" || coordinates === "half_pixel_symmetric") {
    throw new ModelError(
      `${describeNode(node)}: coordinate_transformation_mode '${coordinates}' has no counterpart ` +
        `in opset 18; export the model with 'half_pixel'`,
    );
  }
  // at 11 and 12 an input that does not count had to be an empty tensor
  const inputs = node.inputs.map((value) => {
    const tensor = value ? rewriting.constantOf(value) : null;
    return tensor && sizeOf(tensor.shape) === 0 ? "" : value;
  });
  return [{ ...node, inputs }];
};

/**
 * Upsample and Resize-10 take the pixel at floor(x / scale) when they enlarge, at its ceiling when
 * they shrink. Source: ONNX Runtime, `ResizeNearestMode::SIMPLE`.
 */
function asResize(node: Node, scales: Value, { constantOf }: Rewriting): Node {
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
    inputs: [node.inputs[0]!, "", scales],
    attributes: {
      mode,
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: shrinks ? "ceil" : "floor",
    },
  };
}

export const resizingUpgrades: Readonly<Record<string, Upgrade>> = {
  Upsample: upsample,
  Resize: resize,
};
