import { Logger } from "@aws-lambda-powertools/logger";

import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { BucketNetworks } from "../../lib/pipeline/networks/bucket-networks.ts";
import { createEngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import { bucketFromEnv } from "../aws-deps.ts";
import { modelCacheFolder, threadsFromEnv } from "../env.ts";
import { createHandler } from "./handler.ts";

const store = bucketFromEnv();

/** Composition root of the CPU worker. */
export const handler = createHandler({
  jobs: new Jobs(store),
  store,
  networks: new BucketNetworks({ store, cacheFolder: modelCacheFolder() }),
  renderer: createEngineRenderer({ threads: threadsFromEnv() }),
  provider: "cpu",
  now: () => new Date(),
  log: new Logger({ serviceName: "worker" }),
});
