import { stringAttribute } from "../../onnx/node.ts";
import type { Value } from "../../onnx/model.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { gatherAdjoint } from "../gather-adjoint.ts";
import { picked, placesOf } from "../places.ts";
import type { NodeVjp, VjpContext, VjpRule } from "../rule.ts";
import { reshapeTo, slice, zeros } from "../shaping.ts";

/**
 * Replacement by places: Y = X, but Y[places[i]] = U[i], of single elements (ScatterElements) or of
 * blocks of them side by side (ScatterND); of updates to one place the last counts. With reduction
 * "add" Y[places[i]] += U[i].
 *
 *     dX[p] = dY[p] where p is not replaced, else 0;   dU[i] = dY[places[i]], or 0 where a later one
 *     is in its place;   with "add" dX = dY, dU[i] = dY[places[i]]
 *
 * X, Y: any shape; U: a row for each place. Replacement is emitted as a Gather from the rows of X
 * and U, one after the other: its adjoint is theirs. Where the indices are computed while the
 * network runs, ONNX wants no place twice, and each update gets the gradient of its place.
 *
 * Source: ONNX operators ScatterND-18 and ScatterElements-18.
 *
 * @throws UnsupportedGradientError for the reductions mul, max and min.
 */
export const scatterNdVjp: VjpRule = (context) => {
  const { node, facts } = context;
  const reduction = stringAttribute(node, "reduction", "none");
  const isComputed = facts[1] !== null && facts[1]?.constant === undefined;
  if (reduction === "none") return isComputed ? replacedByComputed(context) : replaced(context);
  if (reduction === "add") return isComputed ? addedByComputed(context) : added(context);
  throw new UnsupportedGradientError(
    node,
    `its reduction is '${reduction}'`,
    "only none and add are supported; choose a layer before it",
  );
};

function replaced(context: VjpContext): NodeVjp {
  const { graph } = context;
  const { places, shape, updates, xRows, uRows } = rowsOf(context);
  const { rows, count, length } = places;
  const sources = Array.from({ length: count }, (_, row) => row);
  rows.forEach((row, i) => (sources[row] = count + i));
  const both = graph.emit("Concat", [xRows, uRows], { axis: 0 });
  const y = reshapeTo(graph, picked(graph, both, sources), shape);
  return oneOutput(context, y, (dY) => {
    const gathering = { axis: 0, indices: sources, length: count + rows.length };
    const dBoth = gatherAdjoint(graph, reshapeTo(graph, dY, [count, length]), gathering);
    const part = (start: number, end: number, to: readonly number[]) => () =>
      reshapeTo(graph, slice(graph, dBoth, { axis: 0, start, end }), to);
    return [part(0, count, shape), null, part(count, count + rows.length, updates)];
  });
}

function added(context: VjpContext): NodeVjp {
  const { graph, add } = context;
  const { places, shape, updates, xRows, uRows } = rowsOf(context);
  const { rows, count, length } = places;
  const gathering = { axis: 0, indices: rows, length: count };
  const y = reshapeTo(graph, add(xRows, gatherAdjoint(graph, uRows, gathering)), shape);
  return oneOutput(context, y, (dY) => [
    () => dY,
    null,
    () => reshapeTo(graph, picked(graph, reshapeTo(graph, dY, [count, length]), rows), updates),
  ]);
}

/** X and U, with a row for each place that is there and for each that is written to. */
function rowsOf(context: VjpContext) {
  const { graph, input } = context;
  const places = placesOf(context);
  const [x, u] = [input(0), input(2)];
  return {
    places,
    shape: graph.shapeOf(x),
    updates: graph.shapeOf(u),
    xRows: reshapeTo(graph, x, [places.count, places.length]),
    uRows: reshapeTo(graph, u, [places.rows.length, places.length]),
  };
}

function replacedByComputed(context: VjpContext): NodeVjp {
  const { graph, node, input } = context;
  const none = zeros(graph, graph.shapeOf(input(2)));
  return oneOutput(context, emitForward(context), (dY) => [
    () => graph.emit(node.op, [dY, input(1), none], node.attributes),
    null,
    () => readAt(context, dY),
  ]);
}

function addedByComputed(context: VjpContext): NodeVjp {
  return oneOutput(context, emitForward(context), (dY) => [
    () => dY,
    null,
    () => readAt(context, dY),
  ]);
}

/** What lies where the updates went. */
function readAt({ graph, node, input }: VjpContext, dY: Value): Value {
  const indices = input(1);
  if (node.op === "ScatterND") return graph.emit("GatherND", [dY, indices]);
  const axis = axisAttribute(node, graph.shapeOf(dY).length, 0);
  return graph.emit("GatherElements", [dY, indices], { axis });
}
