import { inferNode } from "../../onnx/shape-inference.ts";
import { oneOutput } from "../forward.ts";
import { gatherAdjoint } from "../gather-adjoint.ts";
import { asRows, placesOf } from "../places.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Selection by places: Y[i] = X[places[i]], of single elements (GatherElements) or of blocks of
 * them side by side (GatherND).
 *
 *     dX[p] = sum of dY[i] over the i with places[i] = p
 *
 * X: any shape; indices: constant, negative ones counted from the end; Y: as the operator says.
 * Emitted as a Gather of rows, which every provider has.
 *
 * Source: ONNX operators GatherND-13 and GatherElements-13.
 *
 * @throws UnsupportedGradientError if the indices are computed while the network runs.
 */
export const gatherNdVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  const x = input(0);
  const places = placesOf(context);
  const { rows, count } = places;
  const [y] = inferNode(node, facts);
  graph.reserve(rows.length, "indices");
  const picked = graph.emit("Gather", [asRows(context, x, count, places), graph.ints(rows)], {
    axis: 0,
  });
  const pull = (dY: string) => {
    const dRows = asRows(context, dY, rows.length, places);
    const gathering = { axis: 0, indices: rows, length: count };
    return [reshapeTo(graph, gatherAdjoint(graph, dRows, gathering), graph.shapeOf(x))];
  };
  return {
    ...oneOutput(context, reshapeTo(graph, picked, y!.shape), pull),
    isRectified: context.isRectified(0),
  };
};
