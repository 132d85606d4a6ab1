import { handlesOf } from "./give-back.ts";
import type { MessageReceiver, ReceivedMessage } from "./message-queue.ts";

/** Work that takes longer hangs: its messages are no longer kept from other consumers. */
export interface WorkLimit {
  readonly seconds: number;
  /** Called once, when the time is over. */
  readonly onReached: () => void;
}

export interface KeepOptions {
  readonly receiver: Pick<MessageReceiver, "changeVisibility">;
  readonly visibilitySeconds: number;
  /** @default none: the work may take as long as it likes */
  readonly workLimit?: WorkLimit;
  /** A missed beat costs at most a second delivery. */
  readonly onError: (error: unknown) => void;
}

/** Beats per visibility timeout: two may be lost before a message comes back. */
const BEATS_PER_TIMEOUT = 3;

/**
 * Keeps messages invisible while they are worked on; dispose of it when they are done with. That
 * waits for a beat on its way, which must not undo what is done to them next.
 */
export function keepInvisible(
  messages: readonly Pick<ReceivedMessage, "receiptHandle">[],
  { receiver, visibilitySeconds, workLimit, onError }: KeepOptions,
): AsyncDisposable {
  const handles = handlesOf(messages);
  const everySeconds = visibilitySeconds / BEATS_PER_TIMEOUT;
  let beats = 0;
  let latest: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    beats += 1;
    if (workLimit !== undefined && beats * everySeconds > workLimit.seconds) {
      clearInterval(timer);
      workLimit.onReached();
      return;
    }
    latest = receiver.changeVisibility(handles, visibilitySeconds).catch(onError);
  }, everySeconds * 1_000);
  return {
    [Symbol.asyncDispose]: () => {
      clearInterval(timer);
      return latest;
    },
  };
}
