import { Logger } from "@aws-lambda-powertools/logger";

import { acceptDepsFromEnv, bucketFromEnv, publishBundledFromEnv } from "../aws-deps.ts";
import { createHandler } from "./handler.ts";

const store = bucketFromEnv();
await publishBundledFromEnv(store);

/** Composition root of the intake. */
export const handler = createHandler({
  ...acceptDepsFromEnv(store),
  log: new Logger({ serviceName: "intake" }),
});
