import { z } from "zod";

import { AwsError } from "../aws-error.ts";
import { MAX_BATCH_ENTRIES } from "../limits.ts";
import { parseInput } from "./sqs-operation.ts";
import { sqsError } from "./sqs-error.ts";

const entriesSchema = z.array(z.looseObject({ Id: z.string() }));

interface Failure {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

/**
 * Checks a batch as a whole; its entries are judged one by one.
 *
 * @throws AwsError EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId,
 *   BatchEntryIdsNotDistinct
 */
export function checkEntries(input: unknown): z.output<typeof entriesSchema> {
  const entries = parseInput(entriesSchema, input);
  if (entries.length === 0) {
    throw sqsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  }
  if (entries.length > MAX_BATCH_ENTRIES) {
    throw sqsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  if (entries.some(({ Id }) => !/^[\w-]{1,80}$/.test(Id))) {
    throw sqsError(
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw sqsError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.");
  }
  return entries;
}

/** Runs each entry; those that fail are reported beside those that succeed. */
export function runBatch<Entry extends { readonly Id: string }>(
  entries: readonly Entry[],
  run: (entry: Entry) => object,
): { readonly Successful: readonly object[]; readonly Failed: readonly Failure[] } {
  const Successful: object[] = [];
  const Failed: Failure[] = [];
  for (const entry of entries) {
    const { Id } = entry;
    try {
      Successful.push({ Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}
