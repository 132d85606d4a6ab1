import type { SQSBatchResponse } from "aws-lambda";

/** Tells Lambda which messages of a batch to deliver again; each once, however often it failed. */
export function batchResponse(failedMessageIds: Iterable<string>): SQSBatchResponse {
  const itemIdentifiers = [...new Set(failedMessageIds)];
  return { batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) };
}
