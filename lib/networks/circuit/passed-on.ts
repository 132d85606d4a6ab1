import { ACTIVATIONS } from "../../onnx/activated-values.ts";
import { REDUCTIONS, RESHAPES } from "../../onnx/channel-parts.ts";
import type { Facts } from "../../onnx/facts.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { floatAttribute, operatorsNamed } from "../../onnx/node.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { stridesOf } from "../../onnx/operators/elements.ts";
import { parsePad } from "../../onnx/operators/extend.ts";
import { inputsOf } from "../../onnx/operators/inputs.ts";
import { permutation } from "../../onnx/operators/layout.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { parseGather, parseSplit, sliceRanges } from "../../onnx/operators/select.ts";

/** One number of a value: its index along each axis. */
export interface Element {
  readonly value: Value;
  readonly place: readonly number[];
}

/** An element that is nothing but another one, scaled, bent or looked at with its neighbours. */
export interface Passed extends Element {
  /** What it is multiplied by. */
  readonly factor: number;
  /** Whether it is more than multiplied, moved and averaged over places. */
  readonly isBent: boolean;
}

/** A node, and which element of one of its outputs is asked about. */
interface Step {
  readonly node: Node;
  readonly output: Element;
  readonly facts: Facts;
  /** Along which each value's channels lie; see `channelAxes`. */
  readonly axes: ReadonlyMap<Value, number>;
}

/**
 * The element that a node passes on as `output`; `null` where the node makes something new of
 * several.
 *
 * A pool passes on a place in the middle of its window's, whichever that is: channels matter here.
 */
export function passedOn(step: Step): Passed | null {
  const { op, domain } = step.node;
  if (domain !== "") return null;
  if (ACTIVATIONS.has(op) || BENDING.has(op)) return atThePlace(step, { isBent: true });
  if (SAME.has(op)) return atThePlace(step);
  if (POOLS.has(op)) return pooled(step);
  if (REDUCTIONS.has(op) || op.startsWith("Global")) return reduced(step);
  if (RESHAPES.has(op)) return reshaped(step);
  return OTHERS.get(op)?.(step) ?? null;
}

/**
 * What a constant holds at a place of a value that it is broadcast to; `null` of what is no constant
 * or holds no numbers.
 */
export function numberAt(
  facts: Facts,
  value: Value | undefined,
  place: readonly number[],
): number | null {
  const constant = facts.get(value ?? "")?.constant;
  if (!constant || constant.type === "opaque") return null;
  const { shape, data } = constant;
  const own = place.slice(place.length - shape.length);
  const strides = stridesOf(shape);
  const flat = shape.reduce((sum, n, axis) => sum + (n === 1 ? 0 : own[axis]! * strides[axis]!), 0);
  return Number(data[flat]);
}

const SAME = operatorsNamed("Identity Cast Dropout");
/** Besides what is called an activation function. */
const BENDING = operatorsNamed("LogSoftmax LpNormalization LRN Softmax Sqrt");
const POOLS = operatorsNamed("AveragePool LpPool MaxPool Resize");
const LINEAR_POOLS = operatorsNamed("AveragePool GlobalAveragePool ReduceMean ReduceSum Resize");

function atThePlace(
  { node, output }: Step,
  { factor = 1, isBent = false, place = output.place }: Partial<Passed> = {},
): Passed {
  return { value: node.inputs[0]!, place, factor, isBent };
}

/** Shapes of the first input and of the output. */
function shapesOf({ node, output, facts }: Step) {
  const [from, to] = [node.inputs[0]!, output.value].map((value) => facts.get(value)?.shape ?? []);
  return { from: from!, to: to! };
}

function pooled(step: Step): Passed {
  const { from, to } = shapesOf(step);
  const place = step.output.place.map((index, axis) =>
    Math.floor(((index + 0.5) * from[axis]!) / to[axis]!),
  );
  return atThePlace(step, { place, isBent: !LINEAR_POOLS.has(step.node.op) });
}

/** Of what is made of all channels together there is no one element. */
function reduced(step: Step): Passed | null {
  const { from, to } = shapesOf(step);
  const axes = reducedAxes(step.node, inputsOf(step.node, step.facts));
  const channelAxis = step.axes.get(step.node.inputs[0]!) ?? 1;
  if (axes.includes(channelAxis) && from[channelAxis]! > 1) return null;
  const kept = step.output.place.filter(
    (_, axis) => to.length < from.length || !axes.includes(axis),
  );
  const rest = kept.values();
  const place = from.map((length, axis) =>
    axes.includes(axis) ? Math.floor(length / 2) : rest.next().value!,
  );
  return atThePlace(step, { place, isBent: !LINEAR_POOLS.has(step.node.op) });
}

function reshaped(step: Step): Passed {
  const { from, to } = shapesOf(step);
  const strides = stridesOf(to);
  const flat = step.output.place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
  const place = stridesOf(from).map((stride, axis) => Math.floor(flat / stride) % from[axis]!);
  return atThePlace(step, { place });
}

/** The scale of each channel, along axis 1, or along the last for LayerNormalization. */
function scaled(step: Step, inverse: (index: number) => number = () => 1, axis = 1): Passed {
  const { node, output, facts } = step;
  const index = output.place.at(axis)!;
  const factor = (numberAt(facts, node.inputs[1], [index]) ?? 1) * inverse(index);
  return atThePlace(step, { factor, isBent: node.op !== "BatchNormalization" });
}

function batchNormalised(step: Step): Passed {
  const { node, facts } = step;
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  const varianceOf = (index: number) => numberAt(facts, node.inputs[4], [index]) ?? 1;
  return scaled(step, (index) => 1 / Math.sqrt(varianceOf(index) + epsilon));
}

function joined({ node, output, facts }: Step): Passed | null {
  const axis = axisAttribute(node, output.place.length);
  let index = output.place[axis]!;
  for (const value of node.inputs) {
    const length = facts.get(value)?.shape[axis] ?? 0;
    if (index < length) {
      return { value, place: output.place.with(axis, index), factor: 1, isBent: false };
    }
    index -= length;
  }
  return null;
}

function split(step: Step): Passed {
  const { node, output, facts } = step;
  const { axis, sizes } = parseSplit(node, inputsOf(node, facts));
  const before = sizes.slice(0, node.outputs.indexOf(output.value));
  const start = before.reduce((sum, size) => sum + size, 0);
  return atThePlace(step, { place: output.place.with(axis, start + output.place[axis]!) });
}

function sliced(step: Step): Passed {
  const ranges = sliceRanges(step.node, inputsOf(step.node, step.facts));
  const place = step.output.place.map((index, i) => ranges[i]!.start + index * ranges[i]!.step);
  return atThePlace(step, { place });
}

function gathered(step: Step): Passed | null {
  const { node, output, facts } = step;
  const { from } = shapesOf(step);
  const rank = facts.get(node.inputs[1] ?? "")?.shape.length ?? 0;
  const axis = axisAttribute(node, from.length, 0);
  const stated = numberAt(facts, node.inputs[1], output.place.slice(axis, axis + rank));
  if (stated === null) return null;
  const { indices } = parseGather(node, from, [stated]);
  return atThePlace(step, { place: output.place.toSpliced(axis, rank, indices[0]!) });
}

/** Of channels that are padded there is no element; of a place, as of a pool's, the nearest. */
function padded(step: Step): Passed | null {
  const { from } = shapesOf(step);
  const { begins } = parsePad(step.node, inputsOf(step.node, step.facts));
  const wanted = step.output.place.map((index, axis) => index - begins[axis]!);
  const place = wanted.map((index, axis) => Math.min(Math.max(index, 0), from[axis]! - 1));
  const channelAxis = step.axes.get(step.node.inputs[0]!) ?? 1;
  return wanted[channelAxis] === place[channelAxis] ? atThePlace(step, { place }) : null;
}

function transposed(step: Step): Passed {
  const order = permutation(step.node, shapesOf(step).from);
  return atThePlace(step, {
    place: order.map((_, axis) => step.output.place[order.indexOf(axis)]!),
  });
}

const OTHERS: ReadonlyMap<string, (step: Step) => Passed | null> = new Map<
  string,
  (step: Step) => Passed | null
>([
  ["Neg", (step) => atThePlace(step, { factor: -1 })],
  ["BatchNormalization", batchNormalised],
  ["InstanceNormalization", (step) => scaled(step)],
  ["LayerNormalization", (step) => scaled(step, undefined, -1)],
  ["Concat", joined],
  ["Split", split],
  ["Slice", sliced],
  ["Gather", gathered],
  ["Pad", padded],
  ["Transpose", transposed],
]);
