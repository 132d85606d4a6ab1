import { type RenderDeps, renderMessages } from "../../lib/pipeline/render/render-messages.ts";
import { consume } from "../../lib/queue/consume.ts";
import type { MessageReceiver, ReceivedMessage } from "../../lib/queue/message-queue.ts";
import { HELD_SECONDS, TIMEOUT_SECONDS } from "../delivery.ts";
import { logChannels } from "../log-channels.ts";
import type { Log } from "../log.ts";
import { timeKeeper } from "../time-left.ts";
import { gpuRenderer } from "./gpu-renderer.ts";

export interface LoopDeps extends RenderDeps {
  readonly receiver: MessageReceiver;
  readonly log: Log;
  /**
   * How long a group is worked at before what is left of it is sent on: as long as a CPU worker
   * has. A worker that is lost costs no more, and other jobs' channels get their turn. @default 900
   */
  readonly groupSeconds?: number;
}

/**
 * `idle`: there is nothing left to do. `stopped`: it was told to. `broken`: the process cannot
 * render any more.
 */
export type LoopEnd = "idle" | "stopped" | "broken";

/**
 * A group: as many images as one run on a card uses well. Fair queues hand out messages of one job
 * in a row unless others wait, so that it is mostly one job's.
 */
const GATHERING = {
  batchSize: 32,
  pollSeconds: 20, // the longest that SQS has: an idle worker asks rarely
  windowMs: Number.POSITIVE_INFINITY,
  pauseMs: 0,
};
/**
 * Polls that bring nothing, 20 s each, before a worker ends: five minutes, since a start costs
 * about as much. What another one holds as it dies, and what is to be tried again, comes back
 * sooner.
 */
const IDLE_POLLS = 15;
/** A group that has not been sent on by then hangs. */
const GROUP_LIMIT_SECONDS = 4 * TIMEOUT_SECONDS.worker;
/** Soon, but not at once: what failed may need a moment. */
const RETRY_SECONDS = 30;
/** There are 120 s from SIGTERM to SIGKILL; the rest is for giving messages back. */
const GRACE_MS = 90_000;
const PAUSE_AFTER_ERROR_MS = 5_000;

/**
 * Renders channels until there are none, until told to stop, or until the card is lost: a group of
 * messages is received, kept invisible while it is rendered, and deleted or given back.
 */
export async function runLoop(deps: LoopDeps, stop: AbortSignal): Promise<LoopEnd> {
  const { log, receiver } = deps;
  const breaking = new AbortController();
  const breakDown = (error: unknown) => {
    log.error("worker is broken", { error });
    breaking.abort(error);
  };
  const renderer = gpuRenderer(deps.renderer, breakDown);
  const idling = new AbortController();
  let idlePolls = 0;
  const signal = AbortSignal.any([stop, breaking.signal, idling.signal]);
  await consume(
    {
      receiver,
      gathering: () => GATHERING,
      visibilitySeconds: HELD_SECONDS,
      retrySeconds: () => (signal.aborted ? 0 : RETRY_SECONDS),
      pauseAfterErrorMs: PAUSE_AFTER_ERROR_MS,
      workLimit: {
        seconds: GROUP_LIMIT_SECONDS,
        onReached: () =>
          breakDown(new Error(`a group was not rendered within ${GROUP_LIMIT_SECONDS} s`)),
      },
      onBatch: (size) => {
        idlePolls = size === 0 ? idlePolls + 1 : 0;
        if (idlePolls === IDLE_POLLS) idling.abort();
      },
      handle: (messages) => render(messages, { ...deps, renderer }, signal),
      onError: (trouble, error) => log.error(trouble, { error }),
    },
    signal,
  );
  if (breaking.signal.aborted) return "broken";
  return stop.aborted ? "stopped" : "idle";
}

/** Ids of the messages to be delivered again: all of them if the step does not end in time. */
async function render(
  messages: readonly ReceivedMessage[],
  deps: LoopDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { log, groupSeconds = TIMEOUT_SECONDS.worker } = deps;
  const startedMs = performance.now();
  const leftMs = () => 1_000 * groupSeconds - (performance.now() - startedMs);
  const hasTime = timeKeeper({ leftMs });
  const rendering = renderMessages(messages, deps, {
    signal,
    hasTime,
    ...logChannels(log, signal),
  });
  return (await withinGrace(rendering, signal)) ?? messages.map(({ messageId }) => messageId);
}

/** `null` if the step has not ended GRACE_MS after the signal. */
function withinGrace<T>(step: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const startTimer = () => {
      timer = setTimeout(() => resolve(null), GRACE_MS);
    };
    signal.addEventListener("abort", startTimer, { once: true });
    step.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", startTimer);
    });
  });
}
