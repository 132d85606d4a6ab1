import { PROVIDERS, type Provider } from "../../autodiff/provider.ts";
import type { Raster, Size } from "../../image/raster.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import type { AscentEngine } from "../../optvis/ascent/engine.ts";
import type { FourierRecipe } from "../../optvis/ascent/fourier-recipe.ts";
import { photographPlanes, toNetworkPlanes } from "../../optvis/ascent/network-planes.ts";
import { planLevels } from "../../optvis/ascent/plan-levels.ts";
import type { AscentTask, Start } from "../../optvis/ascent/task.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";
import type { Viewer } from "../../optvis/quality/examine.ts";
import { asSize, type CompleteFourierRequest } from "../request/complete-request.ts";
import { raisedLayer } from "../request/raised-layer.ts";
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
  const raised = asTarget(raisedLayer(request, task.network.model, drawn));
  const provider = providerOf(task);
  const common = { network, layer, raised: raised.value, channels, objective, provider };
  const asPlanes = (image: Raster) => toNetworkPlanes(photographPlanes(image, network), network);
  const targetsAt = async (size: Size) => {
    if (!request.targets) return null;
    const files = task.targetFiles ?? new Map();
    const surroundings = { engine, network, layer, raised, size, files, toPlanes: asPlanes };
    return ascentTargets(request.targets, channels, surroundings);
  };
  if (request.method === "fourier") {
    const recipe = recipeOf(request);
    const targets = await targetsAt(recipe.cropSize);
    return { method: "fourier", ...common, targets, seed, recipe };
  }
  const { pyramidLevels, pyramidScale } = request;
  const size = initialImage ?? network.inputSize;
  const levels = planLevels(network, layer, { size, pyramidLevels, pyramidScale });
  const start: Start = initialImage
    ? { kind: "photograph", seed, image: asPlanes(initialImage) }
    : { kind: "noise", seed };
  const targets = await targetsAt(levels[0]!.crops ?? levels[0]!.size);
  return { method: "deepdream", ...common, targets, levels, iterations, start };
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

function asTarget(layer: LayerWithChannels): AscentTask["layer"] {
  const { value, name, channels, channelAxis, parts, batchAxis } = layer;
  return { value, name, channels, channelAxis, parts, batchAxis };
}
