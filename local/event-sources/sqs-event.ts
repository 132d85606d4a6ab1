import { createHash } from "node:crypto";

import type { SQSEvent } from "aws-lambda";

import type { ReceivedMessage } from "../../lib/queue/message-queue.ts";

/** The event that Lambda makes of messages of the queue `queueArn`. */
export function toSqsEvent(messages: readonly ReceivedMessage[], queueArn: string): SQSEvent {
  const [, , , awsRegion = ""] = queueArn.split(":");
  return {
    Records: messages.map(({ messageId, receiptHandle, body, receiveCount, attributes }) => ({
      messageId,
      receiptHandle,
      body,
      attributes: {
        ...attributes,
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: attributes["SentTimestamp"] ?? "",
        SenderId: attributes["SenderId"] ?? "",
        ApproximateFirstReceiveTimestamp: attributes["ApproximateFirstReceiveTimestamp"] ?? "",
      },
      messageAttributes: {},
      md5OfBody: createHash("md5").update(body).digest("hex"),
      eventSource: "aws:sqs",
      eventSourceARN: queueArn,
      awsRegion,
    })),
  };
}
