import type { ObjectiveGradient } from "../parts.ts";

/** L = mean a;  dL/da = 1 / P. As in deepDreamImage. */
export const mean: ObjectiveGradient = (graph, { map }) => {
  const [n = 1, pixels = 1] = graph.shapeOf(map);
  return graph.emit("Expand", [graph.scalar(1 / pixels), graph.ints([n, pixels])]);
};
