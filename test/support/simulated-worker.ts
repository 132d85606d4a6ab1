import { vi } from "vitest";

import { TIMEOUT_SECONDS } from "../../functions/delivery.ts";
import { runLoop } from "../../functions/gpu-worker/loop.ts";
import { createHandler } from "../../functions/worker/handler.ts";
import type { AscentProgress } from "../../lib/optvis/ascent/task.ts";
import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import type { OutgoingMessage } from "../../lib/queue/message-queue.ts";
import type { MemoryPipeline } from "./memory-pipeline.ts";
import { silentLog } from "./silent-log.ts";
import { ScriptedQueue } from "./scripted-queue.ts";
import { sqsEvent } from "./sqs-event.ts";

/** What a call of a worker may take, by the stack's own figures. */
export const LIMIT_MS = 1_000 * TIMEOUT_SECONDS.worker;

export interface Simulation {
  /** Of one iteration of one image, by the simulated clock. */
  readonly stepSeconds: number;
  /** @default lambda */
  readonly worker?: "lambda" | "gpu";
  /** As the worker knows it of its threads. */
  readonly slowdown?: number;
  /** Whether a call is told how much of its time is left, or that all of it is. @default true */
  readonly isTold?: boolean;
  /** Calls, from 1, that are killed at their second iteration. */
  readonly killed?: readonly number[];
}

/**
 * Works the queue off under a clock that iterations alone move on: with a message a call, or a GPU
 * worker's groups.
 */
export async function workOff(pipeline: MemoryPipeline, simulation: Simulation) {
  const { stepSeconds, worker = "lambda", slowdown, isTold = true, killed = [] } = simulation;
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const engine = new EngineRenderer({ threads: 1 });
  let [calls, longestMs] = [0, 0];
  try {
    while (pipeline.cpu.sent.length > 0) {
      const taken = pipeline.cpu.sent.splice(0, worker === "lambda" ? 1 : 32);
      if (++calls > 300) throw new Error(`it does not end: ${taken[0]!.body}`);
      const startedMs = nowMs;
      const death = new AbortController();
      const isKilled = killed.includes(calls);
      const renderer = timed(engine, {
        onIterations: (count, iteration) => {
          nowMs += 1_000 * stepSeconds * count;
          if (isKilled && iteration > 1) death.abort(new Error("killed"));
        },
        // ten passes forward
        onExamined: () => (nowMs += 5_000 * stepSeconds),
      });
      // a dead worker writes nothing
      const store = isKilled ? undying(pipeline, death.signal) : pipeline.store;
      const deps = {
        ...pipeline.renderDeps(renderer),
        store,
        jobs: new Jobs(store),
        continuations: pipeline.cpu,
        log: silentLog,
      };
      if (worker === "gpu") {
        const bodies = taken.map(({ body }) => body);
        const queue = new ScriptedQueue(bodies, () => death.abort(new Error("all is done")));
        await runLoop({ ...deps, receiver: queue }, death.signal);
        const left = bodies.filter((_, i) => !queue.deleted.includes(`h${i + 1}`));
        pipeline.cpu.sent.push(...left.map((body) => ({ body })));
      } else {
        const handler = createHandler({ ...deps, slowdown, hooks: { signal: death.signal } });
        const leftMs = () => LIMIT_MS - (isTold ? nowMs - startedMs : 0);
        const [{ body }] = taken as [OutgoingMessage];
        const context = { getRemainingTimeInMillis: leftMs };
        const { batchItemFailures } = await handler(sqsEvent(body), context);
        if (batchItemFailures.length > 0) pipeline.cpu.sent.push({ body });
      }
      longestMs = Math.max(longestMs, nowMs - startedMs);
    }
  } finally {
    await engine.close();
  }
  return { calls, longestMs };
}

interface Timing {
  /** Told of iterations of an image as they have been done, and of the number of the last. */
  readonly onIterations: (count: number, iteration: number) => void;
  readonly onExamined: () => void;
}

function timed(engine: Renderer, { onIterations, onExamined }: Timing): Renderer {
  return {
    close: () => engine.close(),
    render: (task, hooks = {}) => {
      const last = new Map<string, number>();
      const onProgress = (progress: AscentProgress) => {
        const { channel, level, iteration } = progress;
        const before = last.get(`${channel}/${level}`) ?? iteration - 1;
        last.set(`${channel}/${level}`, iteration);
        onIterations(Math.max(1, iteration - before), iteration);
        hooks.onProgress?.(progress);
      };
      return engine.render(task, { ...hooks, onProgress });
    },
    examine: (...picture) => {
      onExamined();
      return engine.examine(...picture);
    },
  };
}

/** The store, of which nothing is left by whoever has died. */
function undying({ store }: MemoryPipeline, death: AbortSignal) {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...words: unknown[]) =>
        name === "put" && death.aborted ? Promise.resolve() : value.apply(target, words);
    },
  });
}
