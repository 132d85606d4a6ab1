import type { Clock } from "../clock.ts";
import type { FateOf } from "../faults.ts";
import type { MessageRecord, Receipt } from "./message.ts";
import type { QueueJournal } from "./queue-journal.ts";

/** A message in the hands of one consumer. */
export interface Delivery {
  readonly message: Readonly<MessageRecord>;
  readonly receipt: Receipt;
}

/** What happened in a queue since the endpoint started, and what is in it now. */
export interface QueueCounters {
  readonly sent: number;
  readonly delivered: number;
  readonly deleted: number;
  readonly deadLettered: number;
  /** Faults injected. */
  readonly duplicated: number;
  readonly delayed: number;
  readonly dropped: number;
  readonly visible: number;
  readonly inFlight: number;
  /** Not visible yet: sent with a delay. */
  readonly waiting: number;
}

/** What a queue works with. */
export interface QueueContext {
  readonly arn: string;
  readonly clock: Clock;
  readonly journal: QueueJournal;
  /** Takes a message that was received too often; false if there is no such queue. */
  readonly moveTo: (arn: string, message: MessageRecord) => boolean;
  readonly fateOf: FateOf;
}
