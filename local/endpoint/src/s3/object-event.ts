import { ACCOUNT_ID, REGION } from "../account.ts";
import { uriEncode } from "../auth/sigv4.ts";

/** What happened to an object. */
export interface ObjectEvent {
  /** `ObjectCreated:Put` and the like. */
  readonly name: string;
  readonly key: string;
  /** `null` for a removed object. */
  readonly content: { readonly size: number; readonly etag: string } | null;
  readonly requestId: string;
}

/** Where and when it happened, and the rule that wants it. */
export interface EventOrigin {
  readonly bucket: string;
  readonly ruleId: string;
  readonly timeMs: number;
  /** Greater for a later event of the same key, compared as text. */
  readonly sequencer: string;
}

/**
 * The message S3 puts into a queue.
 *
 * Source: "Event message structure", version 2.1, Amazon S3 user guide.
 */
export function eventMessage(
  { name, key, content, requestId }: ObjectEvent,
  { bucket, ruleId, timeMs, sequencer }: EventOrigin,
): string {
  return JSON.stringify({
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: REGION,
        eventTime: new Date(timeMs).toISOString(),
        eventName: name,
        userIdentity: { principalId: `AWS:${ACCOUNT_ID}` },
        requestParameters: { sourceIPAddress: "127.0.0.1" },
        responseElements: { "x-amz-request-id": requestId, "x-amz-id-2": requestId },
        s3: {
          s3SchemaVersion: "1.0",
          configurationId: ruleId,
          bucket: {
            name: bucket,
            ownerIdentity: { principalId: ACCOUNT_ID },
            arn: `arn:aws:s3:::${bucket}`,
          },
          object: {
            key: encodeEventKey(key),
            size: content?.size,
            eTag: content?.etag,
            sequencer,
          },
        },
      },
    ],
  });
}

/** What S3 sends when a configuration is set, to see whether the queue takes it. */
export function testEventMessage(bucket: string, timeMs: number, requestId: string): string {
  return JSON.stringify({
    Service: "Amazon S3",
    Event: "s3:TestEvent",
    Time: new Date(timeMs).toISOString(),
    Bucket: bucket,
    RequestId: requestId,
    HostId: requestId,
  });
}

/** Keys in events are encoded as in a form: a space is `+`; slashes stay. */
function encodeEventKey(key: string): string {
  return uriEncode(key).replaceAll("%20", "+").replaceAll("%2F", "/").replaceAll("%2A", "*");
}
