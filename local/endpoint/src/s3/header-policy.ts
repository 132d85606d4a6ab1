import { ACCOUNT_ID } from "../account.ts";
import { accessDenied, AwsError } from "../aws-error.ts";
import type { Texts } from "../http/message.ts";

/** `x-amz-` headers that are understood with any value, besides those of families. */
const UNDERSTOOD = new Set([
  "x-amz-content-sha256",
  "x-amz-copy-source",
  "x-amz-copy-source-range",
  "x-amz-date",
  "x-amz-decoded-content-length",
  "x-amz-metadata-directive",
  "x-amz-mp-object-size",
  "x-amz-optional-object-attributes", // restore status: nothing is ever archived
  "x-amz-request-payer",
  "x-amz-sdk-checksum-algorithm",
  "x-amz-skip-destination-validation",
  "x-amz-trailer",
  "x-amz-user-agent",
]);

const UNDERSTOOD_FAMILIES = /^x-amz-(meta|checksum|copy-source-if)-/;

/** Headers whose other values would ask for something that is not here. */
const UNDERSTOOD_VALUES: Readonly<Record<string, readonly string[]>> = {
  "x-amz-acl": ["private", "bucket-owner-full-control"],
  "x-amz-bucket-object-lock-enabled": ["false"],
  "x-amz-object-ownership": ["bucketownerenforced"],
  // S3 encrypts every object so; here the disk's own encryption has to do
  "x-amz-server-side-encryption": ["aes256"],
  "x-amz-storage-class": ["standard"],
  "x-amz-tagging-directive": ["copy"],
};

/**
 * Refuses what would otherwise be ignored silently: encryption keys, tags, ACLs, locks.
 *
 * @throws AwsError NotImplemented naming the header; AccessDenied for another account's bucket.
 */
export function checkHeaders(headers: Texts): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith("x-amz-") || isUnderstood(name, value)) continue;
    if (name.endsWith("-expected-bucket-owner")) {
      if (value === ACCOUNT_ID) continue;
      throw accessDenied("Access Denied");
    }
    throw new AwsError(
      "NotImplemented",
      "A header you provided implies functionality that is not implemented",
      { Header: name },
    );
  }
}

function isUnderstood(name: string, value: string): boolean {
  if (UNDERSTOOD.has(name) || UNDERSTOOD_FAMILIES.test(name)) return true;
  return UNDERSTOOD_VALUES[name]?.includes(value.toLowerCase()) ?? false;
}
