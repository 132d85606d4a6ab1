import * as z from "zod";

import { AwsError } from "../aws-error.ts";
import { MAX_BATCH_ENTRIES } from "../limits.ts";
import type { Queue } from "./queue.ts";
import { parseInput, queueOperation, type SqsOperation } from "./sqs-operation.ts";

const batchInput = z.object({ Entries: z.array(z.looseObject({ Id: z.string() })) });
export type BatchEntries = z.output<typeof batchInput>["Entries"];

/**
 * The batch form of an operation: entries that fail are reported beside those that succeed.
 *
 * @param check judges the batch as a whole, further than number and ids of its entries
 */
export function batchOperation<Schema extends z.ZodType>(
  schema: Schema,
  run: (queue: Queue, input: z.output<Schema>) => object,
  check: (entries: BatchEntries) => void = () => undefined,
): SqsOperation {
  return queueOperation(batchInput, (queue, { Entries }) => {
    checkEntries(Entries);
    check(Entries);
    const Successful: object[] = [];
    const Failed: object[] = [];
    for (const entry of Entries) {
      const { Id } = entry;
      try {
        Successful.push({ Id, ...run(queue, parseInput(schema, entry)) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Failed.push({ Id, SenderFault: true, Code: error.code, Message: error.message });
      }
    }
    return { Successful, Failed };
  });
}

/**
 * @throws AwsError EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId,
 *   BatchEntryIdsNotDistinct
 */
function checkEntries(entries: BatchEntries): void {
  if (entries.length === 0) {
    throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  }
  if (entries.length > MAX_BATCH_ENTRIES) {
    throw new AwsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  if (entries.some(({ Id }) => !/^[\w-]{1,80}$/.test(Id))) {
    throw new AwsError(
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.");
  }
}
