import type {
  MessageReceiver,
  ReceivedMessage,
  ReceiveOptions,
} from "../../lib/queue/message-queue.ts";

/** A queue with given messages that writes down what is done with them. */
export class ScriptedQueue implements MessageReceiver {
  readonly received: ReceiveOptions[] = [];
  readonly deleted: string[] = [];
  /** Each call's handles and seconds. */
  readonly visibility: { readonly handles: readonly string[]; readonly seconds: number }[] = [];
  readonly #waiting: ReceivedMessage[];
  readonly #onEmpty: () => void;

  /**
   * Messages m1, m2, ... with handles h1, h2, ...
   *
   * @param onEmpty called when a long poll finds nothing
   */
  constructor(
    bodies: readonly string[],
    onEmpty: () => void,
    more: Partial<Pick<ReceivedMessage, "receiveCount" | "attributes">> = {},
  ) {
    this.#waiting = bodies.map((body, i) => ({
      messageId: `m${i + 1}`,
      receiptHandle: `h${i + 1}`,
      body,
      receiveCount: 1,
      attributes: {},
      ...more,
    }));
    this.#onEmpty = onEmpty;
  }

  async receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    this.received.push(options);
    const messages = this.#waiting.splice(0, options.maxMessages);
    if (messages.length === 0 && options.waitSeconds > 0) this.#onEmpty();
    return messages;
  }

  async deleteAll(receiptHandles: readonly string[]): Promise<void> {
    this.deleted.push(...receiptHandles);
  }

  async changeVisibility(receiptHandles: readonly string[], seconds: number): Promise<void> {
    if (receiptHandles.length > 0) this.visibility.push({ handles: receiptHandles, seconds });
  }
}
