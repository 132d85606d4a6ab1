import { axisAfter, type BatchAxis } from "./batch-axis.ts";
import type { Node, Value } from "./model.ts";
import { broadcastTo } from "./operators/elements.ts";
import { parseGather } from "./operators/select.ts";
import { intsTensor, type NumericTensor, sizeOf, toNumbers } from "./tensor.ts";

/** A node made for batch 1, rewritten for batch N, and the constants that it then reads. */
interface Rewrite {
  readonly node: Node;
  readonly constants: readonly (readonly [Value, NumericTensor])[];
}

/** Of a Gather for a whole batch: a last map of some hundred images, in a fraction of a second. */
const MAX_BATCH_INDICES = 2 ** 20;

/**
 * A node with constants that hold one image only, such as a Reshape to [1, ...] of a value
 * [N, ...], as one that does to each image what it does to a single one; `null` for any other.
 */
export function rewriteForBatch(batch: BatchAxis, node: Node): Rewrite | null {
  return REWRITES.get(node.op)?.(batch, node) ?? null;
}

const REWRITES: ReadonlyMap<string, typeof rewriteForBatch> = new Map([
  ["Concat", concat],
  ["Expand", expand],
  ["Gather", gather],
  ["Reshape", reshape],
  ["Resize", resize],
]);

function reshape(batch: BatchAxis, node: Node): Rewrite | null {
  const [x = "", shape = ""] = node.inputs;
  const to = batch.single.get(node.outputs[0]!)?.shape;
  const constant = batch.facts.get(shape)?.constant;
  const before = batch.elementsBefore(x);
  if (!to || before === null || !constant) return null;
  // one that is computed from the batch is as it should be
  const alone = batch.single.get(shape)?.constant;
  if (alone && toNumbers(alone).join() !== toNumbers(constant).join()) return null;
  const start = axisAfter(before, to);
  if (start === null) return null;
  // where the last axis alone is left behind the images, it is features: rows for each image
  const target = start > 0 && start === to.length - 1 ? start - 1 : start;
  const batched = to.with(target, to[target]! * batch.size);
  return withConstant(batch, node, 1, intsTensor(batched));
}

/** Sizes for all axes, [1, C, H, W]. */
function resize(batch: BatchAxis, node: Node): Rewrite | null {
  const [x = "", , , sizes = ""] = node.inputs;
  const axis = batch.axisOf(x);
  const constant = batch.facts.get(sizes)?.constant;
  if (axis === null || !constant || "axes" in node.attributes) return null;
  const lengths = toNumbers(constant);
  if (lengths[axis] !== batch.single.get(x)?.shape[axis]) return null;
  const whole = batch.facts.get(x)!.shape[axis]!;
  return withConstant(batch, node, 3, intsTensor(lengths.with(axis, whole)));
}

/** Lengths that count one image's places, such as windows [6, 4, 1] made as wide as [6, 4, 3]. */
function expand(batch: BatchAxis, node: Node): Rewrite | null {
  const [x = "", shape = ""] = node.inputs;
  const axis = batch.axisOf(x);
  const constant = batch.facts.get(shape)?.constant;
  if (axis === null || !constant) return null;
  const [one, many] = [batch.single.get(x)!.shape, batch.facts.get(x)!.shape];
  const lengths = toNumbers(constant);
  // as the axes are, counted from the last; a length of 1 fits any
  const place = axis + lengths.length - one.length;
  if (lengths[place] === 1 || lengths[place] !== one[axis]) return null;
  return withConstant(batch, node, 1, intsTensor(lengths.with(place, many[axis]!)));
}

/** A constant for one image beside the batch, such as a class token beside the patches. */
function concat(batch: BatchAxis, node: Node): Rewrite | null {
  const axes = node.inputs.map((value) => batch.axisOf(value));
  const axis = axes.find((found) => found !== null);
  const rank = batch.facts.get(node.inputs[0]!)?.shape.length ?? 0;
  const joined = node.attributes["axis"];
  if (axis === undefined || axis === null || joined === axis || joined === axis - rank) return null;
  const constants: (readonly [Value, NumericTensor])[] = [];
  const inputs = node.inputs.map((value, i) => {
    const constant = batch.facts.get(value)?.constant;
    if (axes[i] !== null || !constant || constant.type === "opaque") return value;
    if (constant.shape[axis] !== 1) return value;
    const name = `${value}_for_batch_${batch.size}`;
    constants.push([name, broadcastTo(constant, constant.shape.with(axis, batch.size))]);
    return name;
  });
  return constants.length === 0 ? null : { node: { ...node, inputs }, constants };
}

/**
 * Elements of one image, counted along the axis of the batch, as PyTorch's `as_strided` takes
 * them from all in a row.
 */
function gather(batch: BatchAxis, node: Node): Rewrite | null {
  const [x = "", indices = ""] = node.inputs;
  const axis = batch.axisOf(x);
  const one = batch.single.get(x)?.shape;
  const constant = batch.facts.get(indices)?.constant;
  // a single one is the first image's: it leaves no axis for the others
  if (axis === null || !one || !constant || constant.shape.length === 0) return null;
  if (sizeOf(constant.shape) * batch.size > MAX_BATCH_INDICES) return null;
  // where they are computed from the batch, those of one image are what each has
  const given = batch.single.get(indices)?.constant ?? constant;
  const { axis: stated, indices: first } = parseGather(node, one, toNumbers(given));
  if (stated !== axis) return null;
  const images = Array.from({ length: batch.size }, (_, n) =>
    first.map((index) => index + n * one[axis]!),
  );
  const [leading = 1, ...rest] = given.shape;
  const shape = [leading * batch.size, ...rest];
  return withConstant(batch, node, 1, { ...intsTensor(images.flat()), shape });
}

function withConstant(batch: BatchAxis, node: Node, input: number, tensor: NumericTensor): Rewrite {
  const name = `${node.outputs[0]}_shape_for_batch_${batch.size}`;
  return {
    node: { ...node, inputs: node.inputs.with(input, name) },
    constants: [[name, tensor]],
  };
}
