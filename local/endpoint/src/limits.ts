/**
 * Limits of S3 and SQS that the endpoint keeps, so that code which passes here
 * does not fail in the cloud.
 *
 * Sources: S3 "Amazon S3 multipart upload limits", "Naming Amazon S3 objects",
 * API reference; SQS "Amazon SQS message quotas" and the API reference (2026).
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_S = 60 * 60;
const DAY_S = 24 * HOUR_S;

/** Signing. */
export const MAX_CLOCK_SKEW_MS = 15 * MINUTE_MS;
export const MAX_PRESIGN_EXPIRY_S = 7 * DAY_S;

/** S3 objects. */
export const MAX_KEY_BYTES = 1024;
export const MAX_PUT_BYTES = 5 * GIB;
export const MAX_USER_METADATA_BYTES = 2 * KIB;
export const MAX_LIST_KEYS = 1000;
export const MAX_DELETE_KEYS = 1000;

/** S3 multipart uploads. */
export const MIN_PART_BYTES = 5 * MIB; // every part but the last
export const MAX_PARTS = 10_000;

/** Largest XML document read into memory; S3's own limit for DeleteObjects is 2 MB. */
export const MAX_XML_BYTES = 2 * MIB;

/** SQS messages. A batch has the limit of one message. */
export const MAX_MESSAGE_BYTES = MIB;
export const MIN_MESSAGE_LIMIT_BYTES = KIB;
export const MAX_MESSAGE_ATTRIBUTES = 10;
export const MAX_BATCH_ENTRIES = 10;
export const MAX_RECEIVE_MESSAGES = 10;
export const MAX_WAIT_S = 20;
export const MAX_DELAY_S = 15 * 60;
export const MAX_VISIBILITY_S = 12 * HOUR_S;
export const DEFAULT_VISIBILITY_S = 30;
export const MIN_RETENTION_S = 60;
export const DEFAULT_RETENTION_S = 4 * DAY_S;
export const MAX_RETENTION_S = 14 * DAY_S;
export const MAX_RECEIVE_COUNT = 1000;
export const MAX_IN_FLIGHT = 120_000;
export const PURGE_INTERVAL_MS = MINUTE_MS;
export const MAX_LIST_QUEUES = 1000;

/**
 * A 1 MiB message body may grow sixfold as JSON (`\u0000` escapes), and there are its attributes.
 */
export const MAX_JSON_BYTES = 8 * MIB;
