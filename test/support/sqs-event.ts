import type { SQSEvent } from "aws-lambda";

import { toSqsEvent } from "../../local/event-sources/sqs-event.ts";

const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:queue";

/** The event of a batch of messages: `m0`, `m1` ... with these bodies. */
export function sqsEvent(...bodies: readonly string[]): SQSEvent {
  const messages = bodies.map((body, i) => ({
    messageId: `m${i}`,
    receiptHandle: `r${i}`,
    body,
    receiveCount: 1,
    attributes: {},
  }));
  return toSqsEvent(messages, QUEUE_ARN);
}

/** The body that S3 sends for an object it created, its key encoded as S3 does it. */
export function s3Body(...keys: readonly string[]): string {
  const Records = keys.map((key) => ({
    eventVersion: "2.1",
    eventSource: "aws:s3",
    eventName: "ObjectCreated:Put",
    s3: { bucket: { name: "dreamgrid" }, object: { key: s3Encoded(key), size: 3 } },
  }));
  return JSON.stringify({ Records });
}

export const S3_TEST_BODY = JSON.stringify({
  Service: "Amazon S3",
  Event: "s3:TestEvent",
  Bucket: "dreamgrid",
});

function s3Encoded(key: string): string {
  return encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/");
}
