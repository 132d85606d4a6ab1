import { uriEncode } from "../auth/sigv4.ts";
import type { NotificationRule } from "./notification-rule.ts";

export interface ObjectEvent {
  /** `ObjectCreated:Put` and the like. */
  readonly name: string;
  readonly bucket: string;
  readonly key: string;
  /** `null` for a removed object. */
  readonly content: { readonly size: number; readonly etag: string } | null;
  readonly timeMs: number;
  readonly requestId: string;
  /** Greater for a later event of the same key, compared as text. */
  readonly sequencer: string;
}

export interface EventOrigin {
  readonly region: string;
  readonly accountId: string;
}

/**
 * The message S3 puts into a queue.
 *
 * Source: "Event message structure", version 2.1, Amazon S3 user guide.
 */
export function eventMessage(
  event: ObjectEvent,
  rule: NotificationRule,
  { region, accountId }: EventOrigin,
): string {
  return JSON.stringify({
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: region,
        eventTime: new Date(event.timeMs).toISOString(),
        eventName: event.name,
        userIdentity: { principalId: `AWS:${accountId}` },
        requestParameters: { sourceIPAddress: "127.0.0.1" },
        responseElements: { "x-amz-request-id": event.requestId, "x-amz-id-2": event.requestId },
        s3: {
          s3SchemaVersion: "1.0",
          configurationId: rule.id,
          bucket: {
            name: event.bucket,
            ownerIdentity: { principalId: accountId },
            arn: `arn:aws:s3:::${event.bucket}`,
          },
          object: {
            key: encodeEventKey(event.key),
            ...(event.content === null
              ? {}
              : { size: event.content.size, eTag: event.content.etag }),
            sequencer: event.sequencer,
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

/** Makes sequencers: 12 digits of time, 4 of a counter, hexadecimal, always growing. */
export class Sequencer {
  #last = 0n;

  next(nowMs: number): string {
    const fromTime = BigInt(nowMs) << 16n;
    this.#last = fromTime > this.#last ? fromTime : this.#last + 1n;
    return this.#last.toString(16).toUpperCase().padStart(16, "0");
  }
}
