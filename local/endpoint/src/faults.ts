import { createHash } from "node:crypto";

/** How often a queue misbehaves as SQS may: fractions of its messages, 0 to 1. */
export interface QueueFaults {
  /** Delivered a second time, even if the first delivery was deleted. */
  readonly duplicated?: number;
  /** Made visible later than they should be. */
  readonly delayed?: number;
  /** Received, but the answer is lost: visible again after the visibility timeout. */
  readonly droppedThenRedelivered?: number;
  /** When a dropped message is visible again, in ms. Default: the visibility timeout. */
  readonly redeliverAfterMs?: number;
}

/** Faults by queue name. The same seed and the same order of messages give the same faults. */
export interface FaultPlan {
  readonly seed: number;
  readonly queues: Readonly<Record<string, QueueFaults>>;
}

/** What happens to a message when it is received for the first time. */
export type Fate =
  | { readonly kind: "delivered" }
  | { readonly kind: "duplicated"; readonly afterMs: number }
  | { readonly kind: "delayed"; readonly byMs: number }
  | { readonly kind: "dropped"; readonly redeliverAfterMs: number | null };

/** Duplicates and delays are spread evenly up to this time. */
const MAX_FAULT_DELAY_MS = 1000;

export type FateOf = (message: object) => Fate;

const DELIVERED: Fate = { kind: "delivered" };

/** Chooses the fault of each message of a queue: at most one, and none without a plan. */
export function fatesOf(plan: FaultPlan | undefined, queueName: string): FateOf {
  const faults = plan?.queues[queueName];
  if (plan === undefined || faults === undefined) return () => DELIVERED;
  const {
    duplicated = 0,
    delayed = 0,
    droppedThenRedelivered: dropped = 0,
    redeliverAfterMs = null,
  } = faults;
  if (Math.min(duplicated, delayed, dropped) < 0 || duplicated + delayed + dropped > 1) {
    throw new Error(
      `fault plan of queue '${queueName}': fractions ${duplicated}, ${delayed}, ${dropped} given; each must be at least 0 and their sum at most 1`,
    );
  }
  const random = seededRandom(`${plan.seed} ${queueName}`);
  const judged = new WeakSet();
  return (message) => {
    if (judged.has(message)) return DELIVERED;
    judged.add(message);
    const lot = random();
    const delayMs = Math.round(random() * MAX_FAULT_DELAY_MS);
    if (lot < duplicated) return { kind: "duplicated", afterMs: delayMs };
    if (lot < duplicated + delayed) return { kind: "delayed", byMs: delayMs };
    if (lot < duplicated + delayed + dropped) return { kind: "dropped", redeliverAfterMs };
    return DELIVERED;
  };
}

/** Uniform in [0, 1): the first 32 bits of a hash of the seed and a count. */
function seededRandom(seed: string): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${seed} ${count++}`).digest().readUInt32BE() / 2 ** 32;
}
