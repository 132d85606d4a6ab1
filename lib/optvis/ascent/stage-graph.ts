import type { ReluWay } from "../../autodiff/rewrites/index.ts";
import type { DeepDreamParts } from "../graph/deepdream-graph.ts";
import type { FourierParts } from "../graph/fourier-graph.ts";
import { imageShapeOf } from "../graph/layer-pass.ts";
import { passGraph } from "../runtime/session-graph.ts";
import { batchSize, type BatchSizes } from "./batch-size.ts";
import type { StageGraph } from "./stage.ts";
import type { AscentTask } from "./task.ts";

/** What a graph is made of besides the task: the method's own, and how ReLUs pass a gradient on. */
type Parts = (DeepDreamParts | FourierParts) & { readonly relu?: ReluWay };

/** The ascent graph of a stage that `count` images are to pass. */
export function stageGraph(
  task: AscentTask,
  sizes: BatchSizes,
  count: number,
  parts: Parts,
): StageGraph {
  const { network, objective, diversity, provider } = task;
  const { batch, notice } = batchSize(task, sizes, count);
  const imageShape = imageShapeOf(network.model, batch, sizes.seen);
  const specification = { objective, diversity, provider, scale: network.scale, ...parts };
  const graph = passGraph(task, imageShape, provider, { kind: "ascent", specification });
  return { ...graph, batch, notice };
}
