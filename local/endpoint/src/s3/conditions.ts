import { AwsError, notImplemented } from "../aws-error.ts";
import type { Texts } from "../http/message.ts";
import type { ObjectRecord } from "../storage/object-record.ts";
import type { OngoingWrite } from "./bucket.ts";

/**
 * Judges a read by the four headers of RFC 9110, section 13.1. An ETag condition overrides the date
 * condition of its kind.
 *
 * @param prefix of the headers' names: copies have them about their source
 * @returns "not-modified" for a GET that is to be answered 304 (a copy makes that a 412).
 * @throws AwsError PreconditionFailed
 */
export function checkRead(
  headers: Texts,
  { etag, lastModifiedMs }: ObjectRecord,
  prefix: "" | "x-amz-copy-source-" = "",
): "send" | "not-modified" {
  const [ifMatch, ifNoneMatch] = [headers[`${prefix}if-match`], headers[`${prefix}if-none-match`]];
  // HTTP dates have whole seconds
  const modifiedMs = Math.floor(lastModifiedMs / 1000) * 1000;
  const since = (name: string) => Date.parse(headers[prefix + name] ?? "");
  if (ifMatch !== undefined) {
    if (!etagIsIn(ifMatch, etag)) throw preconditionFailed("If-Match");
  } else if (modifiedMs > since("if-unmodified-since")) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  const isKnown =
    ifNoneMatch === undefined
      ? modifiedMs <= since("if-modified-since") // not true of NaN: no date, or none that is one
      : etagIsIn(ifNoneMatch, etag);
  return isKnown ? "not-modified" : "send";
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
  headers: Texts,
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
      "ConditionalRequestConflict",
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
    );
  }
  if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed("If-None-Match");
  checkIfMatch(ifMatch, current);
}

/** Judges a conditional DELETE, too, which also knows `If-Match: *`. */
export function checkIfMatch(ifMatch: string | undefined, current: ObjectRecord | undefined): void {
  if (ifMatch === undefined) return;
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
  const details = key === undefined ? {} : { Key: key };
  return new AwsError("NoSuchKey", "The specified key does not exist.", details);
}

export function preconditionFailed(condition: string): AwsError {
  return new AwsError(
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
    { Condition: condition },
  );
}
