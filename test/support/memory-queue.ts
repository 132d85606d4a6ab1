import type { MessageSender, OutgoingMessage } from "../../lib/queue/message-queue.ts";

/** MessageSender that keeps what it was given. */
export class MemoryQueue implements MessageSender {
  readonly sent: OutgoingMessage[] = [];
  #failure: Error | null = null;
  #sendsBeforeFailure = 0;

  async sendAll(messages: Iterable<OutgoingMessage>): Promise<void> {
    for (const message of messages) {
      if (this.#failure !== null && this.#sendsBeforeFailure-- === 0) {
        const failure = this.#failure;
        this.#failure = null;
        throw failure;
      }
      this.sent.push(message);
      await Promise.resolve();
    }
  }

  get bodies(): unknown[] {
    return this.sent.map(({ body }): unknown => JSON.parse(body));
  }

  /** Takes `count` more messages, then throws once, as an intake that is cut off would. */
  failAfter(count: number): void {
    this.#failure = new Error("the queue is out of reach");
    this.#sendsBeforeFailure = count;
  }
}
