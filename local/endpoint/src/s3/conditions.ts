import { AwsError, notImplemented } from "../aws-error.ts";
import type { ObjectRecord } from "../storage/object-record.ts";
import type { OngoingWrite } from "./bucket.ts";

type Headers = Readonly<Record<string, string>>;

/** The four headers of RFC 9110, section 13.1; copies have them with a prefix, about the source. */
export interface ReadConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

export function readConditions(
  headers: Headers,
  prefix: "" | "x-amz-copy-source-" = "",
): ReadConditions {
  return {
    ifMatch: headers[`${prefix}if-match`],
    ifNoneMatch: headers[`${prefix}if-none-match`],
    ifModifiedSince: headers[`${prefix}if-modified-since`],
    ifUnmodifiedSince: headers[`${prefix}if-unmodified-since`],
  };
}

/**
 * Judges a read. An ETag condition overrides the date condition of its kind.
 *
 * @returns "not-modified" for a GET that is to be answered 304 (a copy makes that a 412).
 * @throws AwsError PreconditionFailed
 */
export function checkRead(
  conditions: ReadConditions,
  object: ObjectRecord,
): "send" | "not-modified" {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  // HTTP dates have whole seconds
  const modifiedMs = Math.floor(object.lastModifiedMs / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!etagIsIn(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  } else if (ifUnmodifiedSince !== undefined && modifiedMs > Date.parse(ifUnmodifiedSince)) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined)
    return etagIsIn(ifNoneMatch, object.etag) ? "not-modified" : "send";
  const isUnmodified = ifModifiedSince !== undefined && modifiedMs <= Date.parse(ifModifiedSince);
  return isUnmodified ? "not-modified" : "send";
}

/**
 * Judges a conditional PUT, copy or completed upload at the moment of its commit.
 *
 * 412: the condition does not hold. 409: it cannot be told, since the object was
 * deleted while the write was on its way. 404: `If-Match` and no object.
 *
 * Source: "How to prevent object overwrites with conditional writes", Amazon S3 user guide.
 */
export function checkWrite(
  headers: Headers,
  current: ObjectRecord | undefined,
  write: OngoingWrite,
): void {
  const ifNoneMatch = headers["if-none-match"];
  const ifMatch = headers["if-match"];
  if (ifNoneMatch === undefined && ifMatch === undefined) return;
  if (ifNoneMatch !== undefined && ifMatch !== undefined) {
    throw notImplemented("a write with both If-Match and If-None-Match");
  }
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw notImplemented("a write with If-None-Match other than *");
  }
  if (write.wasOvertaken) {
    throw new AwsError(
      409,
      "ConditionalRequestConflict",
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
    );
  }
  if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed("If-None-Match");
  if (ifMatch !== undefined) checkIfMatch(ifMatch, current);
}

/** A conditional DELETE, which also knows `If-Match: *`. */
export function checkDelete(headers: Headers, current: ObjectRecord | undefined): void {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) checkIfMatch(ifMatch, current);
}

function checkIfMatch(ifMatch: string, current: ObjectRecord | undefined): void {
  if (current === undefined) throw noSuchKey();
  if (!etagIsIn(ifMatch, current.etag)) throw preconditionFailed("If-Match");
}

function etagIsIn(list: string, etag: string): boolean {
  return list
    .split(",")
    .map((item) => item.trim().replace(/^W\//, "").replaceAll('"', ""))
    .some((item) => item === "*" || item === etag);
}

export function noSuchKey(key?: string): AwsError {
  return new AwsError(404, "NoSuchKey", "The specified key does not exist.", {
    details: key === undefined ? {} : { Key: key },
  });
}

export function preconditionFailed(condition: string): AwsError {
  return new AwsError(
    412,
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    { details: { Condition: condition } },
  );
}
