import { Logger } from "@aws-lambda-powertools/logger";

import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { bucketFromEnv } from "../aws-deps.ts";
import { createHandler } from "./handler.ts";

const store = bucketFromEnv();

/** Composition root of the dead-letter consumer. */
export const handler = createHandler({
  jobs: new Jobs(store),
  store,
  now: () => new Date(),
  log: new Logger({ serviceName: "dead-letter" }),
});
