import { arithmetic } from "../arithmetic.ts";
import { DataType } from "../element-type.ts";
import type { Node, Value } from "../model.ts";
import { intAttribute, mismatch, nodeError, stringAttribute } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { input, type Inputs, ofInputType } from "./inputs.ts";
import type { Unroll } from "./operator.ts";
import type { Emitter } from "./upgrade.ts";

/** Names of opset 16 and of opset 20. */
const MODES: Readonly<Record<string, "linear" | "nearest" | "cubic">> = {
  bilinear: "linear",
  linear: "linear",
  nearest: "nearest",
  bicubic: "cubic",
  cubic: "cubic",
};

/**
 * Weights of the pixels at -1, 0, 1 and 2 from the one before a place, as polynomials in how far
 * behind it the place is: coefficients from the third power down. Keys's kernel with a = -0.75.
 */
const CUBIC = cubicWeights(-0.75);

function cubicWeights(a: number): readonly (readonly number[])[] {
  return [
    [a, -2 * a, a, 0],
    [a + 2, -a - 3, 0, 1],
    [-a - 2, 2 * a + 3, -a, 0],
    [-a, a, 0, 0],
  ];
}

/** X [N, C, H, W] and a grid [N, h, w, 2] -> Y [N, C, h, w]. */
export const gridSampleShape = ofInputType((node, inputs, shape) => {
  const grid = input(node, inputs, 1).shape;
  if (shape.length !== grid.length || grid.at(-1) !== shape.length - 2) {
    throw mismatch(node, `a grid ${formatShape(grid)} on ${formatShape(shape)}`);
  }
  return [...shape.slice(0, 2), ...grid.slice(1, -1)];
});

/**
 * GridSample of images, pixel by pixel: the grid says where in X, -1 to 1 along each axis, each
 * pixel of Y is.
 *
 *     at = (g + 1) (L - 1) / 2 with align_corners, else ((g + 1) L - 1) / 2,  of L pixels
 *     Y = sum over the two pixels beside it along each axis of X[i] (1 - |at - i|)
 *
 * Mode nearest has the pixel next to it alone, so that no gradient reaches the grid; cubic the four
 * around it, weighted by the cubic kernel. What lies outside of X is zero (`zeros`), or else `at`
 * is brought back inside, to the edge (`border`) or mirrored there (`reflection`); with cubic each
 * of its pixels is. X [N, C, H, W], grid [N, h, w, 2] as (x, y), Y [N, C, h, w].
 *
 * Source: ONNX operator GridSample-20.
 *
 * @throws ModelError for volumes
 */
export const sampledByGrid: Unroll = (node, inputs, emitter) => {
  const emit = emitter.emit.bind(emitter);
  const [n, c, h, w] = requireImage(node, inputs);
  const [, rows, columns] = input(node, inputs, 1).shape as [number, number, number, number];
  const count = rows * columns;
  const [x = "", grid = ""] = node.inputs;
  const pixels = emit("Reshape", [x, emitter.ints(n, c, h * w)]);
  const parts = emitter.split(emit("Reshape", [grid, emitter.ints(n, 1, count, 2)]), 2, 3);
  const [across, down] = parts.map((g, i) =>
    tapsAlong(node, emitter, emit("Squeeze", [g, emitter.ints(3)]), i === 0 ? w : h),
  );
  const sum = readAt(emitter, pixels, {
    down: down!,
    across: across!,
    width: w,
    shape: emitter.ints(n, c, count),
  });
  emitter.end("Reshape", [sum, emitter.ints(n, c, rows, columns)]);
};

function requireImage(node: Node, inputs: Inputs): readonly [number, number, number, number] {
  const { shape } = input(node, inputs, 0);
  const refuse = (what: string) =>
    nodeError(node, `${what} is not supported; choose a layer before it`);
  if (shape.length !== 4) throw refuse(`a sample of ${shape.length - 2} axes`);
  const mode = stringAttribute(node, "mode", "linear");
  if (!MODES[mode]) throw refuse(`mode ${mode}`);
  return shape as [number, number, number, number];
}

/** A pixel along an axis, inside of X, and what it counts; "" for 1. [N, 1, h w] */
export interface Tap {
  readonly index: Value;
  readonly weight: Value;
}

function tapsAlong(node: Node, emitter: Emitter, g: Value, length: number): readonly Tap[] {
  const emit = emitter.emit.bind(emitter);
  const { add, sub, mul } = arithmetic(emitter);
  const inside = (value: Value) =>
    emit("Clip", [value, emitter.scalar(0), emitter.scalar(length - 1)]);
  const isAligned = intAttribute(node, "align_corners", 0) === 1;
  const padding = stringAttribute(node, "padding_mode", "zeros");

  const scaled = mul(add(g, 1), isAligned ? (length - 1) / 2 : length / 2);
  const stated = isAligned ? scaled : sub(scaled, 0.5);
  const mirrored = (place: Value) => {
    const [low, span] = isAligned ? [0, length - 1] : [-0.5, length];
    if (span === 0) return place;
    // back and forth: every second stretch of the way runs backwards
    const way = emit("Abs", [sub(place, low)]);
    const turns = emit("Floor", [mul(way, 1 / span)]);
    const along = sub(way, mul(turns, span));
    const isBack = sub(turns, mul(emit("Floor", [mul(turns, 0.5)]), 2));
    const turned = mul(isBack, sub(mul(along, -2), -span));
    return add(add(along, turned), low);
  };
  /** A place that is nowhere outside of X, where the padding says so. */
  const padded = (place: Value) =>
    padding === "zeros" ? place : inside(padding === "border" ? place : mirrored(place));
  const mode = MODES[stringAttribute(node, "mode", "linear")];
  if (mode === "cubic") {
    const before = emit("Floor", [stated]);
    const share = sub(stated, before);
    return CUBIC.map((coefficients, i) => {
      const weight = coefficients
        .slice(1)
        .reduce((sum, c) => add(mul(share, sum), c), emitter.scalar(coefficients[0]!));
      return tap(padded(add(before, i - 1)), weight);
    });
  }
  const at = padded(stated);
  if (mode === "nearest") return [tap(emit("Round", [at]), "")];
  return pixelsBeside(emitter, at).map(({ pixel, weight }) => tap(pixel, weight));

  function tap(pixel: Value, weight: Value): Tap {
    return padding === "zeros"
      ? tapOrNothing(emitter, { pixel, weight, length })
      : { index: inside(pixel), weight };
  }
}

/** The two pixels beside a place along an axis, and how much of each is there. */
export function pixelsBeside(emitter: Emitter, at: Value) {
  const { add, sub } = arithmetic(emitter);
  const one = emitter.scalar(1);
  const before = emitter.emit("Floor", [at]);
  const share = sub(at, before);
  return [
    { pixel: before, weight: sub(one, share) },
    { pixel: add(before, one), weight: share },
  ];
}

/** Where pixels are read: by each tap of the rows with each of the columns. */
interface Reading {
  readonly down: readonly Tap[];
  readonly across: readonly Tap[];
  /** Pixels of a row. */
  readonly width: number;
  /** Of what is read, [..., places]. */
  readonly shape: Value;
}

/** Pixels [..., H W] at the taps' places, each counted by both of its taps, added up. */
export function readAt(
  emitter: Emitter,
  pixels: Value,
  { down, across, width, shape }: Reading,
): Value {
  const emit = emitter.emit.bind(emitter);
  const { add, mul } = arithmetic(emitter);
  const terms = down.flatMap((row) =>
    across.map((column) => {
      const index = add(mul(row.index, width), column.index);
      const place = emit("Expand", [emit("Cast", [index], { to: DataType.int64 }), shape]);
      const read = emit("GatherElements", [pixels, place], { axis: -1 });
      const weights = [row.weight, column.weight].filter((weight) => weight !== "");
      return weights.length === 0
        ? read
        : mul(
            read,
            weights.reduce((a, b) => mul(a, b)),
          );
    }),
  );
  return terms.reduce((a, b) => add(a, b));
}

/** A pixel among those of X along an axis; where it is outside of them it counts nothing. */
export function tapOrNothing(
  emitter: Emitter,
  { pixel, weight, length }: { pixel: Value; weight: Value; length: number },
): Tap {
  const bounds = [emitter.scalar(0), emitter.scalar(length - 1)];
  const index = emitter.emit("Clip", [pixel, ...bounds]);
  const isThere = emitter.emit("Equal", [index, pixel]);
  const counts = emitter.emit("Cast", [isThere], { to: DataType.float });
  return { index, weight: weight ? arithmetic(emitter).mul(weight, counts) : counts };
}
