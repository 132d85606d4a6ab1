import * as z from "zod";

import { Journal } from "../storage/journal.ts";
import { type MessageRecord, messageRecordSchema } from "./message.ts";
import type { QueueAttributes } from "./queue-settings.ts";

/** A change of a queue. Times are in milliseconds since 1970. */
const queueLineSchema = z.union([
  z.object({ created: z.number(), attributes: z.record(z.string(), z.string()) }),
  z.object({ sent: messageRecordSchema }),
  z.object({ received: z.array(z.string()), atMs: z.number(), visibleAtMs: z.number() }),
  z.object({ visible: z.array(z.string()), atMs: z.number() }),
  z.object({ deleted: z.array(z.string()) }),
  z.object({ purged: z.literal(true) }),
]);
export type QueueLine = z.infer<typeof queueLineSchema>;

/** What a queue is after a restart. */
export interface QueueState {
  createdMs: number;
  attributes: QueueAttributes;
  readonly messages: Map<string, MessageRecord>;
}

// a journal with fewer obsolete lines is not worth rewriting
const COMPACT_ABOVE_LINES = 2000;

/** Keeps the changes of one queue in a file. */
export class QueueJournal {
  /** What was in the file; `null` if there was no queue. */
  readonly restored: QueueState | null;
  readonly #journal: Journal;

  constructor(path: string) {
    const state: QueueState = { createdMs: Number.NaN, attributes: {}, messages: new Map() };
    this.#journal = new Journal(path, (json) => replay(state, queueLineSchema.parse(json)));
    this.restored = Number.isNaN(state.createdMs) ? null : state;
  }

  append(...lines: readonly QueueLine[]): void {
    this.#journal.append(...lines);
  }

  /** Rewrites the file as soon as most of its lines are obsolete. */
  compactIfDue(state: QueueState): void {
    const limit = COMPACT_ABOVE_LINES + 4 * state.messages.size;
    if (this.#journal.lines > limit) this.compact(state);
  }

  compact({ createdMs, attributes, messages }: QueueState): void {
    const sent = [...messages.values()].map((message) => ({ sent: message }));
    this.#journal.rewrite([{ created: createdMs, attributes }, ...sent]);
  }

  close(): void {
    this.#journal.close();
  }
}

function replay(state: QueueState, line: QueueLine): void {
  const { messages } = state;
  const known = (ids: readonly string[]) => ids.flatMap((id) => messages.get(id) ?? []);
  if ("created" in line) {
    state.createdMs = line.created;
    state.attributes = line.attributes;
  } else if ("sent" in line) {
    messages.set(line.sent.id, line.sent);
  } else if ("received" in line) {
    for (const message of known(line.received)) noteReceived(message, line.atMs, line.visibleAtMs);
  } else if ("visible" in line) {
    for (const message of known(line.visible)) message.visibleAtMs = line.atMs;
  } else if ("deleted" in line) {
    for (const id of line.deleted) messages.delete(id);
  } else {
    messages.clear();
  }
}

/** What a receive changes, now and in a replay. */
export function noteReceived(message: MessageRecord, atMs: number, visibleAtMs: number): void {
  message.receiveCount++;
  message.firstReceivedMs ??= atMs;
  message.visibleAtMs = visibleAtMs;
}
