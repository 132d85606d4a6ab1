import type { Clock } from "../clock.ts";
import type { ObjectRecord } from "../storage/object-record.ts";
import type { Bucket } from "./bucket.ts";
import { eventMessage, type EventOrigin, Sequencer, testEventMessage } from "./object-event.ts";
import { type NotificationRule, ruleMatches } from "./notification-rule.ts";

/** The queues, as far as a bucket needs them. */
export interface EventQueues {
  has(arn: string): boolean;
  send(arn: string, body: string): void;
}

/** Sends the events of buckets to the queues their rules name. */
export class Notifier {
  readonly #queues: EventQueues;
  readonly #origin: EventOrigin;
  readonly #clock: Clock;
  readonly #sequencer = new Sequencer();

  constructor(queues: EventQueues, origin: EventOrigin, clock: Clock) {
    this.#queues = queues;
    this.#origin = origin;
    this.#clock = clock;
  }

  hasQueue(arn: string): boolean {
    return this.#queues.has(arn);
  }

  objectCreated(
    bucket: Bucket,
    { key, size, etag }: Pick<ObjectRecord, "key" | "size" | "etag">,
    { event, requestId }: { readonly event: string; readonly requestId: string },
  ): void {
    this.#notify(bucket, key, { name: event, content: { size, etag }, requestId });
  }

  objectRemoved(bucket: Bucket, key: string, requestId: string): void {
    this.#notify(bucket, key, { name: "ObjectRemoved:Delete", content: null, requestId });
  }

  configured(bucket: Bucket, rules: readonly NotificationRule[], requestId: string): void {
    for (const arn of new Set(rules.map(({ queueArn }) => queueArn))) {
      this.#deliver(arn, testEventMessage(bucket.name, this.#clock.now(), requestId));
    }
  }

  #notify(
    bucket: Bucket,
    key: string,
    event: {
      readonly name: string;
      readonly content: { readonly size: number; readonly etag: string } | null;
      readonly requestId: string;
    },
  ): void {
    const timeMs = this.#clock.now();
    for (const rule of bucket.rules.filter((candidate) =>
      ruleMatches(candidate, event.name, key),
    )) {
      const sequencer = this.#sequencer.next(timeMs);
      const message = { ...event, bucket: bucket.name, key, timeMs, sequencer };
      this.#deliver(rule.queueArn, eventMessage(message, rule, this.#origin));
    }
  }

  /** S3 drops the events of a queue that was deleted. */
  #deliver(arn: string, body: string): void {
    if (this.#queues.has(arn)) this.#queues.send(arn, body);
  }
}
