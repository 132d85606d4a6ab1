import type { MessageReceiver, ReceivedMessage } from "../../lib/queue/message-queue.ts";

/** Messages of one group: as many images as one run on a card uses well. */
export const GROUP_SIZE = 32;
/** SQS gives up to 10 messages a call, and waits up to 20 seconds for the first. */
const RECEIVE_LIMIT = 10;
const LONG_POLL_SECONDS = 20;

/**
 * Waits for a message and takes what lies there with it, up to a group. Fair queues hand out
 * messages of one job in a row unless others wait, so a group is mostly one job's.
 */
export async function receiveGroup(
  receiver: Pick<MessageReceiver, "receive">,
  visibilitySeconds: number,
): Promise<readonly ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  for (let waitSeconds = LONG_POLL_SECONDS; messages.length < GROUP_SIZE; waitSeconds = 0) {
    const maxMessages = Math.min(RECEIVE_LIMIT, GROUP_SIZE - messages.length);
    const received = await receiver.receive({ maxMessages, waitSeconds, visibilitySeconds });
    if (received.length === 0) break;
    messages.push(...received);
  }
  return messages;
}
