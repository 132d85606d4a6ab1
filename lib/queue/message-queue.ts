/** A message to be sent. Bodies are small (an id and a number), far below SQS's 1 MiB. */
export interface OutgoingMessage {
  readonly body: string;
  /** Messages of one group do not starve those of others (SQS fair queues). */
  readonly groupId?: string;
  /** 0 to 900. */
  readonly delaySeconds?: number;
}

/**
 * A message taken from a queue; it comes back unless deleted before its visibility timeout ends.
 */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often it has been received, this time included. */
  readonly receiveCount: number;
  /** SQS's system attributes as they came. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** SQS gives up to 10 messages a call. */
export const RECEIVE_LIMIT = 10;

export interface ReceiveOptions {
  /** 1 to 10. */
  readonly maxMessages: number;
  /** Long poll, 0 to 20. */
  readonly waitSeconds: number;
  /** The queue's own where left out. */
  readonly visibilitySeconds?: number;
}

/** Messages of a queue, about so many. */
export interface QueueDepth {
  readonly waiting: number;
  /** By a consumer that has not deleted them yet. */
  readonly held: number;
}

/** The sending side: delivery is at least once, in no order. */
export interface MessageSender {
  /** Sends all or throws; after an error some may have been sent. */
  sendAll(messages: Iterable<OutgoingMessage>): Promise<void>;
}

/** The receiving side. */
export interface MessageReceiver {
  /** Never aborted: a poll that is cut off can take a message with it. */
  receive(options: ReceiveOptions): Promise<readonly ReceivedMessage[]>;
  deleteAll(receiptHandles: readonly string[]): Promise<void>;
  /** Hides messages for so many seconds from now; 0 gives them back. */
  changeVisibility(receiptHandles: readonly string[], seconds: number): Promise<void>;
}
