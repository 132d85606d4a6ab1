import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { createHandler } from "../functions/api/handler.ts";
import { DatasetLooks, type VersionedPhotograph } from "../lib/pipeline/dataset/dataset-looks.ts";
import { publishNetwork } from "../lib/pipeline/networks/publish-network.ts";
import { isPublished } from "../lib/pipeline/networks/published-description.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";
import type { Renderer } from "../lib/pipeline/render/renderer.ts";
import { AddedNetworks, type PublishedNetworks } from "./added-networks.ts";
import { type ApiServer, startApiServer } from "./api-adapter.ts";
import { doAll } from "./do-all.ts";
import { errorLog } from "./log.ts";
import { CircuitRoutes } from "./page/circuit-routes.ts";
import { DatasetRoutes } from "./page/dataset-routes.ts";
import { EventStreams } from "./page/event-streams.ts";
import { looksIn } from "./page/kept-looks.ts";
import type { NetworkPublisher } from "./page/network-drop.ts";
import { PageServer } from "./page/page-server.ts";
import { StepCounter } from "./page/step-counter.ts";
import { type LocalPipeline, type LocalPipelineOptions, startLocalPipeline } from "./pipeline.ts";

export interface ServeOptions extends Pick<
  LocalPipelineOptions,
  "dataFolder" | "gate" | "threads"
> {
  /** Of S3 and SQS; 0 for a free one. */
  readonly awsPort: number;
  readonly apiPort: number;
  /** Stays the caller's to close. */
  readonly renderer: Renderer;
  /** Searched for networks, also later; those whose models are there are published. */
  readonly networkFolders: readonly string[];
  /** Of which the page shows those that excite a channel most. @default none */
  readonly photographs?: readonly VersionedPhotograph[] | undefined;
  /**
   * How soon channels that a killed process was rendering are rendered again.
   *
   * @default 12 - a heartbeat every 4 s is late only on a machine that does nothing else either
   */
  readonly recoverySeconds?: number;
}

/** The service on this machine: S3, SQS, the pipeline and the HTTP API. */
export interface Service extends PublishedNetworks {
  readonly pipeline: LocalPipeline;
  readonly api: ApiServer;
  /** Gives channels at work back; the next start goes on with them. */
  stop(): Promise<void>;
}

/** @throws Error if a port is taken or the data folder cannot be used */
export async function startService(options: ServeOptions): Promise<Service> {
  const { dataFolder, awsPort, apiPort, renderer, gate = null, threads, networkFolders } = options;
  const { recoverySeconds = 12, photographs = [] } = options;
  let added: AddedNetworks | undefined;
  const pipeline = await startLocalPipeline({
    dataFolder,
    renderer,
    gate,
    threads,
    port: awsPort,
    timing: { channels: { visibilitySeconds: recoverySeconds } },
    networksOf: (bucket, store) => (added = new AddedNetworks(bucket, store, networkFolders)),
  });
  try {
    if (added === undefined) throw new Error("internal: the pipeline asked for no networks");
    const { notFetched, damaged } = await added.publish();
    // those too that were dropped on the page, or published from elsewhere
    const published = await added.list();
    const missing = notFetched.filter((id) => !published.includes(id));
    const networks = { published, notFetched: missing, damaged };
    const counter = new StepCounter();
    const liveSteps = (jobId: string) => counter.liveSteps(jobId);
    const handler = createHandler({
      ...pipeline.acceptDeps,
      links: pipeline.store,
      liveSteps,
      onAccepted: (plan) => pipeline.tell({ kind: "accepted", plan }),
      networkFolders,
      newId: randomUUID,
      log: errorLog("api"),
    });
    const events = new EventStreams({ ...pipeline.acceptDeps, liveSteps });
    for (const { listener } of [counter, events]) pipeline.listen(listener);
    const publisher = bucketPublisher(pipeline.store);
    const folders = { drops: await emptyFolder(dataFolder, ".drops"), known: networkFolders };
    const log = errorLog("page");
    const looks = new DatasetLooks({
      photographs,
      threads,
      kept: looksIn(join(dataFolder, ".looks"), log),
      onLeftOut: ({ name, error }) => log.error("a photograph is left out", { name, error }),
    });
    const dataset =
      photographs.length === 0 ? null : new DatasetRoutes({ looks, ...pipeline.acceptDeps });
    const circuits = new CircuitRoutes(pipeline.acceptDeps.networks);
    const routes = { dataset, circuits };
    const page = new PageServer({ api: handler, publisher, folders, events, ...routes, log });
    const api = await startApiServer(handler, apiPort, page.answer);
    return {
      pipeline,
      api,
      ...networks,
      stop: () =>
        doAll([() => page.close(), () => looks.close(), () => api.close(), () => pipeline.stop()]),
    };
  } catch (error) {
    await pipeline.stop();
    throw error;
  }
}

/** Of the data folder, which is this process's alone: one that was killed has left its own there. */
async function emptyFolder(dataFolder: string, name: string): Promise<string> {
  const folder = join(dataFolder, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  return folder;
}

function bucketPublisher(store: ObjectStore): NetworkPublisher {
  return {
    isTaken: (id) => isPublished(store, id),
    publish: async (network) => void (await publishNetwork(store, network)),
  };
}
