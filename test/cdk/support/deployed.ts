import { type Clock, type Endpoint, startEndpoint } from "@dreamgrid/aws-endpoint";
import * as z from "zod";

import { createSqsClient } from "../../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../../lib/queue/sqs-queue.ts";
import { localConnection } from "../../../local/resources.ts";
import { ofType, type Synthesis } from "./synthesise.ts";
import { nameOf, textOf } from "./template-values.ts";

const queueSchema = z.object({
  VisibilityTimeout: z.number().optional(),
  RedrivePolicy: z
    .object({ maxReceiveCount: z.number(), deadLetterTargetArn: z.unknown() })
    .optional(),
});
const bucketSchema = z.object({
  NotificationConfiguration: z
    .object({
      QueueConfigurations: z.array(
        z.object({
          Queue: z.unknown(),
          Filter: z.object({
            S3Key: z.object({ Rules: z.array(z.object({ Name: z.string(), Value: z.string() })) }),
          }),
        }),
      ),
    })
    .optional(),
});
const mappingSchema = z.object({
  EventSourceArn: z.unknown(),
  FunctionName: z.object({ Ref: z.string() }),
  BatchSize: z.number(),
});
const environmentSchema = z.object({
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

/** What feeds a function. */
export interface Mapping {
  readonly id: string;
  readonly functionId: string;
  readonly queueArn: string;
  readonly batchSize: number;
  readonly queue: SqsQueue;
}

/** Buckets, queues, notifications and event sources of a template, on this machine. */
export class Deployed {
  readonly #stack: Synthesis;
  readonly endpoint: Endpoint;
  readonly mappings: readonly Mapping[];

  private constructor(stack: Synthesis, endpoint: Endpoint) {
    this.#stack = stack;
    this.endpoint = endpoint;
    this.mappings = ofType(stack, "AWS::Lambda::EventSourceMapping").map(([id, resource]) => {
      const mapping = mappingSchema.parse(resource.Properties);
      const queueArn = textOf(stack.resources, mapping.EventSourceArn);
      return {
        id,
        queueArn,
        functionId: mapping.FunctionName.Ref,
        batchSize: Math.min(10, mapping.BatchSize),
        queue: this.queue(nameOfArn(queueArn)),
      };
    });
  }

  static async start(stack: Synthesis, dataFolder: string, clock?: Clock): Promise<Deployed> {
    const { resources } = stack;
    const queueName = (arn: unknown) => nameOfArn(textOf(resources, arn));
    const queues = ofType(stack, "AWS::SQS::Queue").map(([id, { Properties }]) => {
      const { VisibilityTimeout, RedrivePolicy } = queueSchema.parse(Properties);
      return {
        name: nameOf(resources, id),
        ...(VisibilityTimeout !== undefined && { visibilityTimeoutSeconds: VisibilityTimeout }),
        ...(RedrivePolicy && {
          maxReceiveCount: RedrivePolicy.maxReceiveCount,
          deadLetterQueueName: queueName(RedrivePolicy.deadLetterTargetArn),
        }),
      };
    });
    const buckets = ofType(stack, "AWS::S3::Bucket").map(([id, { Properties }]) => {
      const rules = bucketSchema.parse(Properties).NotificationConfiguration;
      const notifications = (rules?.QueueConfigurations ?? []).map(({ Queue, Filter }) => {
        const part = (name: string) =>
          Filter.S3Key.Rules.find(({ Name }) => Name === name)?.Value ?? "";
        return { prefix: part("prefix"), suffix: part("suffix"), queueName: queueName(Queue) };
      });
      return { name: nameOf(resources, id), notifications };
    });
    const endpoint = await startEndpoint({ dataFolder, buckets, queues, ...(clock && { clock }) });
    return new Deployed(stack, endpoint);
  }

  queue(name: string): SqsQueue {
    const { url } = this.endpoint;
    return new SqsQueue(createSqsClient(localConnection(url)), this.endpoint.queueUrl(name));
  }

  /**
   * The variables that the template gives to a function.
   *
   * @param url of the queues
   */
  environmentOf(functionId: string, url = this.endpoint.url): Record<string, string> {
    const { resources } = this.#stack;
    const { Variables } = environmentSchema.parse(resources[functionId]?.Properties).Environment;
    return Object.fromEntries(
      Object.entries(Variables).map(([name, value]) => [name, textOf(resources, value, url)]),
    );
  }
}

function nameOfArn(arn: string): string {
  return arn.split(":").at(-1) ?? "";
}
