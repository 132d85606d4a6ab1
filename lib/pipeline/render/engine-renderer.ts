import { setImmediate as nextTurn } from "node:timers/promises";

import { PROVIDERS, type Provider } from "../../autodiff/provider.ts";
import { loadSharp } from "../../image/load-sharp.ts";
import type { Raster, Size } from "../../image/raster.ts";
import { AscentEngine } from "../../optvis/ascent/engine.ts";
import type { FourierRecipe } from "../../optvis/ascent/fourier-recipe.ts";
import { taskVerdict } from "../../optvis/ascent/task-verdict.ts";
import type { AscentHooks } from "../../optvis/ascent/hooks.ts";
import type { AscentState } from "../../optvis/ascent/state.ts";
import { type PlacedResult, renderInLanes } from "../../optvis/ascent/lanes.ts";
import { planLevels } from "../../optvis/ascent/plan-levels.ts";
import { planOf } from "../../optvis/ascent/plan-of.ts";
import { taskParts } from "../../optvis/ascent/task-parts.ts";
import type { AscentResult, AscentTask, Start } from "../../optvis/ascent/task.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";
import {
  photographPlanes,
  toColourPlanes,
  toNetworkPlanes,
} from "../../optvis/ascent/network-planes.ts";
import { examine, meansGraph, type Viewer } from "../../optvis/quality/examine.ts";
import { laterSeed } from "../../optvis/random.ts";
import { FoldedNetworks } from "../../optvis/runtime/fold-constants.ts";
import type { GpuGate } from "../../optvis/runtime/gpu-gate.ts";
import { type GpuRefusal, gpuRefusal, NOT_LOOKED_FOR } from "../../optvis/runtime/gpu-verdict.ts";
import { GpuUnavailableError } from "../../optvis/runtime/errors.ts";
import { asSize, type CompleteFourierRequest, isCentred } from "../request/complete-request.ts";
import { raisedLayer } from "../request/raised-layer.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import { ascentTargets } from "./ascent-targets.ts";
import { channelKind } from "./channel-kind.ts";
import { examinationTask } from "./examination-task.ts";
import { HeadStart } from "./head-start.ts";
import type {
  ExaminationTask,
  Placement,
  RenderedChannel,
  Renderer,
  RenderTask,
} from "./renderer.ts";

const isProvider = (placement: Placement): placement is Provider =>
  PROVIDERS.some((provider) => provider === placement);

export interface EngineRendererOptions {
  /** Workers on the CPU. @default one per core */
  readonly threads?: number | undefined;
  /** Decides what is drawn on a GPU; closed with the renderer. @default none is looked for */
  readonly gate?: GpuGate | null;
  /** After so long without work its threads end, and give back what they hold. @default never */
  readonly idleSeconds?: number | undefined;
}

/** Workers that compile ahead: a task that was rendered before needs none. */
const MOST_PREPARED = 4;

export interface EngineRenderer extends Renderer {
  /**
   * Compiles ahead what a task's first images run, and begins the first, while others see to it
   * that it comes to be rendered: `render` waits for the one and goes on with the other. What is
   * wrong with the task, it says.
   *
   * @param stepSeconds of an iteration on the CPU, by estimate
   */
  prepare(task: RenderTask, stepSeconds: number): void;
}

/** The renderer of production: the ascent inside ONNX Runtime, on this machine. */
export function createEngineRenderer({
  threads,
  gate = null,
  idleSeconds,
}: EngineRendererOptions = {}): EngineRenderer {
  const engine = new AscentEngine({ threads, idleSeconds });
  const networks = new FoldedNetworks();
  let ascentPrepared: Promise<void> = Promise.resolve();
  let cardPrepared: Promise<void> = ascentPrepared;
  let headStart: HeadStart | null = null;
  /** Once it is closed nothing is begun ahead: the engine would start threads anew for it. */
  const closing = new AbortController();

  /** Draws a task where it is to be. */
  async function renderPlaced(
    task: AscentTask,
    placement: Placement,
    hooks: AscentHooks<PlacedResult>,
  ): Promise<void> {
    const drawBy = async (provider: Provider) => {
      const onChannel = (result: AscentResult) => hooks.onChannel!({ ...result, provider });
      await engine.render({ ...task, provider }, { ...hooks, onChannel });
    };
    if (isProvider(placement)) return drawBy(placement);
    const gpu = gate && taskVerdict(gate, task);
    if (placement === "auto") {
      if (gpu === null) return drawBy("cpu");
      const onGpuFailure = (refusal: GpuRefusal) => gate?.giveUp(refusal);
      return renderInLanes(task, { engine, gpu, onGpuFailure }, hooks);
    }
    const verdict = (await gpu) ?? NOT_LOOKED_FOR;
    if (verdict.isFit) return drawBy(verdict.provider);
    throw new GpuUnavailableError(gpuRefusal(verdict.reason));
  }

  /** Compiles what a task's first images run, and begins the first of them. */
  async function begin(task: RenderTask, stepSeconds: number): Promise<void> {
    if (task.provider === "gpu") return;
    const model = await networks.of(task.network.model);
    const ascent = await ascentTask(engine, task, model);
    const [first] = taskParts(ascent);
    const { stages, together, imageGraph } = planOf(first!.task);
    const workers = Math.min(task.channels.length, MOST_PREPARED);
    for (const graph of [stages[0]!.graph(together), imageGraph]) {
      closing.signal.throwIfAborted();
      if (graph !== null) await engine.prepare(graph, workers);
    }
    closing.signal.throwIfAborted();
    if (!HeadStart.isFor(task, stepSeconds)) return;
    headStart = new HeadStart(engine, task, { ascent, lastStage: stages.at(-1)! });
  }

  /** Where the images stand that were begun ahead; once told, it is for nobody else. */
  async function begunAhead(task: RenderTask): Promise<readonly AscentState[]> {
    await ascentPrepared;
    const ahead = headStart;
    headStart = null;
    return (await ahead?.handOver(task)) ?? [];
  }

  /** Compiles what looks at a task's images, by a worker that has none of them to draw. */
  async function compileCard(task: RenderTask, model: NetworkModel): Promise<void> {
    await nextTurn();
    // libvips, too, is loaded before there is a picture; this thread is to be free again soon
    await loadSharp();
    closing.signal.throwIfAborted();
    if (task.channels.length >= engine.threads || task.request.targets) return;
    const viewing = examinationTask(task);
    await engine.prepare(meansGraph(viewerOf(viewing, model), viewing.size), 1);
  }

  return {
    prepare(task, stepSeconds) {
      ascentPrepared = begin(task, stepSeconds).catch(() => undefined);
    },
    async render(task, { onChannel, frames, resume = [], ...hooks } = {}) {
      const ahead = await begunAhead(task);
      const { request } = task;
      const { seed } = request;
      const unit = isCentred(request) ? "centred" : "pixels";
      const model = await networks.of(task.network.model);
      const toRendered = ({ provider, ...result }: PlacedResult): RenderedChannel => {
        if (result.kind === "failed") return result;
        const image = toColourPlanes(result.image, model, unit);
        return { ...result, image, provider, seed: laterSeed(seed, result.restarts) };
      };
      const results: RenderedChannel[] = [];
      let isBegun = false;
      await renderPlaced(await ascentTask(engine, task, model), task.provider, {
        ...hooks,
        // where an earlier rendering has come with an image counts more
        resume: [...ahead, ...resume],
        onProgress: (progress) => {
          if (!isBegun) cardPrepared = compileCard(task, model).catch(() => undefined);
          isBegun = true;
          hooks.onProgress?.(progress);
        },
        frames: frames && {
          count: frames.count,
          take: (frame) =>
            frames.take({ ...frame, image: toColourPlanes(frame.image, model, unit) }),
        },
        onChannel: async (result) => {
          const rendered = toRendered(result);
          if (onChannel) await onChannel(rendered);
          else results[task.channels.indexOf(result.channel)] = rendered;
        },
      });
      return results;
    },
    async examine(task, channel, picture) {
      await cardPrepared;
      const viewer = viewerOf(task, await networks.of(task.network.model));
      const subject = { ...viewer, size: task.size, channel, kind: channelKind(task) };
      return examine(engine, picture, subject);
    },
    async close() {
      closing.abort();
      gate?.close();
      await Promise.all([engine.close(), headStart?.stop(), ascentPrepared, cardPrepared]);
      // one of them may have waited for a worker, and been given a new one
      await engine.close();
    },
  };
}

async function ascentTask(
  engine: AscentEngine,
  task: RenderTask,
  network: NetworkModel,
): Promise<AscentTask> {
  const { request, channels, initialImage } = task;
  const provider = isProvider(task.provider) ? task.provider : "cpu";
  const layer = layerOf({ ...request, network: task.network });
  const { objective, seed, numIterations: iterations } = request;
  const raised = raisedLayer(request, network.model, layer);
  const common = { network, layer, raised: raised.value, channels, objective, provider };
  const asPlanes = (image: Raster) => toNetworkPlanes(photographPlanes(image, network), network);
  const targetsAt = async (size: Size) => {
    if (!request.targets) return null;
    const files = task.targetFiles ?? new Map();
    const surroundings = { engine, network, layer: raised, size, files, toPlanes: asPlanes };
    return ascentTargets(request.targets, surroundings);
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

function viewerOf(task: ExaminationTask, network: NetworkModel): Viewer {
  // the figures of pictures from anywhere are the same
  const provider = isProvider(task.provider) ? task.provider : "cpu";
  return { network, layer: layerOf(task), provider };
}

function layerOf({
  network,
  ...reference
}: Pick<ExaminationTask, "network" | "layer" | "channelAxis">): AscentTask["layer"] {
  const layer = requestedLayer(reference, network);
  const { value, name, channels, channelAxis, parts, batchAxis } = layer;
  return { value, name, channels, channelAxis, parts, batchAxis };
}
