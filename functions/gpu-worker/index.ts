import { Logger } from "@aws-lambda-powertools/logger";

import { leaveProcess } from "../../lib/optvis/runtime/leave-process.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import { createSqsClient } from "../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { bucketFromEnv, networkDepsFromEnv } from "../aws-deps.ts";
import { optionalEnv, requireEnv } from "../env.ts";
import { checkCard } from "./check-card.ts";
import { EXIT } from "./exit-codes.ts";
import { parseProvider, runWorker } from "./worker.ts";

/** Past this time after SIGTERM there is nothing left to wait for: the instance kills at 120 s. */
const LAST_EXIT_MS = 115_000;

/** Composition root of the GPU worker, a container's only process. */
const log = new Logger({ serviceName: "gpu-worker" });
const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.on(name, () => {
    stop.abort(new Error(`the worker received ${name}`));
    setTimeout(() => leaveProcess(EXIT.again), LAST_EXIT_MS).unref();
  });
}

const provider = parseProvider(optionalEnv("PROVIDER"));
// for tests, which do not wait for a quarter of an hour
const groupSeconds = optionalEnv("GROUP_SECONDS");
const channels = new SqsQueue(createSqsClient(), requireEnv("GPU_QUEUE_URL"));
const exitCode = await runWorker(
  {
    ...networkDepsFromEnv(bucketFromEnv()),
    renderer: new EngineRenderer(),
    provider,
    receiver: channels,
    continuations: channels,
    log,
    check: provider === "cuda" ? checkCard : null,
    ...(groupSeconds !== null && { groupSeconds: Number(groupSeconds) }),
  },
  stop.signal,
);
// a broken CUDA context, or a step that hangs, would keep the process
if (exitCode !== EXIT.idle) leaveProcess(exitCode);
process.exit(exitCode);
