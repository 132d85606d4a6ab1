import { setTimeout as sleep } from "node:timers/promises";

import type { RenderDeps } from "../../lib/pipeline/render/render-channels.ts";
import { renderMessages } from "../../lib/pipeline/render/render-messages.ts";
import type { MessageReceiver, ReceivedMessage } from "../../lib/queue/message-queue.ts";
import { endingOf } from "../ending.ts";
import type { Log } from "../log.ts";
import { GpuRenderer } from "./gpu-renderer.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { receiveGroup } from "./receive-group.ts";
import type { ScaleInProtection } from "./scale-in-protection.ts";

export interface LoopDeps extends RenderDeps {
  readonly receiver: MessageReceiver;
  readonly protection: ScaleInProtection;
  readonly log: Log;
}

/** `broken`: the process cannot draw any more, and a new one has to take its place. */
export type LoopEnd = "stopped" | "broken";

/** A worker that dies gives its messages back after this time. */
const VISIBILITY_SECONDS = 120;
/** No group of 32 images takes an hour. */
const CAP_SECONDS = 3_600;
/** Soon, but not at once: what failed may need a moment. */
const RETRY_SECONDS = 30;
/** ECS allows 120 s from SIGTERM to SIGKILL; the rest is for giving messages back. */
const GRACE_MS = 90_000;
const PAUSE_AFTER_ERROR_MS = 5_000;

/**
 * Draws channels until told to stop, or until the card is lost: a group of messages is received,
 * kept invisible while it is drawn, and deleted or given back. Whatever ends the loop, a message is
 * done with or delivered again.
 */
export async function runLoop(deps: LoopDeps, stop: AbortSignal): Promise<LoopEnd> {
  const { log, protection } = deps;
  const breaking = new AbortController();
  const breakDown = (error: unknown) => {
    log.error("worker is broken", { error });
    breaking.abort(error);
  };
  const renderer = new GpuRenderer(deps.renderer, breakDown);
  const signal = AbortSignal.any([stop, breaking.signal]);
  while (!signal.aborted) {
    try {
      const messages = await receiveGroup(deps.receiver, VISIBILITY_SECONDS);
      await protection.set(messages.length === 0 ? "idle" : "working");
      if (messages.length > 0) await work(messages, { ...deps, renderer }, { signal, breakDown });
    } catch (error) {
      log.error("queue out of reach", { error });
      await pause(PAUSE_AFTER_ERROR_MS, signal);
    }
  }
  await protection.set("idle");
  return breaking.signal.aborted ? "broken" : "stopped";
}

interface Stops {
  readonly signal: AbortSignal;
  readonly breakDown: (error: unknown) => void;
}

async function work(
  messages: readonly ReceivedMessage[],
  deps: LoopDeps,
  stops: Stops,
): Promise<void> {
  const { receiver } = deps;
  const failed = await draw(messages, deps, stops);
  const isDone = ({ messageId }: ReceivedMessage) => failed !== null && !failed.has(messageId);
  const again = messages.filter((message) => !isDone(message));
  const pauseSeconds = stops.signal.aborted ? 0 : RETRY_SECONDS;
  await receiver.deleteAll(handlesOf(messages.filter(isDone)));
  await receiver.changeVisibility(handlesOf(again), pauseSeconds);
}

/** Ids of the messages to be delivered again; `null`: unknown, as the step did not end in time. */
async function draw(
  messages: readonly ReceivedMessage[],
  deps: LoopDeps,
  { signal, breakDown }: Stops,
): Promise<ReadonlySet<string> | null> {
  const { log, receiver } = deps;
  if (signal.aborted) return null;
  using _ = startHeartbeat({
    receiver,
    receiptHandles: handlesOf(messages),
    visibilitySeconds: VISIBILITY_SECONDS,
    capSeconds: CAP_SECONDS,
    onError: (error) => log.error("heartbeat missed", { error }),
    onCap: () => breakDown(new Error(`a group was not drawn within ${CAP_SECONDS} s`)),
  });
  const drawing = renderMessages(messages, deps, {
    signal,
    onResult: (result) => log.info("channel ended", endingOf(result)),
    onFailure: ({ messageId, job, error }) => {
      if (signal.aborted) log.info("channel given back", { messageId, ...job });
      else log.error("channel not rendered", { messageId, ...job, error });
    },
  });
  const failed = await withinGrace(drawing, signal);
  return failed === null ? null : new Set(failed);
}

function handlesOf(messages: readonly ReceivedMessage[]): readonly string[] {
  return messages.map(({ receiptHandle }) => receiptHandle);
}

/** `null` if the step goes on long after the signal: one that hangs must not keep the messages. */
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

/** Shorter if the signal comes. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
