import type { Value } from "../../onnx/model.ts";
import { stringAttribute } from "../../onnx/node.ts";
import { fromStart } from "../axes.ts";
import { unpadCopies } from "../border-copies.ts";
import { constantNumbers } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { crop, padByConcat, type Pads, padWith } from "../padding.ts";
import type { NodeVjp, VjpRule, VjpContext } from "../rule.ts";

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
export const padVjp: VjpRule = (context) => {
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
  const pull = (dY: Value) => [unpadCopies(graph, dY, { shape: graph.shapeOf(x), pads, mode })];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) };
};

function padConstant(context: VjpContext, x: Value, pads: Pads): NodeVjp {
  const { graph } = context;
  const [fill = 0] = constantNumbers(context, 2, "the padding value") ?? [];
  const added = mapPads(pads, (pad) => Math.max(pad, 0));
  const removed = mapPads(pads, (pad) => Math.max(-pad, 0));
  // only a Conv takes over the padding of zeros safely, and gains by it
  const pad = context.consumers.every((op) => op === "Conv") ? padWith : padByConcat;
  const padded = pad(graph, crop(graph, x, removed), added, fill);
  const y = padded === x ? graph.emit("Identity", [x]) : padded;
  const pull = (dY: Value) => [padWith(graph, crop(graph, dY, added), removed, 0)];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) && fill >= 0 };
}

/** Pads of every axis; opset 18 may list only those of `axes`. */
function padsPerAxis(context: VjpContext, rank: number): Pads {
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
