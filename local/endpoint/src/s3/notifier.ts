import type { Clock } from "../clock.ts";
import type { Queues } from "../sqs/queues.ts";
import type { Bucket } from "./bucket.ts";
import { ruleMatches } from "./notification-rule.ts";
import { eventMessage, type ObjectEvent, testEventMessage } from "./object-event.ts";

/** Sends the events of buckets to the queues their rules name. */
export class Notifier {
  readonly #queues: Queues;
  readonly #clock: Clock;
  #lastSequence = 0n;

  constructor(queues: Queues, clock: Clock) {
    this.#queues = queues;
    this.#clock = clock;
  }

  hasQueue(arn: string): boolean {
    return this.#queues.has(arn);
  }

  /** S3 drops the events of a queue that was deleted. */
  notify(bucket: Bucket, event: ObjectEvent): void {
    const timeMs = this.#clock.now();
    for (const { id, queueArn } of bucket.rules.filter((rule) => ruleMatches(rule, event))) {
      const place = { bucket: bucket.name, ruleId: id };
      const when = { timeMs, sequencer: this.#nextSequencer(timeMs) };
      this.#queues.send(queueArn, eventMessage(event, { ...place, ...when }));
    }
  }

  configured({ name, rules }: Bucket, requestId: string): void {
    for (const arn of new Set(rules.map(({ queueArn }) => queueArn))) {
      this.#queues.send(arn, testEventMessage(name, this.#clock.now(), requestId));
    }
  }

  /** 12 digits of time, 4 of a counter, hexadecimal, always growing. */
  #nextSequencer(nowMs: number): string {
    const fromTime = BigInt(nowMs) << 16n;
    this.#lastSequence = fromTime > this.#lastSequence ? fromTime : this.#lastSequence + 1n;
    return this.#lastSequence.toString(16).toUpperCase().padStart(16, "0");
  }
}
