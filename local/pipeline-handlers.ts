import { createHandler as createAssembler } from "../functions/assembler/handler.ts";
import { createHandler as createDeadLetter } from "../functions/dead-letter/handler.ts";
import { createHandler as createIntake } from "../functions/intake/handler.ts";
import type { Log } from "../functions/log.ts";
import { createHandler as createWorker } from "../functions/worker/handler.ts";
import type { AcceptDeps } from "../lib/pipeline/job/accept-request.ts";
import { EngineExplainer } from "../lib/pipeline/explain/explainer.ts";
import type { Renderer } from "../lib/pipeline/render/renderer.ts";
import type { ServedQueue, SqsHandler } from "./event-sources/pipeline-sources.ts";
import type { PipelineEvents } from "./pipeline-events.ts";

export interface HandlersOptions {
  readonly deps: AcceptDeps;
  /** `null`: the channels are rendered elsewhere. */
  readonly renderer: Renderer | null;
  /** Of a question about pixels. @default the machine's cores */
  readonly threads?: number;
  readonly events: PipelineEvents;
  /** Stops the rendering; channels at work are given back. */
  readonly signal: AbortSignal;
  readonly logOf: (functionName: string) => Log;
}

/** The functions' own handlers, with hooks that tell what happens. */
export function pipelineHandlers(
  options: HandlersOptions,
): Readonly<Partial<Record<ServedQueue, SqsHandler>>> {
  const { deps, renderer, threads, events, signal, logOf } = options;
  const { jobs, store, networks, now } = deps;
  const intake = createIntake({
    ...deps,
    log: logOf("intake"),
    onAnswer: (key, acceptance) => events.tell({ kind: "answered", key, acceptance }),
    onGivenUp: (body, error) => events.tell({ kind: "given-up", body, error }),
  });
  const assembler = createAssembler({
    ...deps,
    overdue: "drawn",
    log: logOf("assembler"),
    onProgress: (progress) => events.tell({ kind: "progress", progress }),
    onCompleted: (completion) => events.tell({ kind: "completed", completion }),
  });
  const deadLetter = createDeadLetter({
    jobs,
    store,
    now,
    log: logOf("dead-letter"),
    onResult: (result) => events.tell({ kind: "result", result }),
  });
  const shared = { requests: intake, assembly: assembler, channelsDead: deadLetter };
  if (renderer === null) return shared;
  const worker = createWorker({
    jobs,
    store,
    networks,
    renderer,
    explainer: new EngineExplainer({ threads }),
    provider: "requested",
    now,
    log: logOf("worker"),
    hooks: {
      signal,
      onProgress: (jobId, progress) => events.tell({ kind: "step", jobId, progress }),
      onResult: (result) => events.tell({ kind: "result", result }),
    },
  });
  return { ...shared, channels: worker, questions: worker };
}
