import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { stringAttribute } from "../../onnx/node.ts";
import { fromStart } from "../axes.ts";
import { constantNumbers } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { gatherAdjoint } from "../gather-adjoint.ts";
import { crop, type Pads, padWith } from "../padding.ts";
import type { Linearised, Rule, RuleContext } from "../rule.ts";

/**
 * Padding: Y = X with elements added before and after; modes constant, edge and reflect.
 *
 *     dX = dY without its border                                        constant
 *     dX[j] = sum of dY[i] over the places i that were copied from j    edge, reflect
 *
 * X: any shape; Y: the same rank. A negative pad (constant mode) removes elements; it is emitted as a
 * Slice before the Pad, since CUDA's Pad is not known to take it.
 *
 * Source: ONNX operator Pad-18.
 *
 * @throws UnsupportedGradientError for another mode, or a negative pad in edge or reflect mode.
 */
export const padRule: Rule = (context) => {
  const { graph, node, inputs } = context;
  const [x = ""] = inputs;
  const pads = padsPerAxis(context, graph.shapeOf(x).length);
  const mode = stringAttribute(node, "mode", "constant");
  if (mode === "constant") return padConstant(context, x, pads);

  if ((mode !== "edge" && mode !== "reflect") || [...pads.begins, ...pads.ends].some(isNegative)) {
    throw new UnsupportedGradientError(
      node,
      `mode '${mode}' with pads [${[...pads.begins, ...pads.ends].join(", ")}]`,
      "only constant mode, and edge and reflect with pads >= 0, are supported",
    );
  }
  const y = emitForward(context);
  const pull = (dY: Value) => [unpadCopies(graph, dY, graph.shapeOf(x), pads, mode)];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) };
};

function padConstant(context: RuleContext, x: Value, pads: Pads): Linearised {
  const { graph } = context;
  const [fill = 0] = constantNumbers(context, 2, "the padding value") ?? [];
  const added = mapPads(pads, (pad) => Math.max(pad, 0));
  const removed = mapPads(pads, (pad) => Math.max(-pad, 0));
  const padded = padWith(graph, crop(graph, x, removed), added, fill);
  const y = padded === x ? graph.emit("Identity", [x]) : padded;
  const pull = (dY: Value) => [padWith(graph, crop(graph, dY, added), removed, 0)];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) && fill >= 0 };
}

/** Axis by axis: the copies of edge and reflect mode are those of each axis in turn. */
function unpadCopies(
  graph: GraphBuilder,
  dY: Value,
  shape: readonly number[],
  { begins, ends }: Pads,
  mode: "edge" | "reflect",
): Value {
  return shape.reduce((value, length, axis) => {
    const [begin, end] = [begins[axis]!, ends[axis]!];
    if (begin === 0 && end === 0) return value;
    const indices = Array.from({ length: begin + length + end }, (_, i) =>
      SOURCE_INDEX[mode](i - begin, length),
    );
    return gatherAdjoint(graph, value, { axis, indices, length });
  }, dY);
}

/** Which element of 0 ... length - 1 lies at `place`, which may be outside. */
const SOURCE_INDEX = {
  edge: (place: number, length: number) => Math.min(Math.max(place, 0), length - 1),
  reflect: (place: number, length: number) => {
    const period = Math.max(2 * (length - 1), 1);
    const folded = ((place % period) + period) % period;
    return folded < length ? folded : period - folded;
  },
} as const;

/** Pads of every axis; opset 18 may list only those of `axes`. */
function padsPerAxis(context: RuleContext, rank: number): Pads {
  const stated = constantNumbers(context, 1, "pads") ?? [];
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const axes = (constantNumbers(context, 3, "axes") ?? all).map((axis) => fromStart(axis, rank));
  const padOf = (axis: number, offset: number) => {
    const place = axes.indexOf(axis);
    return place < 0 ? 0 : stated[place + offset]!;
  };
  return {
    begins: all.map((axis) => padOf(axis, 0)),
    ends: all.map((axis) => padOf(axis, axes.length)),
  };
}

function mapPads({ begins, ends }: Pads, change: (pad: number) => number): Pads {
  return { begins: begins.map(change), ends: ends.map(change) };
}

const isNegative = (pad: number): boolean => pad < 0;
