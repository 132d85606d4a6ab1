import type { Value } from "../../onnx/model.ts";
import { parsePad } from "../../onnx/operators/pad.ts";
import { unpadCopies } from "../border-copies.ts";
import { constantNumbers } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { movement, oneOutput } from "../forward.ts";
import { crop, padByConcat, type Pads, padWith } from "../padding.ts";
import type { VjpContext, VjpRule } from "../rule.ts";

/**
 * Padding: Y = X with elements added before and after; modes constant, edge and reflect.
 *
 *     dX = dY without its border                                        constant
 *     dX[j] = sum of dY[i] over the places i that were copied from j    edge, reflect
 *
 * X: any shape; Y: the same rank. A negative pad (constant mode) removes elements; it is emitted as
 * a Slice before the Pad, since CUDA's Pad is not known to take it.
 *
 * Source: ONNX operator Pad-18.
 *
 * @throws UnsupportedGradientError for another mode, or a negative pad in edge or reflect mode.
 */
export const padVjp: VjpRule = (context) => pad(context, padByConcat);

/** The same by the operator Pad, where ONNX Runtime may fuse it into what reads it. */
export const fusiblePadVjp: VjpRule = (context) => pad(context, padWith);

function pad(context: VjpContext, addBorder: typeof padWith) {
  const { graph, node, input, facts } = context;
  const x = input(0);
  const { mode, ...pads } = parsePad(node, facts);
  if (mode !== "constant") {
    const copied = copiedPads(context, mode, pads);
    return movement(context, (dY) =>
      unpadCopies(graph, dY, { shape: graph.shapeOf(x), ...copied }),
    );
  }
  const [fill = 0] = constantNumbers(context, 2, "the padding value") ?? [];
  const added = mapPads(pads, (length) => Math.max(length, 0));
  const removed = mapPads(pads, (length) => Math.max(-length, 0));
  const padded = addBorder(graph, crop(graph, x, removed), added, fill);
  const y = padded === x ? graph.emit("Identity", [x]) : padded;
  const pull = (dY: Value) => [padWith(graph, crop(graph, dY, added), removed, 0)];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) && fill >= 0 };
}

function copiedPads({ node }: VjpContext, mode: string, pads: Pads) {
  const lengths = [...pads.begins, ...pads.ends];
  if ((mode === "edge" || mode === "reflect") && lengths.every((length) => length >= 0)) {
    return { mode, pads } as const;
  }
  throw new UnsupportedGradientError(
    node,
    `mode '${mode}' with pads [${lengths.join(", ")}]`,
    "only constant mode, and edge and reflect with pads >= 0, are supported",
  );
}

function mapPads({ begins, ends }: Pads, change: (length: number) => number): Pads {
  return { begins: begins.map(change), ends: ends.map(change) };
}
