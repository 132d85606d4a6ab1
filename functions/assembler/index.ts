import { Logger } from "@aws-lambda-powertools/logger";

import { acceptDepsFromEnv, bucketFromEnv } from "../aws-deps.ts";
import { createHandler } from "./handler.ts";

const log = new Logger({ serviceName: "assembler" });

/** Composition root of the assembler. */
export const handler = createHandler({
  ...acceptDepsFromEnv(bucketFromEnv()),
  log,
  // the log line is what metrics and subscriptions hang on; the marker in the bucket is the truth
  onCompleted: (completion) => log.info("job completed", { ...completion }),
});
