import { Logger } from "@aws-lambda-powertools/logger";

import { acceptDepsFromEnv, bucketFromEnv, sourceQueueFromEnv } from "../aws-deps.ts";
import { redeliverSoon } from "../redeliver-soon.ts";
import { createHandler } from "./handler.ts";

const log = new Logger({ serviceName: "assembler" });

const assemble = createHandler({
  ...acceptDepsFromEnv(bucketFromEnv()),
  log,
  // metrics read this log line; the completion object is authoritative
  onCompleted: (completion) => log.info("job completed", { ...completion }),
});

/** Composition root of the assembler. */
export const handler = redeliverSoon(assemble, { receiver: sourceQueueFromEnv(), log });
