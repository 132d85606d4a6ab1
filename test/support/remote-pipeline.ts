import { ACCOUNT_ID } from "@dreamgrid/aws-endpoint";

import { createSqsClient } from "../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import type { AcceptDeps } from "../../lib/pipeline/job/accept-request.ts";
import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { BucketNetworks } from "../../lib/pipeline/networks/bucket-networks.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import type { EventSource } from "../../local/event-sources/event-source.ts";
import {
  type ServedQueue,
  type SourceTiming,
  type SqsHandler,
  startSources,
} from "../../local/event-sources/pipeline-sources.ts";
import { PipelineEvents } from "../../local/pipeline-events.ts";
import { pipelineHandlers } from "../../local/pipeline-handlers.ts";
import { BUCKET, localConnection, QUEUE_NAMES } from "../../local/resources.ts";
import { silentLog } from "./silent-log.ts";

const silence = () => silentLog;

/** Some of the pipeline's functions, in any process, against an endpoint that is running. */
export interface RemotePipeline {
  readonly store: S3ObjectStore;
  readonly deps: AcceptDeps;
  readonly events: PipelineEvents;
  serve(queues: readonly ServedQueue[], wrap?: WrapHandler): EventSource;
  close(): void;
}

export type WrapHandler = (handler: SqsHandler) => SqsHandler;

export interface RemoteOptions {
  readonly url: string;
  readonly modelCacheFolder: string;
  readonly renderer: Renderer | null;
  /**
   * How soon messages that this process has in its hands come back if it dies.
   *
   * @default 600 - never: a process that lives may be starved for long
   */
  readonly visibilitySeconds?: number;
}

export function remotePipeline(options: RemoteOptions): RemotePipeline {
  const { url, modelCacheFolder, renderer, visibilitySeconds = 600 } = options;
  const ownTiming: Partial<SourceTiming> = { visibilitySeconds, retrySeconds: () => 0 };
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const connection = localConnection(url);
  const s3 = createS3Client(connection);
  const sqs = createSqsClient(connection);
  const endpoint = {
    queueUrl: (name: string) => `${url}/${ACCOUNT_ID}/${name}`,
  };
  const store = new S3ObjectStore(s3, BUCKET);
  const queue = (name: string) => new SqsQueue(sqs, endpoint.queueUrl(name));
  const deps: AcceptDeps = {
    jobs: new Jobs(store),
    store,
    networks: new BucketNetworks({ store, cacheFolder: modelCacheFolder }),
    queues: { cpu: queue(QUEUE_NAMES.channels), cuda: null },
    assembly: queue(QUEUE_NAMES.assembly),
    now: () => new Date(),
  };
  const events = new PipelineEvents();
  const signal = new AbortController().signal;
  const handlers = pipelineHandlers({ deps, renderer, events, signal, logOf: silence });
  return {
    store,
    deps,
    events,
    serve: (queues, wrap = (handler) => handler) => {
      const served = queues.flatMap((name) => {
        const handler = handlers[name];
        return handler === undefined ? [] : [[name, wrap(handler)] as const];
      });
      const timing = Object.fromEntries(queues.map((name) => [name, ownTiming]));
      return startSources({
        sqs,
        endpoint,
        handlers: Object.fromEntries(served),
        timing,
        onCard: () => 0,
        threads: 2,
        logOf: silence,
      });
    },
    close: () => {
      s3.destroy();
      sqs.destroy();
    },
  };
}
