import type { ObjectStore } from "../storage/object-store.ts";
import type { NotificationRule } from "./notification-rule.ts";

/** What a request names; both or the key empty if it is about the service or a bucket. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

/** A bucket that exists. */
export interface Bucket {
  readonly name: string;
  readonly createdAtMs: number;
  readonly objects: ObjectStore;
  readonly rules: readonly NotificationRule[];
  readonly writes: OngoingWrites;
}

/** A write between its first byte and its commit. */
export interface OngoingWrite {
  readonly key: string;
  /** Whether the key was deleted meanwhile: S3 answers a conditional write 409 then. */
  wasOvertaken: boolean;
}

/** Writes on their way, so that a conditional one notices a delete in between. */
export class OngoingWrites {
  readonly #ongoing = new Set<OngoingWrite>();

  async during<T>(key: string, work: (write: OngoingWrite) => Promise<T>): Promise<T> {
    const write = { key, wasOvertaken: false };
    this.#ongoing.add(write);
    try {
      return await work(write);
    } finally {
      this.#ongoing.delete(write);
    }
  }

  keyWasRemoved(key: string): void {
    for (const write of this.#ongoing) if (write.key === key) write.wasOvertaken = true;
  }
}
