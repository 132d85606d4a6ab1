import { SQSClient } from "@aws-sdk/client-sqs";

/** An endpoint named in code, as the local pipeline's; without one the environment decides. */
export interface SqsConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The one place that builds SQS clients. */
export function createSqsClient(connection: SqsConnection | null = null): SQSClient {
  return new SQSClient(connection ?? {});
}
