import { AwsError } from "../aws-error.ts";

/** Codes that the query protocol knew by a longer name, which old code still looks for. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  BatchEntryIdsNotDistinct: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
  BatchRequestTooLong: "AWS.SimpleQueueService.BatchRequestTooLong",
  EmptyBatchRequest: "AWS.SimpleQueueService.EmptyBatchRequest",
  InvalidBatchEntryId: "AWS.SimpleQueueService.InvalidBatchEntryId",
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
  PurgeQueueInProgress: "AWS.SimpleQueueService.PurgeQueueInProgress",
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  QueueNameExists: "QueueAlreadyExists",
  TooManyEntriesInBatchRequest: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
};

export function queryCode(code: string): string {
  return QUERY_CODES[code] ?? code;
}

export function sqsError(code: string, message: string, status = 400): AwsError {
  return new AwsError(status, code, message);
}

export function invalidParameter(name: string, value: unknown, reason: string): AwsError {
  return sqsError(
    "InvalidParameterValue",
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}.`,
  );
}

export function purgeInProgress(): AwsError {
  return sqsError(
    "PurgeQueueInProgress",
    "Only one PurgeQueue operation on a queue is allowed every 60 seconds.",
    403,
  );
}

export function queueDoesNotExist(): AwsError {
  return sqsError("QueueDoesNotExist", "The specified queue does not exist.");
}
