import type { MessageReceiver, ReceivedMessage } from "../../lib/queue/message-queue.ts";

/** Keeps messages of a queue invisible while they are worked on; dispose of it when they are done. */
export function keepInvisible(
  receiver: MessageReceiver,
  messages: readonly ReceivedMessage[],
  visibilitySeconds: number,
  onError: (error: unknown) => void,
): Disposable {
  const handles = messages.map(({ receiptHandle }) => receiptHandle);
  const beat = async () => {
    try {
      await receiver.changeVisibility(handles, visibilitySeconds);
    } catch (error) {
      // a missed beat costs at most a second delivery, which changes nothing
      onError(error);
    }
  };
  const timer = setInterval(() => void beat(), (visibilitySeconds * 1000) / 3);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
