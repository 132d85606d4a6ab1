import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { type Pads, parsePad } from "../../onnx/operators/extend.ts";
import { requireConstant } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { movement, oneOutput } from "../forward.ts";
import { gatherAdjoint } from "../gather-adjoint.ts";
import { padByConcat, padWith } from "../padding.ts";
import type { VjpContext, VjpRule } from "../rule.ts";

/**
 * Padding: Y = X with elements added before and after; modes constant, edge and reflect.
 *
 *     dX = dY without its border                                        constant
 *     dX[j] = sum of dY[i] over the places i that were copied from j    edge, reflect
 *
 * X: any shape; Y: the same rank. A negative pad (constant mode) removes elements.
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
    const sourceOf = copiedFrom(context, mode, pads);
    const shape = graph.shapeOf(x);
    return movement(context, (dY) => unpadCopies(graph, dY, { shape, pads, sourceOf }));
  }
  const [fill = 0] = requireConstant(context, 2, "the padding value");
  const padded = addBorder(graph, x, pads, fill);
  const y = padded === x ? graph.emit("Identity", [x]) : padded;
  const pull = (dY: Value) => [padWith(graph, dY, opposite(pads), 0)];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) && fill >= 0 };
}

function opposite({ begins, ends }: Pads): Pads {
  return { begins: begins.map((length) => -length), ends: ends.map((length) => -length) };
}

/** Which element of 0 ... length - 1 lies at `place`, which may be outside. */
type SourceOf = (place: number, length: number) => number;

const inEdge: SourceOf = (place, length) => Math.min(Math.max(place, 0), length - 1);

const inReflection: SourceOf = (place, length) => {
  const period = Math.max(2 * (length - 1), 1);
  const folded = ((place % period) + period) % period;
  return folded < length ? folded : period - folded;
};

function copiedFrom({ node }: VjpContext, mode: string, pads: Pads): SourceOf {
  const lengths = [...pads.begins, ...pads.ends];
  const sourceOf = mode === "edge" ? inEdge : mode === "reflect" ? inReflection : null;
  if (sourceOf && lengths.every((length) => length >= 0)) return sourceOf;
  throw new UnsupportedGradientError(
    node,
    `mode '${mode}' with pads [${lengths.join(", ")}]`,
    "only constant mode, and edge and reflect with pads >= 0, are supported",
  );
}

interface CopiedBorder {
  /** Before padding. */
  readonly shape: readonly number[];
  readonly pads: Pads;
  readonly sourceOf: SourceOf;
}

/**
 * Adjoint of padding with copies: adds the border to the elements it was copied from.
 *
 * Axis by axis: the copies of edge and reflect mode are those of each axis in turn.
 */
function unpadCopies(
  graph: GraphBuilder,
  dY: Value,
  { shape, pads, sourceOf }: CopiedBorder,
): Value {
  return shape.reduce((value, length, axis) => {
    const [begin, end] = [pads.begins[axis]!, pads.ends[axis]!];
    if (begin === 0 && end === 0) return value;
    graph.reserve(begin + length + end, "the gradient of a border of copies");
    const indices = Array.from({ length: begin + length + end }, (_, i) =>
      sourceOf(i - begin, length),
    );
    return gatherAdjoint(graph, value, { axis, indices, length });
  }, dY);
}
