import { Logger } from "@aws-lambda-powertools/logger";

import {
  acceptDepsFromEnv,
  bucketFromEnv,
  publishBundledFromEnv,
  sourceQueueFromEnv,
} from "../aws-deps.ts";
import { redeliverSoon } from "../redeliver-soon.ts";
import { createHandler } from "./handler.ts";

const log = new Logger({ serviceName: "intake" });
const store = bucketFromEnv();
await publishBundledFromEnv(store);

/** Composition root of the intake. */
export const handler = redeliverSoon(createHandler({ ...acceptDepsFromEnv(store), log }), {
  receiver: sourceQueueFromEnv(),
  log,
});
