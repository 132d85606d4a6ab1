import { AwsError } from "../aws-error.ts";
import { MAX_IN_FLIGHT, PURGE_INTERVAL_MS } from "../limits.ts";
import { Arrivals } from "./arrivals.ts";
import { FairOrder } from "./fair-order.ts";
import {
  deadLetter,
  DUPLICATE_RECEIVE,
  newMessage,
  type MessageDraft,
  type MessageRecord,
  type Receipt,
} from "./message.ts";
import { noteReceived, type QueueLine, type QueueState } from "./queue-journal.ts";
import {
  numberAttribute,
  type QueueAttributes,
  readRedrivePolicy,
  type RedrivePolicy,
  STANDARD_ATTRIBUTES,
} from "./queue-settings.ts";
import type { Delivery, QueueCounters, QueueContext } from "./queue-types.ts";
import { Timeline } from "./timeline.ts";

/** On the timeline: the message of that id may become visible, or is delivered a second time. */
type Due = { readonly messageId: string } | { readonly duplicate: MessageRecord };

/**
 * One standard queue: messages that wait for their time on a timeline, messages
 * that may be received in fair order, and a journal of every change.
 */
export class Queue {
  readonly arn: string;
  readonly arrivals: Arrivals;
  readonly #state: QueueState;
  readonly #context: QueueContext;
  #purgedMs = Number.NEGATIVE_INFINITY;
  #redrive: RedrivePolicy | null;
  readonly #available = new FairOrder<MessageRecord>();
  readonly #timeline: Timeline<Due>;
  readonly #inFlight = new Set<MessageRecord>();
  readonly #duplicates: MessageRecord[] = [];
  readonly #counts = {
    sent: 0,
    delivered: 0,
    deleted: 0,
    deadLettered: 0,
    duplicated: 0,
    delayed: 0,
    dropped: 0,
  };

  constructor(state: QueueState, context: QueueContext) {
    this.arn = context.arn;
    this.arrivals = new Arrivals(context.clock);
    this.#context = context;
    this.#state = state;
    this.#redrive = readRedrivePolicy(state.attributes["RedrivePolicy"]);
    this.#timeline = new Timeline(context.clock, () => this.settle());
    for (const message of state.messages.values()) {
      if (message.receiveCount > 0 && message.visibleAtMs > this.#now()) {
        this.#inFlight.add(message);
        this.#available.tookOff(message);
      }
      this.#showAt(message);
    }
  }

  get name(): string {
    return this.arn.slice(this.arn.lastIndexOf(":") + 1);
  }

  get createdMs(): number {
    return this.#state.createdMs;
  }

  get attributes(): QueueAttributes {
    return { ...STANDARD_ATTRIBUTES, ...this.#state.attributes };
  }

  get redrivePolicy(): RedrivePolicy | null {
    return this.#redrive;
  }

  setAttributes(attributes: QueueAttributes): void {
    const all = { ...this.#state.attributes, ...attributes };
    if (all["RedrivePolicy"] === "") delete all["RedrivePolicy"];
    this.#state.attributes = all;
    this.#redrive = readRedrivePolicy(all["RedrivePolicy"]);
    this.#context.journal.append({ created: this.createdMs, attributes: all });
  }

  send(draft: MessageDraft): MessageRecord {
    const queueDelaySeconds = numberAttribute(this.#state.attributes, "DelaySeconds");
    const message = newMessage(draft, this.#now(), queueDelaySeconds);
    this.accept(message);
    return message;
  }

  /** Puts a message in as it is: just sent, or moved here as a dead letter. */
  accept(message: MessageRecord): void {
    this.#context.journal.append({ sent: message });
    this.#counts.sent++;
    this.#state.messages.set(message.id, message);
    this.#showAt(message);
    this.settle();
  }

  /**
   * Takes up to `max` messages that are visible now, and hides them for `visibilitySeconds`.
   *
   * @throws AwsError OverLimit if too many messages are in flight.
   */
  receive(max: number, visibilitySeconds: number): readonly Delivery[] {
    this.settle();
    if (this.#inFlight.size + max > MAX_IN_FLIGHT) {
      throw new AwsError("OverLimit", `More than ${MAX_IN_FLIGHT} messages would be in flight.`);
    }
    const nowMs = this.#now();
    const lines: QueueLine[] = [];
    const deliveries: Delivery[] = this.#duplicates.splice(0, max).map((message) => ({
      message,
      receipt: { messageId: message.id, receiveNumber: DUPLICATE_RECEIVE },
    }));
    while (deliveries.length < max) {
      const message = this.#takeNext(nowMs);
      if (message === null) break;
      const fate = this.#context.fateOf(message);
      if (fate.kind !== "delivered") this.#counts[fate.kind]++;
      if (fate.kind === "delayed") {
        this.#available.landed(message);
        this.#hideUntil(message, nowMs + fate.byMs);
        continue;
      }
      const isDropped = fate.kind === "dropped";
      const hiddenMs = (isDropped ? fate.redeliverAfterMs : null) ?? 1000 * visibilitySeconds;
      noteReceived(message, nowMs, nowMs + hiddenMs);
      lines.push({ received: [message.id], atMs: nowMs, visibleAtMs: message.visibleAtMs });
      this.#inFlight.add(message);
      this.#showAt(message);
      if (fate.kind === "duplicated") {
        this.#timeline.add(nowMs + fate.afterMs, { duplicate: { ...message } });
      }
      if (isDropped) continue;
      const receipt = { messageId: message.id, receiveNumber: message.receiveCount };
      deliveries.push({ message, receipt });
    }
    this.#context.journal.append(...lines);
    this.#counts.delivered += deliveries.length;
    this.#context.journal.compactIfDue(this.#state);
    return deliveries;
  }

  /** Deletes a message, if this is its latest delivery: an older one has no say, as in SQS. */
  delete({ messageId, receiveNumber }: Receipt): void {
    const message = this.#state.messages.get(messageId);
    if (message === undefined || message.receiveCount !== receiveNumber) return;
    this.#forget(message);
    this.#counts.deleted++;
  }

  /** @throws AwsError MessageNotInflight */
  changeVisibility({ messageId, receiveNumber }: Receipt, seconds: number): void {
    if (receiveNumber === DUPLICATE_RECEIVE) return;
    this.settle();
    const message = this.#state.messages.get(messageId);
    const isLatest = message?.receiveCount === receiveNumber;
    if (message === undefined || !isLatest || !this.#inFlight.has(message)) {
      throw new AwsError(
        "MessageNotInflight",
        "The message referred to isn't in flight: deleted, visible again, or received by another consumer.",
      );
    }
    this.#hideUntil(message, this.#now() + 1000 * seconds);
    this.settle();
  }

  /** @throws AwsError PurgeQueueInProgress */
  purge(): void {
    const nowMs = this.#now();
    if (nowMs - this.#purgedMs < PURGE_INTERVAL_MS) {
      throw new AwsError(
        "PurgeQueueInProgress",
        "Only one PurgeQueue operation on a queue is allowed every 60 seconds.",
      );
    }
    this.#purgedMs = nowMs;
    for (const message of this.#inFlight) this.#available.landed(message);
    this.#inFlight.clear();
    this.#available.clear();
    this.#timeline.clear();
    this.#duplicates.length = 0;
    this.#state.messages.clear();
    this.#context.journal.append({ purged: true });
    this.#context.journal.compact(this.#state);
  }

  /** Offers every message that is visible to `move`, and forgets those it takes. */
  drain(move: (message: MessageRecord) => boolean): void {
    this.settle();
    const taken: MessageRecord[] = [];
    for (let next = this.#available.take(); next !== undefined; next = this.#available.take()) {
      taken.push(next);
    }
    for (const message of taken) {
      this.#available.landed(message);
      if (move(message)) this.#forget(message);
      else this.#available.add(message);
    }
  }

  counters(): QueueCounters {
    this.settle();
    const visible = this.#available.size;
    const inFlight = this.#inFlight.size;
    const waiting = this.#state.messages.size - visible - inFlight;
    return { ...this.#counts, visible, inFlight, waiting };
  }

  /** Does what is due by now. */
  settle(): void {
    const arrived = this.#timeline.takeDue().filter((due) => this.#arrives(due));
    if (arrived.length > 0) this.arrivals.announce();
  }

  /** Ends long polls and closes the journal; nothing happens in the queue any more. */
  close(): void {
    this.#timeline.clear();
    this.arrivals.close();
    this.#context.journal.close();
  }

  #now(): number {
    return this.#context.clock.now();
  }

  #arrives(due: Due): boolean {
    if ("duplicate" in due) {
      this.#duplicates.push(due.duplicate);
      return true;
    }
    const message = this.#state.messages.get(due.messageId);
    // deleted meanwhile, or its time was changed and a later entry stands for it
    if (message === undefined || message.visibleAtMs > this.#now()) return false;
    if (this.#inFlight.delete(message)) this.#available.landed(message);
    if (this.#isExhausted(message) && this.#deadLetter(message)) return false;
    this.#available.add(message);
    return true;
  }

  #takeNext(nowMs: number): MessageRecord | null {
    const retentionMs = 1000 * numberAttribute(this.#state.attributes, "MessageRetentionPeriod");
    for (let next = this.#available.take(); next !== undefined; next = this.#available.take()) {
      const isExpired = next.sentMs + retentionMs < nowMs;
      const isGone = !isExpired && this.#isExhausted(next) && this.#deadLetter(next);
      if (!isExpired && !isGone) return next;
      this.#available.landed(next);
      if (isExpired) this.#forget(next);
    }
    return null;
  }

  #isExhausted({ receiveCount }: MessageRecord): boolean {
    return this.#redrive !== null && receiveCount >= this.#redrive.maxReceiveCount;
  }

  /** Written there before it is deleted here; false, and it stays, without a queue or room. */
  #deadLetter(message: MessageRecord): boolean {
    const target = this.#redrive?.deadLetterTargetArn ?? "";
    try {
      const letter = deadLetter(message, this.arn, this.#now());
      if (!this.#context.moveTo(target, letter)) return false;
      this.#forget(message);
      this.#counts.deadLettered++;
      return true;
    } catch (error) {
      // rethrown, it would end the process from a timer
      console.error(`endpoint: ${this.arn} keeps a dead letter for now`, error);
      return false;
    }
  }

  #showAt(message: MessageRecord): void {
    this.#timeline.add(message.visibleAtMs, { messageId: message.id });
  }

  #hideUntil(message: MessageRecord, atMs: number): void {
    // first, as it may fail: a time without its entry on the timeline never comes
    this.#context.journal.append({ visible: [message.id], atMs });
    message.visibleAtMs = atMs;
    this.#showAt(message);
  }

  #forget(message: MessageRecord): void {
    this.#context.journal.append({ deleted: [message.id] });
    this.#state.messages.delete(message.id);
    this.#available.remove(message);
    if (this.#inFlight.delete(message)) this.#available.landed(message);
  }
}
