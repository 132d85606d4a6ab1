import { Logger } from "@aws-lambda-powertools/logger";

import { acceptDepsFromEnv, bucketFromEnv } from "../aws-deps.ts";
import { createHandler } from "./handler.ts";

/** Composition root of the intake. */
export const handler = createHandler({
  ...acceptDepsFromEnv(bucketFromEnv()),
  log: new Logger({ serviceName: "intake" }),
});
