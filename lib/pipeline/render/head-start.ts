import { isDeepStrictEqual } from "node:util";

import type { AscentEngine } from "../../optvis/ascent/engine.ts";
import type { Stage } from "../../optvis/ascent/stage.ts";
import type { AscentState } from "../../optvis/ascent/state.ts";
import type { AscentTask } from "../../optvis/ascent/task.ts";
import type { RenderTask } from "./renderer.ts";

/** Whoever comes to render the task waits so long at most, or for one iteration. */
const CHUNK_SECONDS = 0.1;

/** An iteration that takes longer may be in vain, as of a job whose images are there already. */
const LONGEST_STEP_SECONDS = 1;

interface BegunAscent {
  readonly ascent: AscentTask;
  readonly lastStage: Pick<Stage, "number" | "iterations">;
}

/**
 * The first image of a task, on its way while others see to it that the task comes to be rendered.
 * It stops before it ends, and is gone on with as an image that was stopped: the same bytes.
 */
export class HeadStart {
  readonly #task: RenderTask;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<readonly AscentState[]>;

  /** @param begun its ascent on the CPU, and the stage that is its last */
  constructor(engine: Pick<AscentEngine, "render">, task: RenderTask, begun: BegunAscent) {
    this.#task = task;
    this.#stopped = this.#draw(engine, begun);
  }

  /**
   * Whether the first image may be begun: on the CPU, from noise, and nobody looks at it on its way.
   *
   * @param stepSeconds of an iteration, by estimate
   */
  static isFor({ provider, request, initialImage }: RenderTask, stepSeconds: number): boolean {
    const isOnCpu = provider === "cpu" || provider === "auto";
    const isOfNoise = initialImage === null && request.targets === undefined;
    const isQuick = stepSeconds <= LONGEST_STEP_SECONDS;
    return isOnCpu && isOfNoise && isQuick && request.animation === undefined;
  }

  /** Stops, and tells where the image stands; none where it could not be drawn. */
  stop(): Promise<readonly AscentState[]> {
    this.#stopping.abort();
    return this.#stopped;
  }

  /** Stops, and tells where the image stands if the task is the same: for a network's copy, too. */
  async handOver(task: RenderTask): Promise<readonly AscentState[]> {
    const states = await this.stop();
    return isSame(task, this.#task) ? states : [];
  }

  async #draw(engine: Pick<AscentEngine, "render">, { ascent, lastStage }: BegunAscent) {
    const { number, iterations } = lastStage;
    const first = { ...ascent, channels: ascent.channels.slice(0, 1) };
    let standing: readonly AscentState[] = [];
    const rendering = engine.render(first, {
      signal: this.#stopping.signal,
      chunkSeconds: CHUNK_SECONDS,
      onProgress: ({ level, iteration }) => {
        if (level === number && iteration === iterations) this.#stopping.abort();
      },
      onStopped: async (states) => {
        standing = [...states.values()].flat();
      },
    });
    // what is wrong, who renders it says
    await rendering.catch(() => undefined);
    return standing;
  }
}

function isSame(a: RenderTask, b: RenderTask): boolean {
  const inCommon = ({ request, provider, initialImage, network }: RenderTask) => {
    const { fingerprint } = network.model;
    return { request: { ...request, network: "" }, provider, initialImage, fingerprint };
  };
  return isDeepStrictEqual(inCommon(a), inCommon(b));
}
