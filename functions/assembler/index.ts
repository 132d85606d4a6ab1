import { Logger } from "@aws-lambda-powertools/logger";

import { acceptDepsFromEnv, bucketFromEnv } from "../aws-deps.ts";
import { createHandler } from "./handler.ts";

const log = new Logger({ serviceName: "assembler" });

/** Composition root of the assembler. */
export const handler = createHandler({
  ...acceptDepsFromEnv(bucketFromEnv()),
  log,
  // metrics read this log line; the completion object is authoritative
  onCompleted: (completion) => log.info("job completed", { ...completion }),
});
