import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SQSClient,
} from "@aws-sdk/client-sqs";

interface QueueName {
  readonly url: string;
}

/** The calls that most tests of queues make, in short. */
export function queueClient(sqs: SQSClient) {
  return {
    send: (
      { url }: QueueName,
      MessageBody: string,
      more: Partial<SendMessageCommandInput> = {},
    ) => {
      return sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...more }));
    },

    /** Up to ten messages with their system attributes, without waiting unless told to. */
    receive: async (
      { url }: QueueName,
      more: Partial<ReceiveMessageCommandInput> = {},
    ): Promise<Message[]> => {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          MessageSystemAttributeNames: ["All"],
          ...more,
        }),
      );
      return Messages ?? [];
    },

    remove: ({ url }: QueueName, message: Message | undefined) => {
      return sqs.send(
        new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }),
      );
    },

    counts: async ({ url }: QueueName) => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
      );
      return {
        visible: Number(Attributes?.ApproximateNumberOfMessages),
        inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible),
        delayed: Number(Attributes?.ApproximateNumberOfMessagesDelayed),
      };
    },
  };
}
