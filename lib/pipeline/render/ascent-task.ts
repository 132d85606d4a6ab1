import { PROVIDERS, type Provider } from "../../autodiff/provider.ts";
import type { Raster, Size } from "../../image/raster.ts";
import type { AscentEngine } from "../../optvis/ascent/engine.ts";
import type { FourierRecipe } from "../../optvis/ascent/fourier-recipe.ts";
import { photographPlanes, toNetworkPlanes } from "../../optvis/ascent/network-planes.ts";
import { type LevelPlan, planLevels } from "../../optvis/ascent/plan-levels.ts";
import type { Elsewhere } from "../../optvis/ascent/target.ts";
import type { AscentTask, Start } from "../../optvis/ascent/task.ts";
import type { CountedLayer, NetworkModel } from "../../optvis/graph/layer-pass.ts";
import type { Viewer } from "../../optvis/quality/examine.ts";
import { asSize, type CompleteFourierRequest } from "../request/complete-request.ts";
import type { RequestTarget } from "../request/fields/targets.ts";
import { asTarget, RaisedLayers } from "../request/raised-layers.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import { ascentTargets } from "./ascent-targets.ts";
import type { ExaminationTask, Placement, RenderTask } from "./renderer.ts";

export const isProvider = (placement: Placement): placement is Provider =>
  PROVIDERS.some((provider) => provider === placement);

/**
 * What a task asks of the ascent; on the CPU, where it is not said what draws it.
 *
 * @param network the task's, folded
 */
export async function ascentTask(
  engine: Pick<AscentEngine, "evaluate">,
  task: RenderTask,
  network: NetworkModel,
): Promise<AscentTask> {
  const { request, channels, initialImage } = task;
  const drawn = requestedLayer(request, task.network);
  const layer = asTarget(drawn);
  const { objective, seed, numIterations: iterations } = request;
  // by the model that the request was resolved with: of the folded one more may be known
  const raising = new RaisedLayers(request, task.network, drawn);
  const raised = asTarget(raising.of(null).raised);
  const provider = providerOf(task);
  const common = { network, layer, raised: raised.value, channels, objective, provider };
  const asPlanes = (image: Raster) => toNetworkPlanes(photographPlanes(image, network), network);
  const targetsAt = async (size: Size, levelsOf?: LevelsOf) => {
    if (!request.targets) return null;
    const files = task.targetFiles ?? new Map();
    const elsewhereOf = elsewhereIn(raising, levelsOf);
    const around = { engine, network, layer, raised, size, files, elsewhereOf, toPlanes: asPlanes };
    return ascentTargets(request.targets, channels, around);
  };
  if (request.method === "fourier") {
    const recipe = recipeOf(request);
    const targets = await targetsAt(recipe.cropSize);
    return { method: "fourier", ...common, targets, seed, recipe };
  }
  const { pyramidLevels, pyramidScale } = request;
  const size = initialImage ?? network.inputSize;
  const levelsOf: LevelsOf = (seen) =>
    planLevels(network, seen, { size, pyramidLevels, pyramidScale });
  const [first] = raising.lookedAt(request.targets).each;
  const levels = levelsOf(first!);
  const start: Start = initialImage
    ? { kind: "photograph", seed, image: asPlanes(initialImage) }
    : { kind: "noise", seed };
  const targets = await targetsAt(levels[0]!.crops ?? levels[0]!.size, levelsOf);
  return { method: "deepdream", ...common, targets, levels, iterations, start };
}

type LevelsOf = (seen: CountedLayer) => readonly LevelPlan[];

/** What targets look at in place of the request's layer; each of these is planned once. */
function elsewhereIn(raising: RaisedLayers, levelsOf?: LevelsOf) {
  const known = new Map<CountedLayer, Elsewhere>();
  return (target: RequestTarget): Elsewhere | null => {
    const layer = raising.joinedFor(target);
    if (layer === null) return null;
    const elsewhere = known.get(layer) ?? { layer, levels: levelsOf?.(layer) };
    known.set(layer, elsewhere);
    return elsewhere;
  };
}

function recipeOf(request: CompleteFourierRequest): FourierRecipe {
  const { numIterations: iterations, canvasSize, cropSize } = request;
  return { ...request, iterations, canvasSize: asSize(canvasSize), cropSize: asSize(cropSize) };
}

/**
 * How a task's tiles are looked at: as its network saw them, a Fourier canvas at its crops' size.
 */
export function examinationTask({ network, provider, request }: RenderTask): ExaminationTask {
  const size = request.method === "fourier" ? asSize(request.cropSize) : network.model.inputSize;
  const { layer, channelAxis } = request;
  return { network, provider, layer, channelAxis, size };
}

/** Who looks at a picture: on the CPU in general, since figures are the same wherever it is from. */
export function viewerOf(task: ExaminationTask, network: NetworkModel): Viewer {
  const layer = asTarget(requestedLayer(task, task.network));
  return { network, layer, provider: providerOf(task) };
}

const providerOf = ({ provider }: Pick<ExaminationTask, "provider">): Provider =>
  isProvider(provider) ? provider : "cpu";
