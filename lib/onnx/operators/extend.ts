import type { Node } from "../model.ts";
import { mismatch, nodeError, requiredInput, stringAttribute } from "../node.ts";
import { filled, formatShape, intsTensor, numbersIn, sizeOf } from "../tensor.ts";
import { axisAttribute, normaliseAxis } from "./axes.ts";
import { broadcast } from "./broadcast.ts";
import { broadcastTo, countTo, fromElements, pick } from "./elements.ts";
import { constantInts, input, type Inputs, ofInputType, operand, requiredInts } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import {
  Emitter,
  floatInput,
  intsInput,
  notInOpset18,
  type Upgrade,
  withDefaults,
  withInputs,
  withoutAttributes,
} from "./upgrade.ts";

const concat: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const axis = axisAttribute(node, shape.length);
    let length = 0;
    inputs.forEach((_, index) => {
      const other = input(node, inputs, index);
      const fits =
        other.shape.length === shape.length &&
        other.shape.every((size, i) => i === axis || size === shape[i]);
      if (!fits) {
        throw mismatch(
          node,
          `${formatShape(shape)} and ${formatShape(other.shape)} differ beside axis ${axis}`,
        );
      }
      if (other.type !== type) throw nodeError(node, `inputs have types ${type} and ${other.type}`);
      length += other.shape[axis]!;
    });
    return [{ type, shape: shape.with(axis, length) }];
  },
  fold: (node, inputs, [output]) => {
    const tensors = inputs.map((_, index) => operand(node, inputs, index));
    const { shape } = output!;
    const axis = axisAttribute(node, shape.length);
    const rows = tensors.map((tensor) => sizeOf(tensor.shape.slice(axis)));
    const outer = sizeOf(shape.slice(0, axis));
    const joined = fromElements(tensors, shape, (sources, to) => {
      let next = 0;
      for (let block = 0; block < outer; block++) {
        for (const [i, source] of sources.entries()) {
          const row = rows[i]!;
          for (let j = 0; j < row; j++) to[next++] = source[block * row + j]!;
        }
      }
    });
    return [joined];
  },
  // had a default up to opset 3
  upgrade: (node, { opset }) => [opset < 4 ? withDefaults(node, { axis: 1 }) : node],
};

/** Y has the broadcast of X's shape and the one given. */
const expand: Operator = {
  infer: ofInputType((node, inputs, shape) =>
    broadcast(node, [shape, requiredInts(node, inputs, 1)]),
  ),
  fold: (node, inputs, [output]) => [broadcastTo(operand(node, inputs, 0), output!.shape)],
};

/** X, repeated so many times along each axis; up to opset 5 along one, which is an input. */
const tile: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const repeats = requiredInts(node, inputs, 1);
    if (repeats.length !== shape.length) {
      throw mismatch(node, `repeats ${formatShape(repeats)} do not match ${formatShape(shape)}`);
    }
    return shape.map((length, axis) => length * repeats[axis]!);
  }),
  fold: (node, inputs, [output]) => {
    const tensor = operand(node, inputs, 0);
    const indices = output!.shape.map((length, axis) =>
      countTo(length).map((index) => index % tensor.shape[axis]!),
    );
    return [pick(tensor, indices)];
  },
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 6) return [node];
    const [x, tiles, along] = [0, 1, 2].map((index) => requiredInput(node, index));
    const rank = rewriting.factsOf(x!)?.shape.length;
    const [count] = numbersIn(rewriting.constantOf(tiles!)) ?? [];
    const [axis] = numbersIn(rewriting.constantOf(along!)) ?? [];
    if (rank === undefined || !Number.isInteger(count) || !Number.isInteger(axis)) {
      throw notInOpset18(node, "a number of tiles or an axis that is no whole constant");
    }
    const repeats = filled(rank, 1).with(normaliseAxis(node, axis!, rank), count!);
    const constant = rewriting.constant(intsTensor(repeats), `${node.outputs[0]}_repeats`);
    return [{ ...node, inputs: [x!, constant] }];
  },
};

/** Elements added (or, negative, taken away) before and after, one number per axis. */
export interface Pads {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/**
 * What a Pad node does to its input. Source: ONNX operator Pad-18.
 *
 * @throws ShapeMismatchError if the pads are not two for each axis.
 */
export function parsePad(node: Node, inputs: Inputs): Pads & { readonly mode: string } {
  const { shape } = input(node, inputs, 0);
  const rank = shape.length;
  const pads = requiredInts(node, inputs, 1);
  const given = constantInts(node, inputs, 3) ?? [...shape.keys()];
  const axes = given.map((axis) => normaliseAxis(node, axis, rank));
  if (pads.length !== 2 * axes.length) {
    throw mismatch(node, `pads ${formatShape(pads)} must hold two numbers for each axis padded`);
  }
  const begins = filled(rank, 0);
  const ends = filled(rank, 0);
  axes.forEach((axis, i) => {
    begins[axis] = pads[i]!;
    ends[axis] = pads[i + axes.length]!;
  });
  return { mode: stringAttribute(node, "mode", "constant"), begins, ends };
}

const pad: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const { begins, ends } = parsePad(node, inputs);
    const padded = shape.map((length, axis) => length + begins[axis]! + ends[axis]!);
    if (padded.some((length) => length < 0)) {
      throw mismatch(node, `the padding takes away more than there is of ${formatShape(shape)}`);
    }
    return padded;
  }),
  // pads and the fill value are inputs since opset 11, mode "wrap" came with 19
  upgrade: (node, rewriting) => {
    if (stringAttribute(node, "mode", "constant") === "wrap") return wrapped(node, rewriting);
    if (rewriting.opset >= 11) return [node];
    const value = floatInput(node, rewriting, "value", 0);
    // by another name at opset 1
    const pads = intsInput(node, rewriting, "pads") || intsInput(node, rewriting, "paddings");
    return [withInputs(withoutAttributes(node, "paddings"), { pads, value })];
  },
};

/**
 * Mode "wrap" (opset 19): along each axis the elements -begin ... length + end - 1, counted modulo
 * the length.
 */
const wrapped: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const x = requiredInput(node, 0);
  const [, pads, , axes] = node.inputs.map((value) => numbersIn(rewriting.constantOf(value)));
  if (!pads) throw notInOpset18(node, "mode 'wrap' with pads that are no constants");
  if (pads.some((length) => length < 0)) throw notInOpset18(node, "mode 'wrap' with negative pads");
  const places = (axes ?? countTo(pads.length / 2)).flatMap((axis, i, all) => {
    const [begin, end] = [pads[i]!, pads[i + all.length]!];
    return begin === 0 && end === 0 ? [] : [{ axis, begin, end }];
  });
  const padded = places.reduce((value, { axis, begin, end }) => {
    const length = emitter.emit("Gather", [emitter.emit("Shape", [x]), emitter.int(axis)]);
    const limit = emitter.emit("Add", [length, emitter.int(end)]);
    const range = emitter.emit("Range", [emitter.int(-begin), limit, emitter.int(1)]);
    return emitter.emit("Gather", [value, emitter.emit("Mod", [range, length])], { axis });
  }, x);
  return emitter.ending("Identity", [padded]);
};

/** Operators that put more beside the input: joined to it, repeated or padded. */
export const extensions: Operators = {
  Concat: concat,
  Expand: expand,
  Tile: tile,
  Pad: pad,
};
