import { SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";

import { AWS_TIMEOUTS } from "../aws-timeouts.ts";

/**
 * The one place that builds SQS clients.
 *
 * @param connection an endpoint named in code, as the local pipeline's; by default the environment
 *   decides
 */
export function createSqsClient(connection: SQSClientConfig = {}): SQSClient {
  return new SQSClient({ requestHandler: AWS_TIMEOUTS, ...connection });
}
