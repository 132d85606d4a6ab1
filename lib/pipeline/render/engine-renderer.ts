import { setImmediate as nextTurn } from "node:timers/promises";

import type { Provider } from "../../autodiff/provider.ts";
import { loadSharp } from "../../image/load-sharp.ts";
import type { Planes, Raster } from "../../image/raster.ts";
import { AscentEngine } from "../../optvis/ascent/engine.ts";
import type { AscentHooks } from "../../optvis/ascent/hooks.ts";
import { type PlacedResult, renderInLanes } from "../../optvis/ascent/lanes.ts";
import { toColourPlanes } from "../../optvis/ascent/network-planes.ts";
import { planOf } from "../../optvis/ascent/plan-of.ts";
import type { AscentState } from "../../optvis/ascent/state.ts";
import { taskParts } from "../../optvis/ascent/task-parts.ts";
import { taskVerdict } from "../../optvis/ascent/task-verdict.ts";
import type { AscentResult, AscentTask } from "../../optvis/ascent/task.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";
import type { QualityCard } from "../../optvis/quality/card.ts";
import { examine, meansGraph } from "../../optvis/quality/examine.ts";
import { laterSeed } from "../../optvis/random.ts";
import { GpuUnavailableError } from "../../optvis/runtime/errors.ts";
import { FoldedNetworks } from "../../optvis/runtime/fold-constants.ts";
import type { GpuGate } from "../../optvis/runtime/gpu-gate.ts";
import { type GpuRefusal, gpuRefusal, NOT_LOOKED_FOR } from "../../optvis/runtime/gpu-verdict.ts";
import { isCentred } from "../request/complete-request.ts";
import { ascentTask, examinationTask, isProvider, viewerOf } from "./ascent-task.ts";
import { channelKind } from "./channel-kind.ts";
import { HeadStart } from "./head-start.ts";
import type {
  ExaminationTask,
  Placement,
  RenderedChannel,
  Renderer,
  RenderHooks,
  RenderTask,
} from "./renderer.ts";

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

/** The renderer of production: the ascent inside ONNX Runtime, on this machine. */
export class EngineRenderer implements Renderer, AsyncDisposable {
  readonly #engine: AscentEngine;
  readonly #gate: GpuGate | null;
  readonly #networks = new FoldedNetworks();
  #ascentPrepared: Promise<void> = Promise.resolve();
  #cardPrepared: Promise<void> = Promise.resolve();
  #headStart: HeadStart | null = null;
  /** Once it is closed nothing is begun ahead: the engine would start threads anew for it. */
  readonly #closing = new AbortController();

  constructor({ threads, gate = null, idleSeconds }: EngineRendererOptions = {}) {
    this.#engine = new AscentEngine({ threads, idleSeconds });
    this.#gate = gate;
  }

  /**
   * Compiles ahead what a task's first images run, and begins the first, while others see to it
   * that it comes to be rendered: `render` waits for the one and goes on with the other. What is
   * wrong with the task, it says.
   *
   * @param stepSeconds of an iteration on the CPU, by estimate
   */
  prepare(task: RenderTask, stepSeconds: number): void {
    this.#ascentPrepared = this.#begin(task, stepSeconds).catch(() => undefined);
  }

  async render(
    task: RenderTask,
    { onChannel, frames, resume = [], ...hooks }: RenderHooks = {},
  ): Promise<readonly RenderedChannel[]> {
    const ahead = await this.#begunAhead(task);
    const model = await this.#networks.of(task.network.model);
    const unit = isCentred(task.request) ? "centred" : "pixels";
    const inColour = (image: Planes) => toColourPlanes(image, model, unit);
    const results: RenderedChannel[] = [];
    let isBegun = false;
    await this.#draw(await ascentTask(this.#engine, task, model), task.provider, {
      ...hooks,
      // where an earlier rendering has come with an image counts more
      resume: [...ahead, ...resume],
      onProgress: (progress) => {
        if (!isBegun) this.#cardPrepared = this.#compileCard(task, model).catch(() => undefined);
        isBegun = true;
        hooks.onProgress?.(progress);
      },
      frames: frames && {
        ...frames,
        take: (frame) => frames.take({ ...frame, image: inColour(frame.image) }),
      },
      onChannel: async (result) => {
        const rendered = toRendered(result, task.request.seed, inColour);
        if (onChannel) await onChannel(rendered);
        else results[task.channels.indexOf(result.channel)] = rendered;
      },
    });
    return results;
  }

  async examine(
    task: ExaminationTask,
    channel: number | null,
    picture: Raster,
  ): Promise<QualityCard> {
    await this.#cardPrepared;
    const viewer = viewerOf(task, await this.#networks.of(task.network.model));
    const subject = { ...viewer, size: task.size, channel, kind: channelKind(task) };
    return examine(this.#engine, picture, subject);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#gate?.close();
    const engine = this.#engine;
    const ending = [engine.close(), this.#headStart?.stop()];
    await Promise.all([...ending, this.#ascentPrepared, this.#cardPrepared]);
    // one of them may have waited for a worker, and been given a new one
    await engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Draws a task where it is to be. */
  async #draw(
    task: AscentTask,
    placement: Placement,
    hooks: AscentHooks<PlacedResult>,
  ): Promise<void> {
    const [engine, gate] = [this.#engine, this.#gate];
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
  async #begin(task: RenderTask, stepSeconds: number): Promise<void> {
    if (task.provider === "gpu") return;
    const engine = this.#engine;
    const model = await this.#networks.of(task.network.model);
    const ascent = await ascentTask(engine, task, model);
    const [first] = taskParts(ascent);
    const { stages, together, imageGraph } = planOf(first!.task);
    const workers = Math.min(task.channels.length, MOST_PREPARED);
    for (const graph of [stages[0]!.graph(together), imageGraph]) {
      this.#closing.signal.throwIfAborted();
      if (graph !== null) await engine.prepare(graph, workers);
    }
    this.#closing.signal.throwIfAborted();
    if (!HeadStart.isFor(task, stepSeconds)) return;
    this.#headStart = new HeadStart(engine, task, { ascent, lastStage: stages.at(-1)! });
  }

  /** Where the images stand that were begun ahead; told once, to the first who asks. */
  async #begunAhead(task: RenderTask): Promise<readonly AscentState[]> {
    await this.#ascentPrepared;
    const ahead = this.#headStart;
    this.#headStart = null;
    return (await ahead?.handOver(task)) ?? [];
  }

  /** Compiles what looks at a task's images, by a worker that has none of them to draw. */
  async #compileCard(task: RenderTask, model: NetworkModel): Promise<void> {
    await nextTurn();
    // libvips, too, is loaded before there is a picture; this thread is to be free again soon
    await loadSharp();
    this.#closing.signal.throwIfAborted();
    if (task.channels.length >= this.#engine.threads || task.request.targets) return;
    const viewing = examinationTask(task);
    await this.#engine.prepare(meansGraph(viewerOf(viewing, model), viewing.size), 1);
  }
}

/** @param seed the request's */
function toRendered(
  { provider, ...result }: PlacedResult,
  seed: number,
  inColour: (image: Planes) => Planes,
): RenderedChannel {
  if (result.kind === "failed") return result;
  const image = inColour(result.image);
  return { ...result, image, provider, seed: laterSeed(seed, result.restarts) };
}
