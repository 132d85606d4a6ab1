import { Logger } from "@aws-lambda-powertools/logger";

import { EngineExplainer } from "../../lib/pipeline/explain/explainer.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import { bucketFromEnv, networkDepsFromEnv, sourceQueueFromEnv } from "../aws-deps.ts";
import { slowdownFromEnv, threadsFromEnv } from "../env.ts";
import { redeliverSoon } from "../redeliver-soon.ts";
import { createHandler } from "./handler.ts";

const log = new Logger({ serviceName: "worker" });
const threads = { threads: threadsFromEnv() };
const channels = sourceQueueFromEnv();
const render = createHandler({
  ...networkDepsFromEnv(bucketFromEnv()),
  renderer: new EngineRenderer(threads),
  explainer: new EngineExplainer(threads),
  provider: "cpu",
  continuations: channels,
  slowdown: slowdownFromEnv(),
  log,
});

/** Composition root of the CPU worker. */
export const handler = redeliverSoon(render, { receiver: channels, log });
