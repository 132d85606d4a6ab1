import type { Texts } from "./http/message.ts";

/** HTTP status of the codes whose status is not 400, as in the API references of S3 and SQS. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ["AccessDenied", 403],
  ["AccessDeniedException", 403],
  ["InvalidAccessKeyId", 403],
  ["InvalidClientTokenId", 403],
  ["OverLimit", 403],
  ["PurgeQueueInProgress", 403],
  ["RequestTimeTooSkewed", 403],
  ["SignatureDoesNotMatch", 403],
  ["NoSuchBucket", 404],
  ["NoSuchKey", 404],
  ["NoSuchUpload", 404],
  ["ResourceNotFoundException", 404],
  ["BucketNotEmpty", 409],
  ["ConditionalRequestConflict", 409],
  ["OperationAborted", 409],
  ["MissingContentLength", 411],
  ["PreconditionFailed", 412],
  ["RequestEntityTooLarge", 413],
  ["InvalidRange", 416],
  ["InternalError", 500],
  ["NotImplemented", 501],
  ["UnsupportedOperation", 501],
  ["InsufficientStorage", 507],
  ["DataFolderMissing", 507],
]);

export function statusOf(code: string): number {
  return STATUS.get(code) ?? 400;
}

type Details = Readonly<Record<string, string | number>>;

/**
 * An error that a client of AWS knows by its code, from which the HTTP status follows.
 *
 * Rendered as XML or JSON by the protocol that answers. Any other error is a bug of ours and
 * becomes a 500.
 */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  readonly status: number;
  /** More elements of the XML error document, such as `Condition`. */
  readonly details: Details;
  /** Response headers that belong to the error, such as `content-range` of a 416. */
  readonly headers: Texts;

  constructor(code: string, message: string, details: Details = {}, headers: Texts = {}) {
    super(message);
    this.code = code;
    this.status = statusOf(code);
    this.details = details;
    this.headers = headers;
  }
}

/**
 * The answer to every operation, sub-resource or header the endpoint does not have: never a silent
 * 200.
 */
export function notImplemented(what: string): AwsError {
  return new AwsError(
    "NotImplemented",
    `${what} is not implemented by the embedded endpoint; the README of @dreamgrid/aws-endpoint lists what is`,
  );
}

export function accessDenied(message: string): AwsError {
  return new AwsError("AccessDenied", message);
}

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequest", message);
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError("InvalidArgument", message, { ArgumentName: name, ArgumentValue: value });
}
