import type { MessageReceiver } from "../../lib/queue/message-queue.ts";

export interface HeartbeatOptions {
  readonly receiver: Pick<MessageReceiver, "changeVisibility">;
  readonly receiptHandles: readonly string[];
  readonly visibilitySeconds: number;
  /** Work that takes longer hangs: its messages are no longer kept from other workers. */
  readonly capSeconds: number;
  readonly onError: (error: unknown) => void;
  /** Called once, when the cap is reached. */
  readonly onCap: () => void;
}

/** Beats per visibility timeout: two may be lost before a message comes back. */
const BEATS_PER_TIMEOUT = 3;

/** Keeps messages invisible while they are worked on; dispose of it when they are done with. */
export function startHeartbeat(options: HeartbeatOptions): Disposable {
  const { receiver, receiptHandles, visibilitySeconds, capSeconds, onError, onCap } = options;
  const everySeconds = visibilitySeconds / BEATS_PER_TIMEOUT;
  let beats = 0;
  const timer = setInterval(() => {
    beats += 1;
    if (beats * everySeconds > capSeconds) {
      clearInterval(timer);
      onCap();
      return;
    }
    receiver.changeVisibility(receiptHandles, visibilitySeconds).catch(onError);
  }, everySeconds * 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
