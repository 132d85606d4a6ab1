import type { MessageReceiver } from "./message-queue.ts";

/**
 * Has messages delivered again, each after a time of its own; those of one time go in one call.
 *
 * @param secondsOf 0 to 43,200
 */
export async function giveBack<Message extends { readonly receiptHandle: string }>(
  receiver: Pick<MessageReceiver, "changeVisibility">,
  messages: readonly Message[],
  secondsOf: (message: Message) => number,
): Promise<void> {
  for (const seconds of new Set(messages.map(secondsOf))) {
    const due = messages.filter((message) => secondsOf(message) === seconds);
    await receiver.changeVisibility(handlesOf(due), seconds);
  }
}

export function handlesOf(
  messages: readonly { readonly receiptHandle: string }[],
): readonly string[] {
  return messages.map(({ receiptHandle }) => receiptHandle);
}
