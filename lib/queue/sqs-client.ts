import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";

/** The longest poll is silent for 20 s; the SDK would wait for what never comes for 15 minutes. */
const TIMEOUTS = { connectionTimeout: 30_000, socketTimeout: 60_000 };

/**
 * The one place that builds SQS clients.
 *
 * @param connection an endpoint named in code, as the local pipeline's; by default the environment
 *   decides
 */
export function createSqsClient(connection: SQSClientConfig = {}): SQSClient {
  return new SQSClient({ requestHandler: TIMEOUTS, ...connection });
}
