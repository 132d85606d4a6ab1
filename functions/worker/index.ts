import { Logger } from "@aws-lambda-powertools/logger";

import { createEngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import { bucketFromEnv, networkDepsFromEnv } from "../aws-deps.ts";
import { threadsFromEnv } from "../env.ts";
import { createHandler } from "./handler.ts";

/** Composition root of the CPU worker. */
export const handler = createHandler({
  ...networkDepsFromEnv(bucketFromEnv()),
  renderer: createEngineRenderer({ threads: threadsFromEnv() }),
  provider: "cpu",
  log: new Logger({ serviceName: "worker" }),
});
