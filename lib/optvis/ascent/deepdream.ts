import { type Planes, planesShape } from "../../image/raster.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { mapShapeAt } from "../graph/layer-pass.ts";
import { shiftsOf } from "./feeds.ts";
import { onceMade } from "./once-made.ts";
import type { Level } from "./plan-levels.ts";
import type { AscentPlan, Stage, StageGraph } from "./stage.ts";
import { stageGraph } from "./stage-graph.ts";
import type { Parameters } from "./state.ts";
import { levelStart, startImage } from "./start.ts";
import { pointsNowhere, selectionOf, targetOf } from "./targets.ts";
import type { DeepDreamTask } from "./task.ts";

/** Update per iteration, in units of 0..255: the step of the notebook that deepDreamImage cites. */
const STEP = 1;

/** deepDreamImage's ascent: a stage for each level of the pyramid, its parameters the image. */
export function deepdreamPlan(task: DeepDreamTask): AscentPlan {
  return {
    stages: task.levels.map((plan, i) => levelStage(task, { ...plan, number: i + 1 })),
    together: task.diversity?.images ?? 1,
    // an iteration sees the whole of an image
    windows: 1,
    hasOtherSeeds: task.start.kind !== "given",
    pointsNowhere: (channel) => pointsNowhere(targetOf(task, channel)),
    start: async (beginning, noise) => parametersOf(await startImage(task, beginning, noise)),
    imageGraph: null,
    imageOf: async (parameters) => planesOf(parameters),
  };
}

function levelStage(task: DeepDreamTask, level: Level): Stage {
  const seen = level.crops ?? level.size;
  const mapShape = onceMade(() => mapShapeAt(task.network.model, task.layer, seen));
  return {
    number: level.number,
    iterations: task.iterations,
    graph: (count) => levelGraph(task, level, count),
    // deepDreamImage's own: such an image begins anew from another seed
    revival: null,
    begin: (parameters) => parametersOf(levelStart(task, planesOf(parameters), level)),
    feeds: (states, done, count) => ({
      selection: selectionOf(states, task, mapShape),
      step: floatTensor([], [STEP]),
      ...shiftsOf(task, level, { first: done, count, restarts: states[0]!.restarts }),
    }),
  };
}

/** The ascent graph of a level that `count` images are to pass. */
function levelGraph(task: DeepDreamTask, level: Level, count: number): StageGraph {
  const { size, crops: plan } = level;
  const blend = task.start.kind === "given" ? "uniform" : "feathered";
  const crops = plan && ({ imageSize: size, plan, blend } as const);
  const sizes = { seen: plan ?? size, canvas: size };
  return stageGraph(task, sizes, count, { method: "deepdream", crops });
}

function parametersOf(image: Planes): Parameters {
  return { image: floatTensor(planesShape(image), image.data) };
}

function planesOf({ image }: Parameters): Planes {
  const [, height = 0, width = 0] = image?.shape ?? [];
  if (!image) throw new Error("internal: a state without an image");
  return { height, width, data: image.data };
}
