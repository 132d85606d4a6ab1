import { floatAttribute, intsAttribute } from "../node.ts";
import type { Node, Value } from "../model.ts";
import { floatTensor, intsTensor } from "../tensor.ts";
import { type Rewriting, type Upgrade, withoutAttributes } from "./upgrade.ts";

/**
 * Operators whose attributes became inputs between opset 7 and 18. The text after each name is the
 * opset that changed it.
 */

/** Clip (11): bounds. An absent one stays absent, which is no bound. */
const clip: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 11) return [node];
  const bound = (name: string) =>
    name in node.attributes
      ? rewriting.constant(floatTensor([], [floatAttribute(node, name)]), hint(node, name))
      : "";
  const inputs = [node.inputs[0]!, bound("min"), bound("max")];
  return [{ ...withoutAttributes(node, "min", "max"), inputs: trimmed(inputs) }];
};

/** Squeeze, Unsqueeze, ReduceSum (13) and the other reductions (18): axes. */
function axes(since: number): Upgrade {
  return (node, rewriting) => {
    if (rewriting.opset >= since) return [node];
    const inputs = [node.inputs[0]!, intsInput(node, rewriting, "axes")];
    return [{ ...withoutAttributes(node, "axes"), inputs: trimmed(inputs) }];
  };
}

/** Pad (11): pads and the fill value. */
const pad: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 11) return [node];
  const value = rewriting.constant(
    floatTensor([], [floatAttribute(node, "value", 0)]),
    hint(node, "value"),
  );
  const inputs = [node.inputs[0]!, intsInput(node, rewriting, "pads"), value];
  return [{ ...withoutAttributes(node, "pads", "value"), inputs }];
};

/** Slice (10): starts, ends and axes. */
const slice: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 10) return [node];
  const lists = ["starts", "ends", "axes"].map((name) => intsInput(node, rewriting, name));
  const bare = withoutAttributes(node, "starts", "ends", "axes");
  return [{ ...bare, inputs: trimmed([node.inputs[0]!, ...lists]) }];
};

/** Split (13: sizes; 18: without sizes the number of parts must be stated). */
const split: Upgrade = (node, rewriting) => {
  if (rewriting.opset >= 18) return [node];
  const sizes = rewriting.opset < 13 ? intsInput(node, rewriting, "split") : node.inputs[1];
  const bare = withoutAttributes(node, "split");
  if (sizes) return [{ ...bare, inputs: [node.inputs[0]!, sizes] }];
  const attributes = { ...bare.attributes, num_outputs: node.outputs.length };
  return [{ ...bare, inputs: [node.inputs[0]!], attributes }];
};

/** The attribute `name` as a constant, or "" if the node has none. */
function intsInput(node: Node, { constant }: Rewriting, name: string): Value {
  if (!(name in node.attributes)) return "";
  return constant(intsTensor(intsAttribute(node, name)), hint(node, name));
}

function hint(node: Node, name: string): string {
  return `${node.outputs[0]}_${name}`;
}

function trimmed(inputs: readonly Value[]): readonly Value[] {
  return inputs.slice(0, inputs.findLastIndex((value) => value !== "") + 1);
}

export const attributesToInputs: Readonly<Record<string, Upgrade>> = {
  Clip: clip,
  Squeeze: axes(13),
  Unsqueeze: axes(13),
  ReduceSum: axes(13),
  ReduceMean: axes(18),
  ReduceMax: axes(18),
  ReduceMin: axes(18),
  ReduceProd: axes(18),
  ReduceL1: axes(18),
  ReduceL2: axes(18),
  ReduceSumSquare: axes(18),
  ReduceLogSum: axes(18),
  ReduceLogSumExp: axes(18),
  Pad: pad,
  Slice: slice,
  Split: split,
};
