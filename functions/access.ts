import { JOB_PREFIX, UPLOAD_PREFIX } from "../lib/pipeline/keys.ts";

/**
 * What a function may touch. `access.ts` beside each handler says it, and the function's IAM policy
 * is made of that (cdk/constructs/access.ts): what is not there is denied.
 */
export interface Access {
  /** Parts of the bucket whose objects it reads, as prefixes of keys. */
  readonly read: readonly string[];
  /** Parts of the bucket whose objects it writes. */
  readonly write: readonly string[];
  /** Parts of the bucket whose objects it deletes. @default none */
  readonly delete?: readonly string[];
  /**
   * Queues it sends to; `source` is the one that feeds it. With GPU workers, `channels` is their
   * queue too, and it may start them.
   */
  readonly sendsTo: readonly ("channels" | "assembly" | "source")[];
}

/** An initial image is an upload, or a tile or sheet of another job. */
export const INITIAL_IMAGES = [UPLOAD_PREFIX, JOB_PREFIX] as const;
