import type { Node } from "../model.ts";
import { intAttribute, mismatch, requiredInput } from "../node.ts";
import { floatTensor, formatShape, sizeOf } from "../tensor.ts";
import { parseConv } from "./convolution.ts";
import { pixelsBeside, readAt, tapOrNothing } from "./grid-sample.ts";
import { input, type Inputs, ofInputType } from "./inputs.ts";
import type { Unroll } from "./operator.ts";
import type { AxisWindow } from "./window.ts";

/** X [N, C, H, W], W, offset [N, 2 G K, h, w], B, mask [N, G K, h, w] -> Y [N, M, h, w]. */
function parse(node: Node, inputs: Inputs) {
  const [x, weight, offset] = [0, 1, 2].map((index) => input(node, inputs, index).shape);
  // the bias comes after the offset
  const convolution = parseConv(node, [inputs[0]!, inputs[1]!, inputs[3] ?? null]);
  const [n, , ...places] = convolution.outputShape;
  const taps = sizeOf(weight!.slice(2));
  const groups = intAttribute(node, "offset_group", 1);
  const isOfImages = x!.length === 4 && x![1]! % groups === 0;
  const fits = (shape: readonly number[] | undefined, numbers: number) =>
    shape === undefined || shape.join() === [n, numbers * groups * taps, ...places].join();
  if (!isOfImages || !fits(offset, 2) || !fits(inputs[4]?.shape, 1)) {
    throw mismatch(
      node,
      `offsets ${formatShape(offset!)} in ${groups} groups do not fit ${formatShape(x!)}`,
    );
  }
  return { ...convolution, taps, groups, places, image: x! };
}

/** Where each tap of a window lies along an axis, at each place, without an offset: [K, places]. */
function regularPlaces(windows: readonly AxisWindow[], axis: number): readonly number[] {
  const [rows, columns] = windows as readonly [AxisWindow, AxisWindow];
  const { output, stride, padBegin, dilation } = windows[axis]!;
  const at: number[] = [];
  for (let row = 0; row < rows.kernel; row++) {
    for (let column = 0; column < columns.kernel; column++) {
      const tap = axis === 0 ? row : column;
      for (let place = 0; place < output; place++) {
        at.push(place * stride - padBegin + tap * dilation);
      }
    }
  }
  return at;
}

export const deformConvShape = ofInputType((node, inputs) => parse(node, inputs).outputShape);

/**
 * Deformable convolution: each tap of a window reads the image where an offset puts it, between
 * pixels, and is counted as much as the mask says.
 *
 *     X'[k, p] = M[k, p] X(p stride - pad + k dilation + O[k, p])       Y = W X' + B
 *
 * X(...) is linear between pixels, and zero outside. The taps become channels of a convolution of
 * one pixel. Offsets are pairs (y, x).
 *
 * Source: ONNX operator DeformConv-19.
 */
export const convolvedByOffsets: Unroll = (node, inputs, emitter) => {
  const emit = emitter.emit.bind(emitter);
  const { windows, group, taps, groups, places, image } = parse(node, inputs);
  const [n, c, h, w] = image as [number, number, number, number];
  const count = taps * sizeOf(places);
  const pixels = emit("Reshape", [
    requiredInput(node, 0),
    emitter.ints(n, groups, c / groups, h * w),
  ]);
  const pairs = emit("Reshape", [
    requiredInput(node, 2),
    emitter.ints(n, groups, taps, 2, sizeOf(places)),
  ]);
  const [down, across] = emitter.split(pairs, 2, 3).map((offset, axis) => {
    const lengths = places.map((length, other) => (other === axis ? length : 1));
    const regular = floatTensor([1, 1, taps, ...lengths], regularPlaces(windows, axis));
    const moved = emit("Reshape", [offset, emitter.ints(n, groups, taps, ...places)]);
    const sum = emit("Add", [moved, emitter.constant(regular)]);
    const at = emit("Reshape", [sum, emitter.ints(n, groups, 1, count)]);
    const length = axis === 0 ? h : w;
    return pixelsBeside(emitter, at).map((each) => tapOrNothing(emitter, { ...each, length }));
  });
  const sampled = readAt(emitter, pixels, {
    down: down!,
    across: across!,
    width: w,
    shape: emitter.ints(n, groups, c / groups, count),
  });
  const mask = node.inputs[4];
  const masked = mask
    ? emit("Mul", [sampled, emit("Reshape", [mask, emitter.ints(n, groups, 1, count)])])
    : sampled;
  const columns = emit("Reshape", [masked, emitter.ints(n, c * taps, ...places)]);
  const [filters, perGroup] = input(node, inputs, 1).shape as [number, number];
  const flat = emitter.ints(filters, perGroup * taps, 1, 1);
  const weight = emit("Reshape", [requiredInput(node, 1), flat]);
  const bias = node.inputs[3] ? [node.inputs[3]] : [];
  emitter.end("Conv", [columns, weight, ...bias], { group });
};
